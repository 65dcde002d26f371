"""Which storage of another snapshot, or of a platform, is the one that a snapshot means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from reconciler.recovery.snapshots.document import Snapshot, SnapshotStorage


class _Known(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


_Storage = TypeVar("_Storage", bound=_Known)


def partner(storage: SnapshotStorage, was: Snapshot, now: Snapshot) -> SnapshotStorage | None:
    """Return what `storage`, of one snapshot, is in another; None if it is not in it."""
    places = [other.place for other in now.storages]
    same_platform = was.platform.id == now.platform.id
    return chosen(storage, now.storages, places, same_platform=same_platform)


def chosen(
    storage: SnapshotStorage,
    others: Sequence[_Storage],
    places: Iterable[str],
    *,
    same_platform: bool,
) -> _Storage | None:
    """Return the one of `others`, which lie at `places`, that `storage` is.

    On the same platform by its id, else the only one at its place, else the one of its name.
    """
    if same_platform:
        for other in others:
            if other.id == storage.id:
                return other
    at = [o for o, place in zip(others, places, strict=True) if place and place == storage.place]
    if len(at) == 1:
        return at[0]
    return next((other for other in at or others if other.name == storage.name), None)
