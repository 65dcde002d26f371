"""Where a storage lies that somebody names: the key to its scans and findings."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from reconciler.errors import UsageError
from reconciler.location import location
from reconciler.printable import listed, quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept

_TYPES = ("local", "S3")


def place_of(repository: Repository, storage: str) -> str:
    """Return the location of a storage, by its name in the newest snapshot that has it.

    Or by an address at which one was scanned: so one is named that was moved, or that no snapshot
    has. Or by the key under which its findings lie, where nobody knows more. Raises `UsageError` if
    none is known, `RepositoryError`.
    """
    snapshots = listing.listed(repository).kept
    found = named(snapshots, storage) or _scanned_at(repository, storage)
    if found:
        return found
    names = sorted({s.name for kept in snapshots for s in kept.snapshot.storages})
    near = get_close_matches(storage, names, n=1)
    hint = f" (did you mean {quoted(near[0])}?)" if near else ""
    raise UsageError(
        f"no snapshot has a storage {quoted(storage)}{hint}"
        + (f": there are {listed(names)}" if names else ", for there is no snapshot")
    )


def named(snapshots: Sequence[Kept], storage: str) -> str:
    """Return where the newest snapshot has a storage of this name; empty if none has one."""
    for kept in reversed(snapshots):
        for known in kept.snapshot.storages:
            if known.name == storage and known.place:
                return known.place
    return ""


def _scanned_at(repository: Repository, address: str) -> str:
    for place in filter(
        None, [*(location(t, address).place for t in _TYPES), layout.place_by(address)]
    ):
        for where in (layout.scans(place), layout.findings(place), layout.found(place)):
            if any(True for _ in repository.names(where)):
                return place
    return ""
