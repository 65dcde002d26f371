"""Names of storages on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from reconciler.cli.options.hints import is_manifest
from reconciler.diff.temporary_names import resting
from reconciler.errors import UsageError
from reconciler.model import Storage
from reconciler.names import Scope, matches
from reconciler.printable import quoted


def refuse_manifests(names: Iterable[str]) -> None:
    """Refuse the path of a manifest where names are expected; raises `UsageError`."""
    for name in filter(is_manifest, names):
        raise UsageError(f"{quoted(name)} is no name of a storage: a manifest is given with -f")


def chosen(
    storages: Iterable[Storage], scope: Scope, names: Sequence[str], *, hint: str = ""
) -> list[Storage]:
    """Return the live storages in scope that have one of these names, or all if none is given.

    Raises `UsageError` for a name that means nothing, with `hint` at its end.
    """
    held = [storage for storage in storages if scope.holds(resting(storage.name, storage.id))]
    if not names:
        return held
    _check_names(names, [storage.name for storage in held], hint)
    return [storage for storage in held if matches(storage.name, names)]


def _check_names(patterns: Iterable[str], names: Sequence[str], more: str) -> None:
    """Refuse a name that means nothing: what silently lacks it would be taken for whole."""
    for pattern in patterns:
        if not any(matches(name, [pattern]) for name in names):
            near = get_close_matches(pattern, names, n=1)
            hint = f" (did you mean {quoted(near[0])}?)" if near else ""
            if is_manifest(pattern):
                hint = ", and a manifest is given with -f"
            raise UsageError(
                f"there is no storage {quoted(pattern)}{hint}: `reconciler list` shows what is "
                f"live{more}"
            )
