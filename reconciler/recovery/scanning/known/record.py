"""The records of finished scans: which there are, and which is the last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.platform import InventoryRow
from reconciler.printable import quoted
from reconciler.recovery import paths
from reconciler.recovery.parts.convert import values
from reconciler.recovery.repository import condemned, layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import GHOST, is_listed
from reconciler.recovery.scanning.known import earlier
from reconciler.recovery.seal import require_sound, sealed, unsealed
from reconciler.recovery.values import Root, Scan

FORMAT_VERSION = 1
_SUFFIX = ".json"
WAYS_OUT = (
    "Restore it from another copy of the repository. If there is none, scan the storage once with "
    "--accept-loss NAME: what only that scan knew is then not known any more"
)


def latest(repository: Repository, place: str, *, complete: bool = True) -> Scan | None:
    """Return the last scan of the storage at a place; None if there is none.

    Only one that listed and read all of it, unless `complete` is False. Raises `RepositoryError`;
    `SnapshotError` if the record of a later one is damaged, or was removed.
    """
    # First: what ends meanwhile must not look as if its record were missing.
    ended = max(repository.names(layout.finished(place)), default="").rpartition("/")[2]
    names = sorted(repository.names(layout.scans(place)), reverse=True)
    _miss(repository, place, ended, names)
    scans = (_read(repository, name) for name in names)
    return next((scan for scan in scans if scan and (scan.complete or not complete)), None)


def whole(repository: Repository, place: str, lost: list[str] | None = None) -> list[Scan]:
    """Return the scans of a place whose records can be read, the oldest first.

    Of each other one `lost` gets a sentence. Raises `RepositoryError`.
    """
    found: list[Scan] = []
    for name in repository.names(layout.scans(place)):
        try:
            found += filter(None, [_read(repository, name)])
        except SnapshotError as error:
            if lost is not None:
                lost.append(str(error))
    return found


def root_at(repository: Repository, last: Scan, url: str) -> Root:
    """Return what is known, after the scan `last`, of the root of a storage at the address `url`.

    The last scan may have read it elsewhere, which proves nothing about the folder that is here.
    Raises `RepositoryError`.
    """
    known = last.root
    if known.url == url:
        return known
    roots = [scan.root for scan in whole(repository, last.place) if scan.root.url == url]
    if not roots:
        return known
    marked = {"marker": known.marker, "marker_sha256": known.marker_sha256, "empty": known.empty}
    return replace(roots[-1], **marked)


def write(repository: Repository, scan: Scan, *, after: str) -> bool:
    """Keep the record of a scan whose parts are there; `prune` lets them be.

    False if another scan than `after`, which was the last when this one began, has ended
    meanwhile: what this one makes of the last would be wrong. Then it is not kept; where nothing
    may be removed it may stay, as an earlier scan, from which the next one goes on. Raises
    `RepositoryError`.
    """
    condemned.secure(repository, scan.parts())
    if newest(repository, scan.place) > after or not repository.write(_name(scan), sealed(scan)):
        return False
    if any(id > after and id != scan.id for id in ids(repository, scan.place)):
        # Another one at the same moment: each sees the other, or the later one the earlier.
        with contextlib.suppress(RepositoryError):
            repository.remove(_name(scan))
        return False
    # Without it all is there; only if the record is lost one day, nobody misses it.
    with contextlib.suppress(RepositoryError):
        repository.write(layout.finished(scan.place, scan.id), b"")
    return True


def of(repository: Repository, place: str, id: str) -> Scan | None:
    """Return one scan of a place; None if there is no record of it.

    Raises `RepositoryError`; `SnapshotError` if it is damaged.
    """
    return _read(repository, f"{layout.scans(place)}{id}{_SUFFIX}")


def newest(repository: Repository, place: str) -> str:
    """Return the id of the last scan of the storage at a place; empty if there is none."""
    return max(ids(repository, place), default="")


def ids(repository: Repository, place: str) -> list[str]:
    """Return the ids of the scans of a place; raises `RepositoryError`."""
    prefix = layout.scans(place)
    names = (name for name in repository.names(prefix) if name.endswith(_SUFFIX))
    return [name.removeprefix(prefix).removesuffix(_SUFFIX) for name in names]


def inventory_of(repository: Repository, scan: Scan, opened: ExitStack) -> Iterator[InventoryRow]:
    """Yield the files of a scan as records of a platform; they are there as long as `opened`.

    The upload id is the one text of a path that can be printed; both checksums say that they are
    SHA-256. What has no hash is left out.
    """
    for batch in earlier.rows_of(repository, scan, opened):
        for path, sha256 in zip(values(batch["path"]), values(batch["sha256"]), strict=True):
            if sha256 is not None:
                checksum = f"sha256:{sha256.hex()}"
                yield paths.shown(path), checksum, checksum


def decoded(name: str, data: bytes | None) -> Scan:
    """Read the record of a scan; raises `SnapshotError` unless it is the one of this name.

    None stands for one that is listed and can't be had.
    """
    if data is None:
        raise SnapshotError(GHOST)
    scan = unsealed(data, Scan, newest=FORMAT_VERSION)
    require_sound(scan.parts(), (scan.started_at, scan.ended_at))
    if name != _name(scan):
        raise SnapshotError("it is the record of another scan")
    return replace(scan, seal="")


def name_of(finished: str) -> str:
    """Return the name of the record that a scan has which ended (`layout.finished`)."""
    return f"{layout.SCANS}{finished.removeprefix(layout.FINISHED)}{_SUFFIX}"


def miss_no_more(repository: Repository, place: str) -> None:
    """Forget that scans have ended whose records are gone; raises `RepositoryError`."""
    last = newest(repository, place)
    for name in list(repository.names(layout.finished(place))):
        if name.rpartition("/")[2] > last:
            repository.remove(name)


def _name(scan: Scan) -> str:
    return f"{layout.scans(scan.place)}{scan.id}{_SUFFIX}"


def _read(repository: Repository, name: str) -> Scan | None:
    if not name.endswith(_SUFFIX):
        return None
    data = repository.read(name)
    if data is None and not is_listed(repository, name):
        return None
    try:
        return decoded(name, data)
    except SnapshotError as error:
        told = f"{quoted(name)} in {repository.address} can't be used: {error}"
        raise SnapshotError(f"{told}. {WAYS_OUT}") from error


def _miss(repository: Repository, place: str, ended: str, names: Sequence[str]) -> None:
    """Raise `SnapshotError` if the scan `ended` after all of those whose records are there."""
    newest = max((n for n in names if n.endswith(_SUFFIX)), default="")
    if ended > newest.rpartition("/")[2].removesuffix(_SUFFIX):
        name = quoted(f"{layout.scans(place)}{ended}{_SUFFIX}")
        raise SnapshotError(
            f"{name}, the record of the last scan, is lost from {repository.address}. {WAYS_OUT}"
        )
