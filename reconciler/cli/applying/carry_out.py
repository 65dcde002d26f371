"""`apply`, once a plan is agreed to: signals, progress and events, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.applying.apart import about, keep_journal_apart, warn_of_platform
from reconciler.applying.run import Job, Observe, Run, Terms, Told
from reconciler.cli.applying.agreement import TermsOptions
from reconciler.cli.applying.events import EventStream
from reconciler.cli.applying.progress import progress
from reconciler.cli.applying.signals import Stop
from reconciler.cli.context import Context
from reconciler.cli.options.choices import Choices
from reconciler.errors import ERROR, ReconcilerError
from reconciler.executor.events import OperationEvent
from reconciler.given import journal_folder
from reconciler.reconcile import Applied, check_platform
from reconciler.report import text


class ApplyOptions(Choices, TermsOptions):
    """The options of `apply`."""

    plan: str | None
    expect: str | None


def carry_out(context: Context, options: ApplyOptions, job: Job, events: EventStream) -> int:
    """Apply a plan that was agreed to, and tell what came of it; return the exit code."""
    return carried_out(context, options, job, events, lambda applied, _: _tell(context, applied))


def carried_out(
    context: Context,
    options: TermsOptions,
    job: Job,
    events: EventStream,
    after: Callable[[Applied, Stop], int],
    given: Stop | None = None,
) -> int:
    """Apply a plan that was agreed to; `after` is told what came of it, and gives the exit code.

    Until `after` returns, signals are those of the apply, heeded by the `Stop` that is `given`, if
    one is: from its end on they enforce nothing.
    """
    check_platform(job.plan, job.platform, saved=job.request is None)
    terms = Terms(
        context.origin,
        journal_folder(context),
        options.parallelism,
        options.fail_fast,
        options.lock_timeout,
    )
    with given or Stop(context.limit) as stop:
        context.streams.heed(stop.may_wait)
        run = Run(job, terms, stop, Told(context.streams.note, context.note))

        @contextmanager
        def following() -> Iterator[Observe]:
            with progress(context, job.plan) as follow:

                def observe(event: OperationEvent) -> None:
                    events.observe(event)
                    follow(event)

                yield observe

        try:
            applied = run.carry_out(following)
        finally:
            events.applied = run.applied
        return after(applied, stop)


def keep_files_apart(context: Context, job: Job) -> None:
    """Refuse files of the run, and a journal, that would lie in a storage: `WithinStorageError`."""
    storages = about(job.plan, job.request)
    context.apart.know(storages)
    if job.plan.operations:
        folder = journal_folder(context)
        keep_journal_apart(context.apart, storages, context.journal, folder, context.note)
        warn_of_platform(storages, job.platform.address, context.note)


def _tell(context: Context, applied: Applied) -> int:
    try:
        gap = "\n" if context.is_text else ""
        context.result(gap + context.report().applied(applied, context.style))
    except ReconcilerError as error:
        # What was done must not go untold because the disk is full.
        context.streams.note(text.applied(applied, context.note_style) + f"Error: {error}")
        return applied.exit_code or ERROR
    return applied.exit_code
