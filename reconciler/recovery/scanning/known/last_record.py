"""The last scan of each storage, unless a snapshot tells of a later one whose record is lost.

A record that is lost is missed by `finished/` beside it. Where that is lost as well, as in a copy
that was restored in part, snapshots alone tell of it; an older scan must not take its place, for
rotten bytes would become what is right, and nobody would know of those that were found since.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.record import WAYS_OUT
from reconciler.recovery.values import Scan

_SNAPSHOT = re.compile(rf"{layout.SNAPSHOTS}([^/]+)/snapshot\.json")


class _Contents(Struct):
    scan: str


class _Lacking(Struct):
    storage: str
    what: str


class _Storage(Struct):
    name: str
    place: str
    contents: _Contents | None


class _Snapshot(Struct):
    """As much of a `snapshot.json` as is needed; whether all of it is whole others look."""

    lacking: tuple[_Lacking, ...]
    storages: tuple[_Storage, ...]


class LastRecords:
    """Finds the last scans of storages; of all snapshots it reads as few as it can, each once."""

    def __init__(self, repository: Repository) -> None:
        """Look in a repository; nothing is read before somebody asks."""
        self._repository = repository
        #: By place, the last scan that a snapshot has, as far as they were read; empty: none.
        self._named: dict[str, str] = {}
        #: The ids of those that were not, with the names of their files; the newest comes last.
        self._unread: list[tuple[str, str]] | None = None

    def of(self, place: str) -> Scan | None:
        """Return the last scan of the storage at a place; None if there is none.

        Raises `RepositoryError`; `SnapshotError` if its record is damaged, or was removed.
        """
        last = record.latest(self._repository, place, complete=False)
        if named := self._named_after(place, last):
            # It may have ended since, and be in a snapshot already.
            last = record.latest(self._repository, place, complete=False)
            if last is None or last.id < named:
                raise SnapshotError(self._missing(place, named, last))
        return last

    def _named_after(self, place: str, last: Scan | None) -> str:
        """Return the last scan of a place that a snapshot has; empty if none is after `last`.

        The newest snapshot that has one has the last, and one that was made before `last` began
        has none that is later. One that has none, and lacks none, was made when there was none.
        """
        newest = last.id if last else ""
        while place not in self._named and self._read_next(newest):
            pass
        named = self._named.get(place, "")
        return named if named > newest else ""

    def _read_next(self, after: str) -> bool:
        """Read the newest snapshot that was not read; False if there is none `after` a scan."""
        if self._unread is None:
            names = self._repository.names(layout.SNAPSHOTS)
            self._unread = sorted((m[1], m[0]) for m in map(_SNAPSHOT.fullmatch, names) if m)
        if not self._unread or self._unread[-1][0] < after:
            return False
        _, name = self._unread.pop()
        try:
            snapshot = msgspec.json.decode(self._repository.read(name) or b"", type=_Snapshot)
        except msgspec.MsgspecError:
            return True
        lacks = {lacking.storage for lacking in snapshot.lacking if lacking.what == "contents"}
        for storage in snapshot.storages:
            if storage.contents is not None or storage.name not in lacks:
                scan = storage.contents.scan if storage.contents else ""
                self._named.setdefault(storage.place, scan)
        return True

    def _missing(self, place: str, named: str, last: Scan | None) -> str:
        which, but = "the records of all scans of the storage are", ""
        if last is not None:
            which = "the record of the last scan of the storage is"
            but = f", where that of {last.id} is the newest"
        return (
            f"{which} lost from {quoted(layout.scans(place))} in {self._repository.address}"
            f"{but}, though a snapshot has the contents that the scan {named} found. {WAYS_OUT}"
        )
