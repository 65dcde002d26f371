"""Scans of which no record is left, nor that one ended: snapshots alone tell of them."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import read_many
from reconciler.recovery.scanning.known.record import WAYS_OUT

_SNAPSHOT = re.compile(rf"{layout.SNAPSHOTS}[^/]+/snapshot\.json")


class _Contents(Struct):
    scan: str


class _Storage(Struct):
    place: str
    contents: _Contents | None


class _Snapshot(Struct):
    """As much of a `snapshot.json` as is needed; whether all of it is whole others look."""

    storages: tuple[_Storage, ...]


def require_none(repository: Repository, place: str) -> None:
    """Raise `SnapshotError` if a storage without a record of a scan was scanned all the same.

    Called where there is no record: as in a copy that was restored in part, where rotten bytes
    would become what is right. Raises `RepositoryError`.
    """
    if scan := _named(repository, place):
        raise SnapshotError(
            f"the records of all scans of the storage are missing below "
            f"{quoted(layout.scans(place))} in {repository.address}, though a snapshot has the "
            f"contents that the scan {scan} found. {WAYS_OUT}"
        )


def _named(repository: Repository, place: str) -> str:
    """Return the last scan of a place that a snapshot names; empty if none does."""
    names = [name for name in repository.names(layout.SNAPSHOTS) if _SNAPSHOT.fullmatch(name)]
    found = {""}
    for _, data in read_many(repository, names):
        try:
            snapshot = msgspec.json.decode(data or b"", type=_Snapshot)
        except msgspec.MsgspecError:
            continue
        found |= {s.contents.scan for s in snapshot.storages if s.place == place and s.contents}
    return max(found)
