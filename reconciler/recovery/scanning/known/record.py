"""The records of finished scans: which there are, and which is the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.platform import InventoryRow
from reconciler.printable import quoted
from reconciler.recovery import paths
from reconciler.recovery.parts.convert import values
from reconciler.recovery.repository import condemned, layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import earlier
from reconciler.recovery.values import Root, Scan

FORMAT_VERSION = 1
_SUFFIX = ".json"


def latest(repository: Repository, place: str, *, complete: bool = True) -> Scan | None:
    """Return the last scan of the storage at a place; None if there is none.

    Only one that listed and read all of it, unless `complete` is False. Raises `RepositoryError`.
    """
    names = sorted(repository.names(layout.scans(place)), reverse=True)
    scans = (_read(repository, name, place) for name in names)
    return next((scan for scan in scans if scan and (scan.complete or not complete)), None)


def root_at(repository: Repository, last: Scan, url: str) -> Root:
    """Return what is known, after the scan `last`, of the root of a storage at the address `url`.

    The last scan may have read it elsewhere, which proves nothing about the folder that is here.
    Raises `RepositoryError`, `SnapshotError`.
    """
    known = last.root
    if known.url == url:
        return known
    roots = [scan.root for scan in all_of(repository, last.place) if scan.root.url == url]
    if not roots:
        return known
    marked = {"marker": known.marker, "marker_sha256": known.marker_sha256, "empty": known.empty}
    return replace(roots[-1], **marked)


def all_of(repository: Repository, place: str) -> Iterator[Scan]:
    """Yield all scans of the storage at a place, the oldest first; raises `RepositoryError`."""
    for name in repository.names(layout.scans(place)):
        if scan := _read(repository, name, place):
            yield scan


def write(repository: Repository, scan: Scan, *, instead: str) -> Scan:
    """Keep the record of a scan whose parts are there, and return it; `prune` lets them be.

    If another run has finished the same scan meanwhile, this one is kept under the id `instead`.
    Raises `RepositoryError`.
    """
    condemned.secure(repository, scan.parts())
    name = f"{layout.scans(scan.place)}{scan.id}{_SUFFIX}"
    data = msgspec.json.format(msgspec.json.encode(scan), indent=1)
    if repository.write(name, data) or instead == scan.id:
        return scan
    return write(repository, replace(scan, id=instead), instead=instead)


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


def _read(repository: Repository, name: str, place: str) -> Scan | None:
    if not name.endswith(_SUFFIX):
        return None
    data = repository.read(name)
    if data is None:  # removed since it was listed
        return None
    try:
        scan = msgspec.json.decode(data, type=Scan)
    except msgspec.MsgspecError as error:
        raise _damaged(repository, name, f"it can't be understood ({error})") from error
    if scan.format_version != FORMAT_VERSION:
        raise _damaged(repository, name, "it was written by a later version of this program")
    if scan.place != place or not name.endswith(f"/{scan.id}{_SUFFIX}"):
        raise _damaged(repository, name, "it is the record of another scan")
    return scan


def _damaged(repository: Repository, name: str, why: str) -> SnapshotError:
    return SnapshotError(
        f"{quoted(name)} in {repository.address} can't be used: {why}. Restore it from another "
        "copy of the repository. If there is none, remove it, and read everything with --full: "
        "what files should be that this scan could not see is then not known any more"
    )
