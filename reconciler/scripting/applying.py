"""One apply of a script: agreed to as a command wants it, and carried out on the command's path."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Collection
from contextlib import nullcontext, suppress
from typing import NamedTuple

from reconciler.applying.apart import Apart, Lying, about, keep_journal_apart
from reconciler.applying.run import Job, Run, Terms, Told
from reconciler.applying.signals import Stop
from reconciler.environment.here import origin_here
from reconciler.errors import BlockedError, StaleError
from reconciler.executor import Result as Outcomes
from reconciler.given import expect, saved
from reconciler.given.source import reading
from reconciler.plan.document import REMOVE, Plan
from reconciler.platform import Platform
from reconciler.platforms import open_platform
from reconciler.printable import quoted, shown
from reconciler.reconcile import Applied, Request, check_platform, differing
from reconciler.retry.limits import TimeLimit
from reconciler.scripting.arguments import Arguments
from reconciler.scripting.results import NotAsPlannedError, Result

_warn = logging.getLogger("reconciler.scripting").warning


class Planned(NamedTuple):
    """A plan that a script has, and what else is known of it."""

    plan: Plan
    #: What it was made for; None for a saved one.
    request: Request | None = None
    #: Where the storages lie that were live when it was made.
    live: tuple[Lying, ...] = ()


def check_agreed(
    given: Arguments,
    planned: Planned,
    reviewed: str | Plan | None,
    consent: Collection[str],
) -> None:
    """Refuse a plan that nobody has agreed to, before anything is opened.

    Raises `StaleError`, `BlockedError` and `UsageError`.
    """
    plan, request, _ = planned
    if request is not None:
        if reviewed is not None:
            expect.check_expected(plan, reviewed, "`expect`")
    else:
        if reviewed is not None:
            expect.check_reviewed(plan, reviewed)
        saved.check_saved(given, plan)
        for notice in saved.warnings(given, plan, expected=reviewed is not None):
            _warn(shown(notice.message))
    if not plan.ready:
        reasons = "".join(f"\n  {shown(reason.message)}" for reason in plan.blocked_by)
        raise BlockedError(f"the plan is blocked by policy, and nothing was applied:{reasons}")
    removed = (each.name for each in plan.operations if each.action == REMOVE)
    if unnamed := [name for name in removed if name not in consent]:
        raise BlockedError(
            f"the plan removes {', '.join(map(quoted, unnamed))}, and `consent` does not say so: "
            "nothing was applied; read the plan, then name what may be removed"
        )


def carry_out(
    given: Arguments,
    planned: Planned,
    *,
    timeout: float | None,
    lock_timeout: float,
) -> Result:
    """Apply a plan that was agreed to; raises what `Plan.apply` does."""
    plan, request, _ = planned
    limit, origin = TimeLimit(timeout), origin_here(given.environ)
    platform = open_platform(
        plan.platform,
        base=None,
        environ=given.environ,
        origin=origin.claims(),
        left=limit.left,
    )
    if not plan.operations:
        return Result("", _nothing_to_do(plan, platform, request))
    _keep_journal_apart(given, planned)
    check_platform(plan, platform, saved=True)
    terms = Terms(origin, given.journals, lock_timeout=lock_timeout)
    with Stop(limit, _tell) as stop:
        run = Run(Job(plan, platform, request), terms, stop, Told(_warn, _warn))
        applied = run.carry_out(lambda: nullcontext(lambda _: None))
    if applied.verdict != "as_planned":
        raise NotAsPlannedError(origin.run, applied)
    if stop.signal is not None:  # who sent it wants the script to end, not only this
        signal.raise_signal(stop.signal)
    return Result(origin.run, applied)


def _keep_journal_apart(given: Arguments, planned: Planned) -> None:
    storages, apart = [*about(planned.plan, planned.request), *planned.live], Apart()
    apart.know(storages)
    keep_journal_apart(apart, storages, given.journal, given.journals, _warn)


def _nothing_to_do(plan: Plan, platform: Platform, request: Request | None) -> Applied:
    """Read live again, also for a plan without operations: it may be an old one."""
    with reading(platform) as reader:
        left = differing(plan, reader, request)
    if left:
        raise StaleError(
            "the plan has nothing to do, and live has changed since it was made: plan again\n"
            + "\n".join(f"  {shown(one)}" for one in left)
        )
    return Applied(plan, Outcomes(()), holds=True)


def _tell(notice: str) -> None:
    # No logging: the signal may have come while that held a lock.
    with suppress(OSError):
        os.write(2, f"\n{notice}\n".encode())
