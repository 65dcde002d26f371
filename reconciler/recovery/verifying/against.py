"""`verify --against`: two snapshots, compared offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.matching import pairs
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots.document import Snapshot, SnapshotStorage
from reconciler.recovery.verifying.recorded import Recorded, of_snapshot
from reconciler.recovery.verifying.results import StorageVerified
from reconciler.recovery.verifying.scans import compare
from reconciler.recovery.verifying.telling.alone import not_verified
from reconciler.recovery.verifying.telling.means import Means

_SAME_SCAN = (
    "both snapshots rest on the same scan: nothing was read between them, and nothing is verified; "
    "scan, make another snapshot, and compare that one"
)


def verify(
    was: Snapshot,
    storages: Sequence[SnapshotStorage],
    now: Snapshot,
    means: Means,
    homes: tuple[Repository, Repository],
) -> Iterator[StorageVerified]:
    """Compare the contents of storages of `was` with those in `now`.

    The snapshots lie in `homes`. Raises `RepositoryError`.
    """
    partners = _partners(was, now)
    for storage in storages:
        yield _compared(storage, partners.get(storage.id), means, homes)


def only_later(was: Snapshot, now: Snapshot) -> list[str]:
    """Name the storages of `now` that `was` does not have: nothing is known of earlier."""
    known = {storage.id for storage in _partners(was, now).values()}
    return [storage.name for storage in now.storages if storage.id not in known]


def places(was: Snapshot, now: Snapshot) -> set[str]:
    """Return the places of which it is told what lasts there: of what was moved, the later one."""
    partners = _partners(was, now)
    return {partners.get(storage.id, storage).place for storage in was.storages} - {""}


def _partners(was: Snapshot, now: Snapshot) -> dict[str, SnapshotStorage]:
    """Return which storage of `now` each of `was` is, by its id there."""
    signs = [[storage.sign() for storage in each.storages] for each in (was, now)]
    same = was.platform.id == now.platform.id
    found = pairs(signs[0], signs[1], same_platform=same).found
    return {was.storages[one].id: now.storages[other] for one, other in found.items()}


def _compared(
    was: SnapshotStorage,
    now: SnapshotStorage | None,
    means: Means,
    homes: tuple[Repository, Repository],
) -> StorageVerified:
    one, other = of_snapshot(was), of_snapshot(now) if now else None
    if one is not None and other is not None:
        try:
            return _unless_same(one, other, compare(one, other, was.name, means, homes))
        except SnapshotError as error:
            return not_verified(one, was.name, was.place, str(error), means)
    if now is None:
        reason = "the later snapshot does not have this storage"
    elif one is None:
        reason = "it was never scanned before the earlier snapshot was made"
    else:
        reason = "the later snapshot has no scan of it"
    return not_verified(one, was.name, was.place, reason, means)


def _unless_same(was: Recorded, now: Recorded, found: StorageVerified) -> StorageVerified:
    """Return what was found; of a scan that was compared with itself, nothing is verified."""
    if was.scan != now.scan:
        return found
    return replace(found, compared=0, not_verified=found.of or 0, notes=(*found.notes, _SAME_SCAN))
