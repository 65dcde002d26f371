"""What `rebuild` does."""

from __future__ import annotations

from contextlib import closing

from reconciler.applying.run import Job
from reconciler.cli.applying.agreement import agreed, require_terminal, show
from reconciler.cli.applying.carry_out import carried_out, keep_files_apart
from reconciler.cli.applying.events import EventStream, telling
from reconciler.cli.applying.preflight import require_backends, with_backends
from reconciler.cli.commands.plan import exit_code
from reconciler.cli.commands.recovery.rebuild import RebuildOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.plans import check_expected
from reconciler.cli.recovery.rebuilding.choosing import check_digest, choose, notes
from reconciler.cli.recovery.rebuilding.finishing import Finishing
from reconciler.cli.recovery.rebuilding.planning import Work, plan
from reconciler.cli.recovery.rebuilding.rewriting import check_files, check_goals
from reconciler.errors import BLOCKED, ERROR
from reconciler.executor import Result
from reconciler.reconcile import Applied
from reconciler.recovery.repository.address import split
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.report.sentences.recovery import rebuilds as told


def run(context: Context, options: RebuildOptions) -> int:
    """Rebuild what is asked for, tell what came of it, and return the exit code."""
    check_digest(options)
    if _asks(options):
        require_terminal(
            "rebuild", "read the output of `rebuild --dry-run`, then give --auto-approve"
        )
    check_files(options)
    address, id = split(options.repository)
    with closing(open_repository(address)) as repository:
        return telling(context, lambda events: _run(context, options, repository, id, events))


def _asks(options: RebuildOptions) -> bool:
    return not (options.dry_run or options.auto_approve or options.expect_plan is not None)


def _run(
    context: Context,
    options: RebuildOptions,
    repository: Repository,
    id: str | None,
    events: EventStream,
) -> int:
    ask = _asks(options)
    tell = context.streams.note if ask else context.note
    chosen = choose(context, repository, id, options)
    for note in notes(repository, chosen.kept):
        tell(note)
    work = plan(context, options, repository, chosen)
    if options.expect_plan is not None:
        check_expected(work.plan, options.expect_plan)
    job = Job(work.plan, work.source.platform, work.source.request)
    keep_files_apart(context, job)
    if work.plan.ready:
        check_goals(context, options, work)
    events.plan(work.plan)
    if options.dry_run:
        return _dry(context, options, work)
    if not work.plan.ready:
        context.result(context.report().plan(work.plan, context.style))
        tell(told.WAYS_OUT)
        return BLOCKED
    ask = ask and bool(work.plan.operations or work.missing)
    show(context, work.plan, ask=ask)
    tell(told.to_add(work.records, work.left_records))
    if options.check_backends:
        require_backends(context, work.plan)
    if ask:
        if not agreed(context):
            return ERROR
        context.limit.start()
    return _carried_out(context, options, work, repository, events)


def _carried_out(
    context: Context,
    options: RebuildOptions,
    work: Work,
    repository: Repository,
    events: EventStream,
) -> int:
    finish = Finishing(context, options, work, repository).finish
    if not work.plan.operations:
        # Records may be missing: a run before was cut off between the two.
        return finish(Applied(work.plan, Result(()), holds=True))
    job = Job(work.plan, work.source.platform, work.source.request)
    return carried_out(context, options, job, events, finish)


def _dry(context: Context, options: RebuildOptions, work: Work) -> int:
    shown = with_backends(work.plan) if options.check_backends else work.plan
    context.result(context.report().plan(shown, context.style))
    ready = work.plan.ready
    context.note(told.to_add(work.records, work.left_records) if ready else told.WAYS_OUT)
    return exit_code(work.plan, detailed=False)
