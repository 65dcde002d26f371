"""`apply`."""

from __future__ import annotations

from argparse import ArgumentParser

from reconciler.applying.run import Job
from reconciler.cli.applying.agreement import add_terms, agreed, require_terminal, show
from reconciler.cli.applying.carry_out import ApplyOptions, carry_out, keep_files_apart
from reconciler.cli.applying.events import EventStream, telling
from reconciler.cli.applying.preflight import require_backends
from reconciler.cli.context import Context
from reconciler.cli.inputs.expect import check_expected, check_reviewed
from reconciler.cli.inputs.files import read_plan
from reconciler.cli.inputs.platform import named_platform, names_platform
from reconciler.cli.inputs.scope import check_scope
from reconciler.cli.inputs.source import plan_for, read_source
from reconciler.cli.inputs.token_at_risk import token_at_risk
from reconciler.cli.inputs.warnings import tell
from reconciler.cli.options.choices import add_choices
from reconciler.cli.options.command import Command
from reconciler.cli.settings import FORMATS, HTML, LIMITED_OPTIONS
from reconciler.errors import BLOCKED, ERROR, SUCCESS, UsageError
from reconciler.executor import Result
from reconciler.model import UNKNOWN_PLATFORM
from reconciler.plan.document import WITHOUT_ADDRESS, Plan, leads_to_file
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
    plan = plan_for(source)
    if options.expect is not None:
        check_expected(plan, options.expect)
    return Job(plan, source.platform, source.request)


def _saved(context: Context, options: ApplyOptions) -> Job:
    _refuse_choices(context, options)
    plan = read_plan(str(options.plan))
    if options.expect is not None:
        check_reviewed(plan, options.expect)
    _check_identity(context, plan)
    _tell_of_old_format(context, plan)
    check_scope(context, plan)
    platform = named_platform(context, plan.platform)
    if options.expect is None:
        tell(context, token_at_risk(context, plan.platform, "the plan"))
    if plan.ready and plan.operations:
        # Before a plan is shown that nobody can apply any more.
        check_platform(plan, platform, saved=True)
    return Job(plan, platform, None)


def _check_identity(context: Context, plan: Plan) -> None:
    """Refuse to take a platform that can't tell which one it is for the one of the plan."""
    if plan.platform_id == UNKNOWN_PLATFORM and context.settings.platform is None:
        raise UsageError(
            f"{plan.platform} can't tell which organisation it leads to (its identity is unknown), "
            "so that nobody knows whether it is still the one that the plan was made for: if it "
            f"is, give --platform {plan.platform}, or let the module say it in `platform_id`"
        )


def _tell_of_old_format(context: Context, plan: Plan) -> None:
    """Warn of what the digest of an older plan can't promise, and send no token on its word."""
    if plan.format_version > WITHOUT_ADDRESS:
        return
    if not leads_to_file(plan.platform) and not names_platform(context, None):
        raise UsageError(
            f"this plan was made by an earlier version (format {plan.format_version}), whose "
            "digest does not hold the address of the platform, so that nobody knows whether it is "
            f"the one that was reviewed: if it is, give --platform {plan.platform}, "
            "or make a new plan"
        )
    context.note(
        f"Warning: this plan was made by an earlier version (format {plan.format_version}), whose "
        "digest does not hold the lock that it is applied under: a new plan's does"
    )


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
