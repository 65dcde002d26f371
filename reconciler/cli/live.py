"""`drift` and `list`: what is live, held against the manifest."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli import TYPE_CHECKING, exits
from reconciler.cli.command import Command
from reconciler.cli.settings import given_text

if TYPE_CHECKING:
    from reconciler.cli.context import Context
    from reconciler.manifest import Manifest
    from reconciler.model import State


class DriftOptions(Namespace):
    """The options of `drift`."""

    undeclared: bool


class ListOptions(Namespace):
    """The options of `list`."""

    names: list[str]


def _drift_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--undeclared",
        action="store_true",
        help="undeclared storages are drift also under `undeclared: ignore`",
    )


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        type=given_text,
        metavar="NAME",
        help="only these storages (names or globs)",
    )


def _run_drift(context: Context, options: DriftOptions) -> int:
    from reconciler.cli.inputs import plan_for, read_source, tell
    from reconciler.report.differences import drift_of

    source = read_source(context)
    plan = plan_for(source)
    policy = source.manifest.desired.policy
    drift = drift_of(plan, ignored=policy.undeclared == "ignore" and not options.undeclared)
    tell(context, plan.warnings)
    context.result(context.report().drift(drift, context.style))
    return exits.CHANGES if drift.found else exits.SUCCESS


def _run_list(context: Context, options: ListOptions) -> int:
    import msgspec

    from reconciler.cli.inputs import (
        choose_platform,
        names_platform,
        read_live,
        read_manifest_if_any,
        read_scopes,
    )
    from reconciler.cli.naming import check_names, refuse_manifests
    from reconciler.names import Scope, matches, resting

    scopes = read_scopes(context)
    manifest = read_manifest_if_any(context)
    if not names_platform(context, manifest):
        refuse_manifests(options.names)
    state = read_live(context, choose_platform(context, manifest))
    statuses = _statuses(context, manifest, state) if manifest else {}
    wanted = Scope.of(("*",), scopes)
    listed = tuple(s for s in state.storages if wanted.holds(resting(s.name, s.id)))
    if options.names:
        check_names(options.names, [storage.name for storage in listed])
        listed = tuple(storage for storage in listed if matches(storage.name, options.names))
    state = msgspec.structs.replace(state, storages=listed)
    context.result(context.report().storages(state, statuses, context.style))
    return exits.SUCCESS


def _statuses(context: Context, manifest: Manifest, state: State) -> dict[str, str]:
    """Say of each live id how it stands towards the manifest."""
    from reconciler.cli.inputs import compared, tell
    from reconciler.model import unmanaged_because

    diff = compared(context, manifest, state)
    tell(context, manifest.warnings)
    tell(context, diff.warnings)
    statuses = {storage.id: "declared" for storage in state.storages}
    statuses |= {storage.id: "undeclared" for storage in (*diff.undeclared, *diff.interrupted)}
    statuses |= {item.live.id: "to be removed" for item in diff.removed}
    statuses |= {storage.id: "outside scope" for storage in diff.outside}
    statuses |= {s.id: "unmanaged" for s in state.storages if unmanaged_because(s) is not None}
    return statuses


DRIFT = Command(
    "drift",
    "Show in what live differs from the manifest",
    details="Every difference in what the manifest claims counts, whatever policy blocks: also "
    "locations, which no plan can change. Undeclared storages count too, but under `undeclared: "
    "ignore`: there they are only listed, unless --undeclared is given.\n\n"
    "Exit codes: 0 no difference, 2 some.",
    examples=(
        ("reconciler drift", "look for changes that nobody declared"),
        ("reconciler drift -o json", "the same, for a program"),
    ),
    add_arguments=_drift_arguments,
    options=DriftOptions,
    run=_run_drift,
)

LIST = Command(
    "list",
    "List the live storages",
    details="With a manifest, says of each storage whether it is declared. Without one, give "
    "--platform. On a terminal it is a table, or a paragraph for each storage; into a pipe or file "
    "one line for each, never wrapped, with - for an empty cell. A NAME that is not live is an "
    "error.",
    examples=(
        ("reconciler list", "storages on the manifest's platform"),
        ("reconciler list --platform sqlite:///platform.db -o json", "without a manifest"),
    ),
    add_arguments=_list_arguments,
    options=ListOptions,
    run=_run_list,
)
