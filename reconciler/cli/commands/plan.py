"""`plan`: what apply would do."""

from __future__ import annotations

from argparse import ArgumentParser

from reconciler.cli.applying.events import EventStream, telling
from reconciler.cli.applying.preflight import with_backends
from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_digest_goal, check_writable, write_whole
from reconciler.cli.inputs.manifest import unspared
from reconciler.cli.inputs.places import in_manifest
from reconciler.cli.inputs.platform import plan_apart, read_source
from reconciler.cli.options.choices import Choices, add_choices
from reconciler.cli.options.command import Command
from reconciler.cli.options.outputs import holds_else
from reconciler.cli.settings import FORMATS, HTML, OF_VERDICTS, output_path
from reconciler.cli.telling import Told, tell_all
from reconciler.errors import BLOCKED, CHANGES, SUCCESS, UsageError
from reconciler.manifest import Manifest
from reconciler.plan.document import Plan, to_json
from reconciler.printable import quoted, word
from reconciler.report.verdicts.plans import of_plan


class PlanOptions(Choices):
    """The options of `plan`."""

    out: str | None
    digest_file: str | None
    detailed_exitcode: bool


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=output_path, metavar="FILE", help="save the plan, for `apply FILE`"
    )
    parser.add_argument(
        "--digest-file",
        type=output_path,
        metavar="FILE",
        help="write the plan's digest alone, for `apply --expect`",
    )
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="exit with 2 if there are changes to apply"
    )
    add_choices(parser)


def _run(context: Context, options: PlanOptions) -> int:
    return telling(context, lambda events: _plan(context, options, events))


def _plan(context: Context, options: PlanOptions, events: EventStream) -> int:
    _check_files(options)
    source = read_source(context, options)
    _spare(context, source.manifest, options)
    plan = plan_apart(context, source)
    if options.check_backends:
        plan = with_backends(plan)
    events.plan(plan)
    _save(plan, options)
    told = Told(
        lambda report, style: report.plan(plan, style),
        lambda: in_manifest(source.manifest, of_plan(plan)),
    )
    code = tell_all(context, told, exit_code(plan, detailed=options.detailed_exitcode))
    if options.out and plan.ready and plan.operations and context.is_text:
        context.note(f"Saved. To apply exactly this: reconciler apply {word(options.out)}")
    return code


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """Return the exit code of `plan`."""
    if not plan.ready:
        return BLOCKED
    return CHANGES if detailed and plan.operations else SUCCESS


def _check_files(options: PlanOptions) -> None:
    if "-" in (options.out, options.digest_file):
        raise UsageError(
            "--out and --digest-file write files: for standard output use `-o json`, which prints "
            "the same document with the digest in it"
        )
    for path in filter(None, (options.out, options.digest_file)):
        check_writable(path)


def _spare(context: Context, manifest: Manifest, options: PlanOptions) -> None:
    """Refuse to write a plan over the manifest that it is made from, or its digest over a file.

    Nor is either written into a storage.
    """
    context.apart.file("--out", options.out)
    context.apart.file("--digest-file", options.digest_file)
    for path in filter(None, (options.out, options.digest_file)):
        if refusal := unspared(manifest, path, "plan"):
            raise UsageError(refusal)
    _check_replaced(options)


def _check_replaced(options: PlanOptions) -> None:
    """Refuse to replace anything but a plan, or a report, and a digest."""
    if options.out and holds_else(options.out):
        raise UsageError(
            f"{quoted(options.out)} is no plan, which alone --out replaces: give another path, or "
            "remove it"
        )
    if options.digest_file:
        check_digest_goal(options.digest_file)


def _save(plan: Plan, options: PlanOptions) -> None:
    _check_replaced(options)  # what is there may have come meanwhile
    if options.out:
        write_whole(options.out, to_json(plan))
    if options.digest_file:
        write_whole(options.digest_file, f"{plan.digest}\n".encode())


COMMAND = Command(
    details="Compares the manifest with what is live on the platform. A plan is ready, or "
    "blocked by policy: then every reason says how to consent.\n\n"
    "Exit codes: 0 ready (also if there is nothing to do), 3 blocked; with "
    "--detailed-exitcode 2 if there are changes.",
    examples=(
        ("reconciler plan", "plan for storages.yaml in this folder"),
        (
            "reconciler plan --out plan.json --detailed-exitcode -o markdown",
            "save the plan for `apply plan.json` and print it for a pull request",
        ),
    ),
    add_arguments=_add_arguments,
    options=PlanOptions,
    run=_run,
    formats=(*FORMATS, HTML, *OF_VERDICTS),
    tells_events=True,
)
