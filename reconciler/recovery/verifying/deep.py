"""`verify --deep`: the bytes on the storages, read again; no platform is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.masking import masked, quoted_url
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.layout import storage_key
from reconciler.recovery.scanning import outcome
from reconciler.recovery.scanning.known.own import FRESH
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.snapshots.document import SnapshotStorage
from reconciler.recovery.values import Target
from reconciler.recovery.verifying import remembered
from reconciler.recovery.verifying.recorded import Recorded, of_scan, of_snapshot
from reconciler.recovery.verifying.results import StorageVerified
from reconciler.recovery.verifying.scans import compare
from reconciler.recovery.verifying.telling.alone import not_reachable, not_read, not_verified
from reconciler.recovery.verifying.telling.means import Means

#: Reads all of a storage, but for what the globs leave out.
Read = Callable[[Target, tuple[str, ...]], Scanned]


def verify(
    storages: Sequence[SnapshotStorage],
    targets: Mapping[str, Target],
    means: Means,
    repository: Repository,
    read: Read,
) -> Iterator[StorageVerified]:
    """Read each storage and compare it with what the snapshot has of it.

    `targets` says by place from where. What the earlier scan left out is left out again. Once
    something was read and compared, a repository that fails ends the reading alone: what was found
    is told. Raises `RepositoryError` if it fails before.
    """
    failed, some = "", False
    for storage in storages:
        was, target = of_snapshot(storage), targets.get(storage.place)
        if was is None:
            reason = "it was never scanned before the snapshot was made: scan it, then make another"
            yield not_verified(None, storage.name, storage.place, reason, means)
        elif target is None:
            yield not_verified(was, storage.name, storage.place, storage.unmanaged, means)
        elif failed:
            yield not_read(was, storage.name, target.place, failed)
        else:
            try:
                scanned = read(target, was.excluded)
                yield _told(was, storage.name, target, scanned, means, repository)
                failed = str(scanned.failure or "")
            except RepositoryError as error:
                if not some:
                    raise
                failed = str(error)
                yield not_read(was, storage.name, target.place, failed)
            some = True


def _told(
    was: Recorded,
    storage: str,
    target: Target,
    scanned: Scanned,
    means: Means,
    repository: Repository,
) -> StorageVerified:
    remembered.keep(repository, scanned, means.clock)
    told = _compared(was, storage, target, scanned, means, repository)
    if target.copy_of:
        # A secret that is masked could not be typed.
        named = target.url if target.url == masked(target.url) else storage_key(target.place)
        notes = (*told.notes, _elsewhere(target))
        told = replace(told, notes=notes, is_copy=True, named=named)
    return _with_notes(told, scanned)


def _with_notes(told: StorageVerified, scanned: Scanned) -> StorageVerified:
    """Add what the reading itself had to say; what both say is said once."""
    went_on = _went_on(scanned)
    notes = tuple(dict.fromkeys((*went_on, *scanned.notes, *told.notes)))
    forgotten = told.forgotten or scanned.forgotten
    return replace(told, notes=notes, forgotten=forgotten, went_on=bool(went_on))


def _went_on(scanned: Scanned) -> tuple[str, ...]:
    """Say that not all was read now."""
    if not scanned.taken_over or scanned.scan is None:
        return ()
    began = scanned.went_on_from[:19]
    told = (
        f"not all was read by this run: it went on from one that began at {began}Z and was ended, "
        f"and what that one had read within {FRESH.days} days was not read again (the oldest proof "
        "says when); run it once more to read everything anew"
    )
    return (told,)


def _compared(
    was: Recorded,
    storage: str,
    target: Target,
    scanned: Scanned,
    means: Means,
    repository: Repository,
) -> StorageVerified:
    is_copy = bool(target.copy_of)
    if scanned.scan is not None:
        homes = (repository, repository)
        try:
            return compare(
                was, of_scan(scanned.scan), storage, means, homes, is_copy=is_copy, afresh=True
            )
        except SnapshotError as error:
            return not_verified(was, storage, target.place, str(error), means)
    if scanned.status == outcome.NOT_REACHABLE:
        return not_reachable(was, storage, target.place, scanned.reason, means)
    why = _so_far(scanned)
    return not_verified(was, storage, target.place, why, means, scanned.unkept)


def _elsewhere(target: Target) -> str:
    return (
        f"this is about what lies at {quoted_url(target.url)}, where it was read: it says nothing "
        "of the storage itself, whose findings stay as they are. If no copy lies there, but the "
        "storage itself, mounted elsewhere, say --same-storage"
    )


def _so_far(scanned: Scanned) -> str:
    """Say why not all was read, and what was found until then: the next run will keep it."""
    if not scanned.altered:
        return scanned.reason
    verb = "is" if scanned.altered == 1 else "are"  # no path: this is told in reports without any
    return f"{scanned.reason}. Of what was read, {scanned.altered:,} {verb} damaged"
