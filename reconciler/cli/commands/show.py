"""`show`: a saved plan, to be read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import Context
from reconciler.cli.inputs.files import read_plan
from reconciler.cli.options.command import Command
from reconciler.errors import SUCCESS


class ShowOptions(Namespace):
    """The options of `show`."""

    plan: str


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="a file that `plan --out` wrote")


def _run(context: Context, options: ShowOptions) -> int:
    context.result(context.report().plan(read_plan(options.plan), context.style))
    return SUCCESS


COMMAND = Command(
    details="Reads nothing but the file, and checks that it was not changed after it was made.",
    examples=(
        ("reconciler show plan.json", "read what `apply plan.json` would do"),
        ("reconciler show plan.json -o markdown", "the same, for a pull request"),
    ),
    add_arguments=_add_arguments,
    options=ShowOptions,
    run=_run,
    takes=(),
)
