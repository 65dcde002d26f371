"""Which live storages are scanned; that a declared one is not live yet is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from reconciler.cli.context import Context
from reconciler.cli.inputs.names import chosen, refuse_manifests
from reconciler.cli.inputs.platform import choose_platform, read_live
from reconciler.cli.recovery import lost
from reconciler.errors import ReconcilerError, UsageError
from reconciler.given import read_scopes
from reconciler.given.platform import names_platform
from reconciler.given.source import compared
from reconciler.manifest import Manifest
from reconciler.masking import quoted_url
from reconciler.model import State, Storage
from reconciler.names import Scope, matches
from reconciler.printable import listed, quoted
from reconciler.recovery.repository import MARKER

_APPLY = "`reconciler apply` creates"


def storages_of(
    context: Context,
    manifest: Manifest | None,
    names: Sequence[str],
    *,
    hint: str = "",
    repository: str | None = None,
) -> list[Storage]:
    """Return the live storages in scope that have these names, or all if none is given.

    Where a snapshot in `repository`, an address, has some that are live no more, that is told.
    Raises `UsageError` for a name that means none, with `hint` at its end.
    """
    _refuse_repositories(names)
    scope = Scope.of(("*",), read_scopes(context))
    if not names_platform(context, manifest):
        refuse_manifests(names)
    platform = choose_platform(context, manifest)
    state = read_live(context, platform)
    waiting = [name for name in _not_live(context, manifest, state) if scope.holds(name)]
    told = ""
    if repository is not None:
        live = [storage.name for storage in state.storages]
        told = lost.warning(repository, platform.address, live, waiting, state.platform_id)
        if told:
            context.streams.note(f"Warning: {told}.")
    for name in names:
        if name in waiting:
            raise UsageError(
                f"the storage {quoted(name)} is declared and not live yet: {_APPLY} it"
            )
        near = get_close_matches(name, waiting, n=1)
        if near and not any(matches(live.name, [name]) for live in state.storages):
            raise UsageError(
                f"there is no storage {quoted(name)} (did you mean {quoted(near[0])}, which is "
                f"declared and not live yet?): {_APPLY} it"
            )
    if waiting and not names:
        # Where they are lost, it has just been said that apply is the wrong thing.
        then = "" if told else f"; {_APPLY} {'it' if len(waiting) == 1 else 'them'}"
        context.streams.note(
            f"Warning: declared and not live{'' if told else ' yet'}, so not scanned: "
            f"{listed(waiting)}{then}."
        )
    return chosen(state.storages, scope, names, hint=hint)


def _refuse_repositories(names: Sequence[str]) -> None:
    """Refuse the address of a repository where names of storages are expected."""
    for name in names:
        if "://" in name or (Path(name) / MARKER).is_file():
            raise UsageError(
                f"{quoted_url(name)} is no name of a storage: a repository is named with --into, "
                f"as in `reconciler scan --into {quoted_url(name)}`"
            )


def _not_live(context: Context, manifest: Manifest | None, state: State) -> list[str]:
    """Name what the manifest declares and `apply` would create."""
    if manifest is None:
        return []
    # Where a manifest does not fit what is live, `plan` says so: a scan needs no manifest.
    with suppress(ReconcilerError):
        return [entry.name for entry in compared(context, manifest, state).creates]
    return []
