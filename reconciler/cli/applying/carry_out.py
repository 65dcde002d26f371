"""`apply`, once a plan is agreed to: hold the lease, keep the journal, write, and tell."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from reconciler.applying.hold import Hold, held
from reconciler.applying.tally import Tally
from reconciler.cli import exits
from reconciler.cli.applying.events import EventStream
from reconciler.cli.applying.progress import Progress
from reconciler.cli.applying.signals import Stop
from reconciler.cli.context import Context
from reconciler.errors import ReconcilerError
from reconciler.events import OperationEvent
from reconciler.executor import DONE, Limits
from reconciler.journal.records import ended, planned, started
from reconciler.journal.write import Journal
from reconciler.manifest.files import DEFAULT_FOLDER
from reconciler.plan.document import Plan
from reconciler.platform import Platform
from reconciler.reconcile import INTERRUPTED, Applied, Request, apply_plan, check_platform
from reconciler.report import text
from reconciler.version import __version__

DEFAULT_JOURNAL = ".reconciler/journal"


class ApplyOptions(Namespace):
    """The options of `apply`."""

    plan: str | None
    auto_approve: bool
    expect: str | None
    parallelism: int
    fail_fast: bool
    lock_timeout: float
    target: list[str] | None
    allow_remove: list[str] | None
    allow_empty: bool
    ids: str | None
    check_backends: bool


class Job:
    """A plan, where it is to be applied, and how it was approved."""

    def __init__(
        self, plan: Plan, platform: Platform, request: Request | None, *, ask: bool
    ) -> None:
        self.plan = plan
        self.platform = platform
        #: None for a saved plan: `holds` is then about its operations.
        self.request = request
        #: Whether nobody has approved it yet.
        self.ask = ask


def carry_out(context: Context, options: ApplyOptions, job: Job, events: EventStream) -> int:
    """Apply a plan that was agreed to, and tell what came of it; give the exit code."""
    check_platform(job.plan, job.platform, saved=job.request is None)
    with Stop(context.limit.seconds, context.limit.left()) as stop:
        context.streams.heed(stop.may_wait)
        return _tell(context, *_under_lease(context, options, job, stop, events))


def journal_folder(context: Context) -> Path:
    """Give the folder in which journals lie: where `--journal` says, else beside the manifest."""
    if context.settings.journal:
        return Path(context.settings.journal)
    return _beside(context.settings.files) / DEFAULT_JOURNAL


def _beside(files: Sequence[str]) -> Path:
    """Give the folder of a manifest that `-f` names; without it, and for pipes, the current one.

    A job of cron runs in another folder than that of its manifest.
    """
    given = Path(files[0]) if files else Path(DEFAULT_FOLDER)
    if given.is_dir() and given != Path(DEFAULT_FOLDER):
        return given
    return given.parent if given.is_file() else Path()


def _under_lease(
    context: Context, options: ApplyOptions, job: Job, stop: Stop, events: EventStream
) -> tuple[Applied, int]:
    """Apply a plan while holding the lease, and keep a journal of it; also give the exit code."""
    with (
        closing(_journal(context)) as journal,
        held(context, job.platform, job.plan.lock, wait=options.lock_timeout, stop=stop) as hold,
        _recorded(context, job.plan, journal, hold),
    ):
        applied = events.applied = _apply(context, options, job, stop, hold, journal, events)
        code = exits.of_applied(applied)
        statuses = [outcome.status for outcome in applied.result.outcomes]
        journal.end(ended(code, statuses, interrupted=applied.result.interrupted))
    return applied, code


def _journal(context: Context) -> Journal:
    return Journal(journal_folder(context), context.origin.run, warn=context.streams.note)


@contextmanager
def _recorded(context: Context, plan: Plan, journal: Journal, hold: Hold) -> Iterator[None]:
    """Begin a journal, and end it also if the run fails before it has a result."""
    first = started(plan, context.origin, hold.fence, __version__)
    journal.begin(first, list(planned(plan)))
    try:
        yield
    except ReconcilerError as error:
        journal.end(ended(error.exit_code, (), interrupted=False))
        raise
    except KeyboardInterrupt:
        journal.end(ended(exits.INTERRUPTED, (), interrupted=True))
        raise


def _apply(
    context: Context,
    options: ApplyOptions,
    job: Job,
    stop: Stop,
    hold: Hold,
    journal: Journal,
    events: EventStream,
) -> Applied:
    tally = Tally(job.plan)
    with Progress(context, job.plan) as progress:

        def observe(event: OperationEvent) -> None:
            tally.observe(event)
            # The journal first: it is what remains if we are killed.
            journal.observe(event)
            events.observe(event)
            progress.observe(event)

        def carried_out() -> Applied:
            return apply_plan(
                job.plan,
                job.platform,
                Limits(
                    options.parallelism,
                    options.fail_fast,
                    stop.reason,
                    overdue=stop.overdue,
                    lost=hold.lost,
                ),
                stop.undisturbed(observe),
                request=job.request,
                wait=options.lock_timeout,
                lease=hold.lease,
            )

        return _marked(_settled(carried_out, tally, stop), stop)


def _settled(carried_out: Callable[[], Applied], tally: Tally, stop: Stop) -> Applied:
    """Carry a plan out, after which signals raise nothing: what it did must not go untold."""
    try:
        try:
            return carried_out()
        finally:
            stop.settle()
    except KeyboardInterrupt:
        stop.settle()  # the signal may have come just before the other time
        result = tally.result()
        if result is None:
            raise
        return Applied(tally.plan, result, holds=None, unread=INTERRUPTED)


def _marked(applied: Applied, stop: Stop) -> Applied:
    """Note that it was a signal for which something was not done, or live not read again."""
    undone = any(outcome.status != DONE for outcome in applied.result.outcomes)
    if not stop.interrupted or not (undone or applied.holds is None):
        return applied
    result = msgspec.structs.replace(applied.result, interrupted=True)
    return msgspec.structs.replace(applied, result=result)


def _tell(context: Context, applied: Applied, code: int) -> int:
    try:
        gap = "\n" if context.is_text else ""
        context.result(gap + context.report().applied(applied, context.style))
    except ReconcilerError as error:
        # What was done must not go untold because the disk is full.
        context.streams.note(text.applied(applied, context.note_style) + f"Error: {error}")
        return code or exits.ERROR
    return code
