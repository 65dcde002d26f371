"""`plan` and `show`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli import TYPE_CHECKING, exits
from reconciler.cli.options.command import Command
from reconciler.cli.settings import given_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.applying.events import EventStream
    from reconciler.cli.context import Context
    from reconciler.cli.inputs.source import Choices
    from reconciler.plan.document import Plan


class PlanOptions(Namespace):
    """The options of `plan`."""

    out: str | None
    digest_file: str | None
    detailed_exitcode: bool
    target: list[str] | None
    allow_remove: list[str] | None
    allow_empty: bool
    ids: str | None
    check_backends: bool


class ShowOptions(Namespace):
    """The options of `show`."""

    plan: str


def add_choices(parser: ArgumentParser) -> None:
    """Add the options that `plan` and `apply` share."""
    parser.add_argument(
        "--target",
        action="append",
        type=given_text,
        metavar="NAME",
        help="plan only for these storages (names or globs) and what they depend on; may be "
        "repeated; for emergencies",
    )
    parser.add_argument(
        "--allow-remove",
        action="append",
        type=given_text,
        metavar="NAME",
        help="consent to remove this storage, like an entry in `removed:`; may be repeated; only "
        "on a terminal",
    )
    parser.add_argument(
        "--allow-empty",
        action="store_true",
        help="let a manifest that declares nothing remove what is live",
    )
    parser.add_argument(
        "--ids",
        type=given_text,
        metavar="MAP",
        help="file that translates the manifest's ids to those of this platform: "
        '{"format_version": 1, "ids": {"old": "new"}}',
    )
    parser.add_argument(
        "--check-backends",
        action="store_true",
        help="look whether the folder or bucket of each storage to be created is there: plan "
        "warns, apply stops before it writes anything",
    )


def choices(
    target: list[str] | None, allow_remove: list[str] | None, allow_empty: bool, ids: str | None
) -> Choices:
    """Check the options that `plan` and `apply` share.

    Raises `UsageError` for a consent that no person at a terminal gives.
    """
    import sys

    from reconciler.cli.inputs.source import Choices
    from reconciler.cli.output.terminal import is_terminal
    from reconciler.errors import UsageError

    if allow_remove and not is_terminal(sys.stdin):
        raise UsageError(
            "--allow-remove works on a terminal only: in a pipeline, consent is an entry in "
            "`removed:` that a reviewer sees"
        )
    return Choices(tuple(target or ()), tuple(allow_remove or ()), allow_empty, ids)


def _plan_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=given_text, metavar="FILE", help="save the plan, for `apply FILE`"
    )
    parser.add_argument(
        "--digest-file",
        type=given_text,
        metavar="FILE",
        help="write the plan's digest alone, for `apply --expect`",
    )
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="exit with 2 if there are changes to apply",
    )
    add_choices(parser)


def _run_plan(context: Context, options: PlanOptions) -> int:
    from reconciler.cli.applying.events import event_stream

    with event_stream(context) as events:
        code = _plan(context, options, events)
        events.end(code)
    return code


def _plan(context: Context, options: PlanOptions, events: EventStream) -> int:
    from reconciler.cli.inputs.source import plan_for, read_source

    _check_files(options)
    chosen = choices(options.target, options.allow_remove, options.allow_empty, options.ids)
    source = read_source(context, chosen)
    _spare(source.manifest.files, options)
    plan = plan_for(source)
    if options.check_backends:
        from reconciler.cli.applying.preflight import with_backends

        plan = with_backends(plan)
    events.plan(plan)
    _save(plan, options)
    context.result(context.report().plan(plan, context.style))
    if options.out and plan.ready and plan.operations and context.is_text:
        context.note(f"Saved. To apply exactly this: reconciler apply {_word(options.out)}")
    return exits.of_plan(plan, detailed=options.detailed_exitcode)


def _check_files(options: PlanOptions) -> None:
    from reconciler.cli.inputs.files import check_writable
    from reconciler.errors import UsageError

    if "-" in (options.out, options.digest_file):
        raise UsageError(
            "--out and --digest-file write files: for standard output use `-o json`, which prints "
            "the same document with the digest in it"
        )
    if options.out and options.out == options.digest_file:
        raise UsageError("--out and --digest-file can't be the same file")
    for path in filter(None, (options.out, options.digest_file)):
        check_writable(path)


def _spare(manifest: Sequence[str], options: PlanOptions) -> None:
    """Refuse to write a plan over the manifest that it is made from."""
    from pathlib import Path

    from reconciler.errors import UsageError
    from reconciler.names import quoted

    for path in filter(None, (options.out, options.digest_file)):
        if Path(path).exists() and any(Path(path).samefile(file) for file in manifest):
            raise UsageError(f"{quoted(path)} is a file of the manifest: write the plan elsewhere")


def _save(plan: Plan, options: PlanOptions) -> None:
    from reconciler.cli.inputs.files import write_whole
    from reconciler.plan.document import to_json

    if options.out:
        write_whole(options.out, to_json(plan))
    if options.digest_file:
        write_whole(options.digest_file, f"{plan.digest}\n".encode())


def _word(path: str) -> str:
    from shlex import quote

    return quote(path)


def _show_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "plan", type=given_text, metavar="PLAN", help="a file that `plan --out` wrote"
    )


def _run_show(context: Context, options: ShowOptions) -> int:
    from reconciler.cli.inputs.files import read_plan

    context.result(context.report().plan(read_plan(options.plan), context.style))
    return exits.SUCCESS


PLAN = Command(
    "plan",
    "Show what apply would do, and change nothing",
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
    add_arguments=_plan_arguments,
    options=PlanOptions,
    run=_run_plan,
    tells_events=True,
)

SHOW = Command(
    "show",
    "Print a saved plan",
    details="Reads nothing but the file, and checks that it was not changed after it was made.",
    examples=(
        ("reconciler show plan.json", "read what `apply plan.json` would do"),
        ("reconciler show plan.json -o markdown", "the same, for a pull request"),
    ),
    add_arguments=_show_arguments,
    options=ShowOptions,
    run=_run_show,
    takes=(),
)
