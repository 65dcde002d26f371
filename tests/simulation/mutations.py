"""Ways to take out of the product what keeps applies safe; the simulation must notice each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from msgspec.structs import replace

from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.executor import attempt, run, schedule, unanswered
from reconciler.executor.outcomes import StepEnd
from reconciler.lease.keeper import Keeper
from reconciler.lease.record import Record
from reconciler.model import Storage
from reconciler.plan.document import Operation, Plan, Step, steps
from reconciler.plan.expectation import Seen
from reconciler.platform import Abilities
from reconciler.platforms.http.errors import Words
from reconciler.retry import limits
from simulation.client import Client
from simulation.model import Platform


def _no_check(operation: Operation, step: Step, found: Sequence[Storage]) -> Seen:
    """Write whatever is live."""
    live = next((item for item in found if item.id == operation.id), None)
    return Seen(write=True, found=live, name=step.name, label=step.label)


def _repeat(attempts: object, error: UnknownOutcomeError) -> StepEnd:
    """Take a write that got no answer for one that was never made."""
    attempts._in_doubt = False  # type: ignore[attr-defined]
    raise UnavailableError(str(error))


def _assume(attempts: object, error: UnknownOutcomeError) -> StepEnd:
    """Take a write that got no answer for done."""
    return StepEnd(wrote=True)


def _believe(attempts: object, made: Storage, asked: dict[str, str | None]) -> StepEnd:
    """Take what a write gives back for what is live."""
    operation = attempts._operation  # type: ignore[attr-defined]
    return StepEnd((asked and attempt.otherwise(operation, made, **asked)) or "", wrote=True)


def _no_order(plan: Plan) -> Iterator[tuple[Operation, Step]]:
    """Let no step wait for another."""
    return ((operation, replace(step, after_steps=())) for operation, step in steps(plan))


def _taken_for_unique(operation: Operation, step: Step, abilities: Abilities) -> bool:
    """Repeat a create as if the platform refused a name that is taken."""
    return unanswered.may_repeat(operation, step, replace(abilities, unique_names=True))


def _taken_for_ours(words: object, status: int, headers: object, *, writes: bool) -> PlatformError:
    """Take what a proxy says for a refusal by the server."""
    return UnavailableError(f"HTTP {status}")


def _shorter(record: Record, now: float, seconds: float) -> Record:
    """Renew a lease by whatever the clock shows."""
    return replace(record, expires=max(record.acquired, math.ceil(now + seconds)))


MUTATIONS = {
    "no expectation check": (attempt, "check", _no_check),
    "a write that got no answer is made again": (attempt._Attempts, "_settle", _repeat),
    "a write that got no answer is taken for done": (attempt._Attempts, "_settle", _assume),
    "a request that must not be repeated is": (attempt, "may_repeat", lambda *_: True),
    "the word of a platform without conditions is believed": (
        attempt._Attempts,
        "_confirmed",
        _believe,
    ),
    "no order": (schedule, "steps", _no_order),
    "no fencing": (Platform, "fencing", False),
    "a lost lease stops nothing": (limits.Halt, "check_write", lambda _: None),
    "names that may not be unique are taken to be": (attempt, "may_repeat", _taken_for_unique),
    "a list is taken to show at once what was written": (
        attempt._Attempts,
        "_may_be_late",
        lambda _: False,
    ),
    "what a write gives back is not compared": (attempt, "otherwise", lambda *_, **__: ""),
    "a call that never answers is waited for": (run._Run, "_overdue", lambda _: ""),
    "the 503 of a proxy is taken for the server's own": (Words, "not_ours", _taken_for_ours),
    "marks are given again after going back in time": (Platform, "unique_marks", False),
    "a file that was replaced is written": (Client, "watches_file", False),
    "a holder does not notice that its clock was set": (Keeper, "_compare_clocks", lambda _: None),
    "a renewal by a clock that was set back shortens the lease": (Record, "renewed", _shorter),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Take something out, for a while."""
    where, what, instead = MUTATIONS[name]
    with mock.patch.object(where, what, instead):
        yield
