"""`show`: a saved plan, to be read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import Context
from reconciler.cli.inputs.plans import read_plan
from reconciler.cli.options.command import Command
from reconciler.cli.settings import FORMATS, HTML, OF_VERDICTS
from reconciler.cli.telling import Told, tell_all
from reconciler.errors import SUCCESS
from reconciler.report.verdicts.plans import of_plan


class ShowOptions(Namespace):
    """The options of `show`."""

    plan: str


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="a file that `plan --out` wrote")


def _run(context: Context, options: ShowOptions) -> int:
    plan = read_plan(options.plan)
    told = Told(lambda report, style: report.plan(plan, style), lambda: of_plan(plan, "show"))
    return tell_all(context, told, SUCCESS)


COMMAND = Command(
    details="Reads nothing but the file, and checks that it was not changed after it was made.",
    examples=(
        ("reconciler show plan.json", "read what `apply plan.json` would do"),
        ("reconciler show plan.json -o markdown", "the same, for a pull request"),
    ),
    add_arguments=_add_arguments,
    options=ShowOptions,
    run=_run,
    formats=(*FORMATS, HTML, *OF_VERDICTS),
    takes=(),
)
