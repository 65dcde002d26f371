"""Where findings are kept: a record for each run, in which those before it are contained.

Beside each record an empty file in `found/` says that it is there: one that is lost is missed until
it is back, for else what was found wrong would look as if nothing was.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.findings.contained import kept_of
from reconciler.recovery.findings.episodes import bounded, ordered
from reconciler.recovery.findings.joining import joined
from reconciler.recovery.findings.record import (
    FORMAT_VERSION,
    Record,
    decode,
    encode,
    findings_of,
    written,
)
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import is_listed
from reconciler.recovery.values import FileFinding, Scan
from reconciler.version import __version__

#: How often the list is read anew, because another run has replaced what stood in it.
_TRIES = 10
#: No scan was told yet.
NO_SCANS = ("",)
_SUFFIX = ".json"
_WAYS_OUT = (
    "Restore it from another copy of the repository. If there is none, scan the storage once with "
    "--accept-loss NAME: what was found earlier, and stands nowhere else, is then not known any "
    "more"
)
_NO_ROOM = (
    "{:,} more were found wrong than there is room for, and which ones is not known any more: "
    "compare with a snapshot from before (`reconciler verify {}@ID --deep`), and then scan the "
    "storage once with --accept-loss NAME"
)


class Known(Struct, frozen=True):
    """What is known of a storage, and from which records."""

    episodes: tuple[FileFinding, ...] = ()
    #: All records that there were, contained in others or not, but for damaged and lost ones.
    records: tuple[str, ...] = ()
    #: Of each record that can't be read, or is lost, a sentence.
    damaged: tuple[str, ...] = ()
    #: Those records.
    lost: tuple[str, ...] = ()
    #: Until when scans told what is gone, though not all had room: RFC 3339, UTC; empty: all had.
    no_room_until: str = ""
    #: How many findings there was no room for.
    no_room: int = 0
    #: The last scans of which all that was found is told.
    told_scans: tuple[str, ...] = ()
    #: Until when scans are told by versions that did not say which: as `_digits`; empty: by none.
    told_until: str = ""
    #: The names of records that are contained in these.
    contained: frozenset[str] = frozenset()
    #: The address of the repository, fit to be printed.
    repository: str = ""

    def has(self, record: str) -> bool:
        """Return whether what a record told is among it, or it is `lost`; empty: there was none."""
        known = (*self.records, *self.lost, "")
        return record in known or record in self.contained

    def tells_of(self, scan: Scan) -> bool:
        """Return whether all that a scan has found is among it, or among what is `lost`."""
        return scan.id in self.told_scans or _digits(scan.ended_at) <= self.told_until

    @property
    def newest(self) -> str:
        """The name of the newest record; empty: there is none."""
        return max(self.records, default="")

    @property
    def problems(self) -> tuple[str, ...]:
        """What of all that was found wrong is not known, in sentences."""
        if not self.no_room:
            return self.damaged
        return (*self.damaged, _NO_ROOM.format(self.no_room, in_shell(self.repository)))


class _GoneError(Exception):
    """Another run replaced a record after it was listed."""


def read(repository: Repository, place: str) -> Known:
    """Read what is known of the storage at a location; raises `RepositoryError`."""
    return read_below(repository, layout.storage_key(place), place)


def read_below(repository: Repository, key: str, place: str = "") -> Known:
    """Read what is known by the key of a location, which nobody may know; raises like `read`."""
    for _ in range(_TRIES):
        # First: what is replaced meanwhile must not look as if it were missing.
        marks = list(repository.names(f"{layout.FOUND}{key}/"))
        names = [n for n in repository.names(f"{layout.FINDINGS}{key}/") if n.endswith(_SUFFIX)]
        with contextlib.suppress(_GoneError):
            return _read(repository, place, names, marks)
    raise RepositoryError(
        f"the findings in {repository.address} are replaced again and again while they are read: "
        "run one verify at a time"
    )


def _read(repository: Repository, place: str, names: Sequence[str], marks: Sequence[str]) -> Known:
    """Read the newest records first, and not those that are contained in them."""
    found, damaged, contained, until, no_room = [], {}, set[str](), "", 0
    scans, told_until = set[str](), ""
    for name in sorted(names, reverse=True):
        if name in contained:
            continue
        data = repository.read(name)
        if data is None and not is_listed(repository, name):
            raise _GoneError
        try:
            record = decode(data)
            found.append(findings_of(record, place))
            contained.update(record.replaces)
            if isinstance(record.told_scans, UnsetType):
                when = record.told_until or name.rpartition("/")[2].partition("-")[0]
                told_until = max(told_until, when)
            else:
                scans.update(record.told_scans)
            until, no_room = max(until, record.no_room_until), max(no_room, record.no_room)
        except SnapshotError as error:
            damaged[name] = _damaged(repository, name, error)
    lost = missed(marks, names, contained)
    if lost and not {*lost} <= {*map(record_of, _again(repository, lost))}:
        raise _GoneError
    records = {*names, *map(record_of, marks)} - {*damaged, *lost}
    damaged |= {name: missing(repository, name) for name in lost}
    told, unusable = tuple(damaged.values()), tuple(damaged)
    return Known(
        tuple(joined(found)),
        tuple(sorted(records)),
        told,
        unusable,
        until,
        no_room,
        tuple(sorted(scans)),
        told_until,
        frozenset(contained),
        repository.address,
    )


def _again(repository: Repository, lost: Sequence[str]) -> Iterable[str]:
    """Return which files say now that these records, of one place, are there."""
    return repository.names(_mark_of(lost[0]).rpartition("/")[0] + "/")


def missed(marks: Iterable[str], names: Collection[str], contained: Collection[str]) -> list[str]:
    """Return the records that are not there, by what says that they are, nor contained in one.

    `marks` were listed before `names` were: see `layout.found`.
    """
    return [n for n in map(record_of, marks) if n not in names and n not in contained]


def record_of(mark: str) -> str:
    """Return the name of the record that a file of `layout.found` tells of."""
    return f"{layout.FINDINGS}{mark.removeprefix(layout.FOUND)}{_SUFFIX}"


def _mark_of(record: str) -> str:
    return f"{layout.FOUND}{record.removeprefix(layout.FINDINGS).removesuffix(_SUFFIX)}"


def missing(repository: Repository, name: str) -> str:
    """Say that a record is missing."""
    return (
        f"{quoted(name)}, a record of what was found wrong, is lost from {repository.address}. "
        f"{_WAYS_OUT}"
    )


def _damaged(repository: Repository, name: str, error: SnapshotError) -> str:
    return f"{quoted(name)} in {repository.address} can't be used: {error}. {_WAYS_OUT}"


def keep(
    repository: Repository,
    place: str,
    episodes: Sequence[FileFinding],
    known: Known,
    moment: datetime,
    *,
    no_room_until: str = "",
    no_room: int | None = 0,
    told_scans: Sequence[str] | None = None,
) -> int:
    """Write what is known now, instead of the records of `known`; return what had no room.

    `no_room_until` says until when all that is gone is among it, or had no room; `no_room`, how
    many had none already, None if nobody was told yet, for then all have; `told_scans`, which scans
    are told now. Nothing is written where there is nothing to tell. Raises `RepositoryError`.
    """
    kept, more = (ordered(episodes), 0) if no_room is None else bounded(episodes)
    if not (kept or known.records or told_scans):
        return 0
    no_room = max((no_room or 0) + more, known.no_room)
    until = no_room_until if no_room else ""
    # The first record is of no earlier version: no scan was told, whoever writes it.
    told = told_scans if known.records or told_scans is not None else NO_SCANS
    if told is not None:
        known = replace(known, told_scans=tuple(told), told_until="")
    _write(repository, place, kept, known, moment, no_room=no_room, no_room_until=until)
    return no_room


def _digits(moment: str) -> str:
    """Return a time of RFC 3339 as the names of records begin with it."""
    return re.sub(r"[^0-9]", "", moment)


def miss_no_more(
    repository: Repository,
    place: str,
    moment: datetime,
    last: Scan | None = None,
    *,
    untold: Sequence[str] = (),
) -> None:
    """Go on without records that are damaged, or lost: one is written that replaces them.

    So is the one that the `last` scan names, what had no room, and what the scans had found that
    are `untold`. So it needs no right to remove anything. Raises `RepositoryError`.
    """
    known = read(repository, place)
    scan, named = (last.id, last.findings) if last else ("", "")
    if known.lost or known.no_room or untold or not known.has(named):
        contained = known.contained if known.has(named) else {*known.contained, named}
        # Where nobody knows any more which scans were told, all of them are.
        told = {*known.told_scans, *untold}
        if not (told or known.told_until):
            told = {scan}
        replaced = replace(
            known,
            records=(*known.records, *known.lost),
            contained=frozenset(contained),
            told_scans=tuple(sorted(told)),
        )
        kept, no_room = bounded(known.episodes)
        _write(repository, place, kept, replaced, moment, no_room=no_room)


def _write(
    repository: Repository,
    place: str,
    kept: Sequence[FileFinding],
    known: Known,
    moment: datetime,
    *,
    no_room: int,
    no_room_until: str = "",
) -> None:
    """Write a record, and that it is there; then remove those that it contains."""
    now = timestamp(moment, "milliseconds")
    record = Record(
        FORMAT_VERSION,
        timestamp(moment, "seconds"),
        __version__,
        tuple(sorted({*known.records, *kept_of(repository, place, known.contained)})),
        no_room,
        tuple(map(written, kept)),
        max(no_room_until, known.no_room_until if known.no_room_until <= now else ""),
        UNSET if known.told_until and not known.told_scans else known.told_scans,
        known.told_until if not known.told_scans else "",
    )
    digits = _digits(timestamp(moment, "microseconds"))
    name = f"{layout.findings(place)}{digits}-{os.urandom(4).hex()}{_SUFFIX}"
    repository.write(name, encode(record))
    # Under Object Lock they stay; they are contained in the new one, so nothing changes.
    with contextlib.suppress(RepositoryError):
        repository.write(_mark_of(name), b"")
        for old in known.records:
            repository.remove(_mark_of(old))  # first: a mark without its record would be missed
            repository.remove(old)
