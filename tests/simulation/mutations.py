"""Ways to take out of the product what keeps applies safe; the simulation must notice each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from msgspec.structs import replace

from reconciler.errors import UnavailableError, UnknownOutcomeError
from reconciler.executor import attempt, limits, schedule
from reconciler.executor.outcomes import StepEnd
from reconciler.model import Storage
from reconciler.plan.document import Operation, Plan, Step, steps
from reconciler.plan.expectation import Verdict
from simulation.model import Platform


def _no_check(operation: Operation, step: Step, found: Sequence[Storage]) -> Verdict:
    """Write whatever is live."""
    live = next((item for item in found if item.id == operation.id), None)
    return Verdict(write=True, found=live, name=step.name, label=step.label)


def _repeat(attempts: object, error: UnknownOutcomeError) -> StepEnd:
    """Take a write that got no answer for one that was never made."""
    attempts._in_doubt = False  # type: ignore[attr-defined]
    raise UnavailableError(str(error))


def _assume(attempts: object, error: UnknownOutcomeError) -> StepEnd:
    """Take a write that got no answer for done."""
    return StepEnd(wrote=True)


def _no_order(plan: Plan) -> Iterator[tuple[Operation, Step]]:
    """Let no step wait for another."""
    return ((operation, replace(step, after_steps=())) for operation, step in steps(plan))


MUTATIONS = {
    "no expectation check": (attempt, "check", _no_check),
    "a write that got no answer is made again": (attempt._Attempts, "_settle", _repeat),
    "a write that got no answer is taken for done": (attempt._Attempts, "_settle", _assume),
    "a request that must not be repeated is": (attempt, "may_repeat", lambda *_: True),
    "no order": (schedule, "steps", _no_order),
    "no fencing": (Platform, "fencing", False),
    "a lost lease stops nothing": (limits.Halt, "check_write", lambda _: None),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Take something out, for a while."""
    where, what, instead = MUTATIONS[name]
    with mock.patch.object(where, what, instead):
        yield
