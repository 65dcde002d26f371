"""`drift`: in what live differs from the manifest."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import Context
from reconciler.cli.inputs.places import in_manifest
from reconciler.cli.inputs.platform import plan_apart, read_source
from reconciler.cli.options.command import Command
from reconciler.cli.settings import FORMATS, HTML, OF_VERDICTS
from reconciler.cli.telling import Told, tell_all
from reconciler.errors import CHANGES, SUCCESS
from reconciler.report.sentences.drift import drift_of
from reconciler.report.verdicts.plans import of_drift


class DriftOptions(Namespace):
    """The options of `drift`."""

    undeclared: bool


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--undeclared",
        action="store_true",
        help="undeclared storages are drift also under `undeclared: ignore`",
    )


def _run(context: Context, options: DriftOptions) -> int:
    source = read_source(context)
    plan = plan_apart(context, source)
    policy = source.manifest.desired.policy
    drift = drift_of(plan, ignored=policy.undeclared == "ignore" and not options.undeclared)
    context.warn(plan.warnings)
    told = Told(
        lambda report, style: report.drift(drift, style),
        lambda: in_manifest(source.manifest, of_drift(drift)),
    )
    return tell_all(context, told, CHANGES if drift.found else SUCCESS)


COMMAND = Command(
    details="Every difference in what the manifest claims counts, whatever policy blocks: also "
    "locations, which no plan can change. Undeclared storages count too, but under `undeclared: "
    "ignore`: there they are only listed, unless --undeclared is given.\n\n"
    "Exit codes: 0 no difference, 2 some.",
    examples=(
        ("reconciler drift", "look for changes that nobody declared"),
        ("reconciler drift -o json", "the same, for a program"),
    ),
    add_arguments=_add_arguments,
    options=DriftOptions,
    run=_run,
    formats=(*FORMATS, HTML, *OF_VERDICTS),
)
