"""`apply`."""

from __future__ import annotations

from argparse import ArgumentParser

from reconciler.applying.run import Job
from reconciler.cli.applying.agreement import add_terms, agreed, require_terminal, show
from reconciler.cli.applying.carry_out import ApplyOptions, carry_out, keep_files_apart
from reconciler.cli.applying.events import EventStream, telling
from reconciler.cli.applying.preflight import require_backends
from reconciler.cli.context import Context
from reconciler.cli.inputs.plans import check_expected, check_reviewed, read_plan
from reconciler.cli.inputs.platform import open_at, plan_apart, read_source
from reconciler.cli.options.choices import add_choices
from reconciler.cli.options.command import Command
from reconciler.cli.settings import FORMATS, HTML, LIMITED_OPTIONS
from reconciler.errors import BLOCKED, ERROR, SUCCESS, UsageError
from reconciler.executor import Result
from reconciler.given import saved
from reconciler.plan.document import Plan
from reconciler.reconcile import Applied, check_platform


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "plan",
        nargs="?",
        metavar="PLAN",
        help="a file that `plan --out` wrote: applies exactly that, without a question",
    )
    parser.add_argument(
        "--expect",
        metavar="DIGEST|FILE|PLAN",
        help="plan again, and go on without a question only if the plan has this digest "
        "(sha256:..., or the file that --digest-file wrote), or holds nothing that this plan file "
        "does not hold; with a saved PLAN: apply it only if it is the one with this digest",
    )
    add_terms(parser)
    add_choices(parser)


def _run(context: Context, options: ApplyOptions) -> int:
    return telling(context, lambda events: _apply(context, options, events))


def _apply(context: Context, options: ApplyOptions, events: EventStream) -> int:
    job = _saved(context, options) if options.plan else _planned(context, options)
    keep_files_apart(context, job)
    events.plan(job.plan)
    if not job.plan.ready:
        context.result(context.report().plan(job.plan, context.style))
        return BLOCKED
    if not job.plan.operations:
        return _nothing_to_do(context, job.plan)
    ask = _asks(options)
    show(context, job.plan, ask=ask)
    if options.check_backends:
        require_backends(context, job.plan)
    if ask:
        if not agreed(context):
            return ERROR
        context.limit.start()
    return carry_out(context, options, job, events)


def _asks(options: ApplyOptions) -> bool:
    """Return whether somebody has to agree: nobody has to whom the plan was shown before."""
    return not (options.plan or options.auto_approve or options.expect is not None)


def _planned(context: Context, options: ApplyOptions) -> Job:
    if _asks(options):
        require_terminal(
            "apply",
            "read the output of `reconciler plan`, then give --auto-approve, --expect or a plan "
            "file",
        )
    source = read_source(context, options)
    plan = plan_apart(context, source)
    if options.expect is not None:
        check_expected(plan, options.expect)
    return Job(plan, source.platform, source.request)


def _saved(context: Context, options: ApplyOptions) -> Job:
    _refuse_choices(context, options)
    plan = read_plan(str(options.plan))
    if options.expect is not None:
        check_reviewed(plan, options.expect)
    saved.check_saved(context, plan)
    context.warn(saved.warnings(context, plan, expected=options.expect is not None))
    platform = open_at(context, plan.platform, None)
    if plan.ready and plan.operations:
        # Before a plan is shown that nobody can apply any more.
        check_platform(plan, platform, saved=True)
    return Job(plan, platform, None)


def _refuse_choices(context: Context, options: ApplyOptions) -> None:
    """Refuse what only planning can heed: a saved plan is applied as it was reviewed."""
    given = {
        "-f/--file": context.settings.files,
        "--env-file": context.settings.env_files,
        "--scope": context.settings.scope,
        "--target": options.target,
        "--allow-remove": options.allow_remove,
        "--allow-empty": options.allow_empty,
        "--ids": options.ids,
    }
    refused = [name for name, value in given.items() if value]
    if refused:
        raise UsageError(
            f"a saved plan is applied as it is and takes no {', '.join(refused)}: give that to "
            "`reconciler plan --out`"
        )


def _nothing_to_do(context: Context, plan: Plan) -> int:
    if context.is_text:
        context.result(context.report().plan(plan, context.style))
    else:
        nothing = Applied(plan, Result(()), holds=True)
        context.result(context.report().applied(nothing, context.style))
    return SUCCESS


COMMAND = Command(
    details="Reads, plans, shows the plan, asks, applies it, reads again and says whether "
    "live is as declared. A blocked plan is never applied. Run again after a failure "
    "or Ctrl-C, it does the rest. The first Ctrl-C lets what runs finish; the second "
    "stops at once.\n\n"
    "Exit codes: 0 done, or nothing to do; 3 blocked; 4 live is not what the plan "
    "relied on; 5 something was written and something remains; 6 another apply has the platform; "
    "130 interrupted.",
    examples=(
        ("reconciler apply", "plan, ask, apply"),
        ("reconciler apply plan.json", "apply what `plan --out plan.json` saved"),
    ),
    add_arguments=_add_arguments,
    options=ApplyOptions,
    run=_run,
    formats=(*FORMATS, HTML),
    takes=tuple(LIMITED_OPTIONS),
    tells_events=True,
)
