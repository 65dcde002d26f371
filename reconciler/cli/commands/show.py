"""`show`: a saved plan, to be read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.applying.apart import planned
from reconciler.cli.context import Context
from reconciler.cli.inputs.plans import check_expected, read_plan
from reconciler.cli.options.command import Command
from reconciler.cli.settings import FORMATS, HTML, OF_VERDICTS
from reconciler.cli.telling import Told, tell_all
from reconciler.errors import SUCCESS
from reconciler.report.verdicts.plans import of_plan


class ShowOptions(Namespace):
    """The options of `show`."""

    plan: str
    expect: str | None


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="a file that `plan --out` wrote")
    parser.add_argument(
        "--expect",
        metavar="DIGEST|FILE|PLAN",
        help="exit with 4, and say what else PLAN holds, unless it has this digest (sha256:..., or "
        "the file that --digest-file wrote), or holds nothing that this plan file does not hold: "
        "what `apply --expect` asks before it writes",
    )


def _run(context: Context, options: ShowOptions) -> int:
    plan = read_plan(options.plan)
    context.apart.know(planned(plan))
    if options.expect is not None:
        check_expected(plan, options.expect)
    told = Told(lambda report, style: report.plan(plan, style), lambda: of_plan(plan, "show"))
    return tell_all(context, told, SUCCESS)


COMMAND = Command(
    details="Reads nothing but the file, and checks that it was not changed after it was made. "
    "With --expect it says, without a platform or token, whether a new plan does only what another "
    "one does, which was reviewed.\n\n"
    "Exit codes: 0; with --expect 4 if it is another plan, 3 if the expected one is blocked.",
    examples=(
        ("reconciler show plan.json", "read what `apply plan.json` would do"),
        (
            "reconciler show plan.json --expect plan.json -o markdown",
            "the same for a pull request, if it is what was reviewed",
        ),
    ),
    add_arguments=_add_arguments,
    options=ShowOptions,
    run=_run,
    formats=(*FORMATS, HTML, *OF_VERDICTS),
    takes=(),
)
