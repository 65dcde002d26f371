"""`drift` and `list`: what is live, held against the manifest."""

from __future__ import annotations

from argparse import Namespace

from reconciler.cli import TYPE_CHECKING, exits
from reconciler.cli.command import Command, no_arguments

if TYPE_CHECKING:
    from reconciler.cli.context import Context
    from reconciler.manifest import Manifest
    from reconciler.model import State


def _run_drift(context: Context, _options: Namespace) -> int:
    from reconciler.cli.inputs import plan_for, read_source, tell
    from reconciler.report.differences import differences

    plan = plan_for(read_source(context))
    tell(context, plan.warnings)
    context.result(context.report().drift(plan, context.style))
    return exits.CHANGES if differences(plan) else exits.SUCCESS


def _run_list(context: Context, _options: Namespace) -> int:
    import msgspec

    from reconciler.cli.inputs import choose_platform, read_live, read_manifest_if_any, read_scopes
    from reconciler.names import Scope, resting

    scopes = read_scopes(context)
    manifest = read_manifest_if_any(context)
    state = read_live(context, choose_platform(context, manifest))
    statuses = _statuses(context, manifest, state) if manifest else {}
    wanted = Scope.of(("*",), scopes)
    listed = tuple(s for s in state.storages if wanted.holds(resting(s.name, s.id)))
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
    details="Every difference counts, whatever policy says: also undeclared storages under "
    "`undeclared: ignore`, and locations, which no plan can change.\n\n"
    "Exit codes: 0 no difference, 2 some.",
    examples=(
        ("reconciler drift", "look for changes that nobody declared"),
        ("reconciler drift -o json", "the same, for a program"),
    ),
    add_arguments=no_arguments,
    options=Namespace,
    run=_run_drift,
)

LIST = Command(
    "list",
    "List the live storages",
    details="With a manifest, says of each storage whether it is declared. Without one, give "
    "--platform.",
    examples=(
        ("reconciler list", "storages on the manifest's platform"),
        ("reconciler list --platform sqlite:///platform.db -o json", "without a manifest"),
    ),
    add_arguments=no_arguments,
    options=Namespace,
    run=_run_list,
)
