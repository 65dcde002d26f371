"""A platform changes its database: all that it is goes from one into another, or nothing does.

The copy is the platform from then on, with the id of the original: two that are written under one
id would be taken for each other by plans and by people. So the original is marked, and neither
opened nor written again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b

from msgspec import Struct

from reconciler.errors import PlatformBusyError, PlatformError
from reconciler.lease.contract import locked_by
from reconciler.server.store.database import PLATFORM
from reconciler.server.store.session import Session, SqlRow
from reconciler.server.store.tables import leases

#: Tables that are not copied. Of the lease only the fence is: it must never be given out again.
LEFT_OUT = ("lease", "reconciler_migrations")
_TOLD = {
    "storages": ("storage", "storages"),
    "inventory": ("file record", "file records"),
    "audit": ("line of the audit", "lines of the audit"),
    "tokens": ("token", "tokens"),
}
_FENCE = "SELECT fence FROM lease"
_KEEP_FENCE = "UPDATE lease SET fence = ?"
_SUM = 1 << 128
#: How many rows go by before it is told.
_STEP = 1000
#: How many rows are in memory at once: those of inventories are small.
_SMALL, _BATCH = 2000, 50


class CopyEnd(ABC):
    """One of the two databases, whose tables are up to date."""

    #: For messages: without a password.
    name: str
    session: Session

    @abstractmethod
    def place(self) -> object:
        """Return what two ends have in common only if they are one database."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that keeps everybody else out; `PlatformError` if one is in."""

    @abstractmethod
    def tables(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each table; what refers to a table comes after it."""

    def rows(self, table: str, columns: tuple[str, ...]) -> Iterator[SqlRow]:
        """Read a table, in constant memory."""
        sql = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608 - names of our own tables
        batch = _SMALL if table == "inventory" else _BATCH
        with self.session.stream(sql, batch=batch) as rows:
            yield from rows

    @abstractmethod
    def fill(self, table: str, columns: tuple[str, ...], rows: Iterable[SqlRow]) -> None:
        """Put rows into a table, in constant memory."""

    @abstractmethod
    def mark_as_moved(self) -> None:
        """Let nobody open this database again, nor write to it."""


class Sum(Struct):
    """What rows are, in whatever order: how many, and the sum of their digests."""

    count: int = 0
    digest: int = 0

    def over(self, rows: Iterable[SqlRow], told: Callable[[int], None]) -> Iterator[SqlRow]:
        """Pass rows on and add them up; tell now and then how many there were."""
        for row in rows:
            digest = blake2b(repr(tuple(row)).encode(), digest_size=16).digest()
            self.digest = (self.digest + int.from_bytes(digest, "big")) % _SUM
            self.count += 1
            if self.count % _STEP == 0:
                told(_STEP)
            yield row
        told(self.count % _STEP)


def how_much(end: CopyEnd) -> int:
    """Return how many rows a copy of this database has to carry."""
    return sum(_counts(end).values())


def told(counts: Mapping[str, int]) -> str:
    """Return counts of rows in words; what is not there is left out."""
    parts = (
        f"{counts[table]:,} {one if counts[table] == 1 else many}"
        for table, (one, many) in _TOLD.items()
        if counts.get(table)
    )
    return ", ".join(parts) or "nothing"


def check_ends(source: CopyEnd, target: CopyEnd) -> None:
    """Refuse what must not be copied, or not there; both have begun."""
    for end in (source, target):
        if lease := leases.current(end.session):
            raise PlatformBusyError(f"database {end.name}: {locked_by(lease)}")
    if not _platform(source)[1]:
        raise PlatformError(
            f"database {source.name}: nothing was ever written to it: check its URL"
        )
    filled = _counts(target)
    if _platform(target)[1] and not _is_same_platform(source, target):
        raise PlatformError(
            f"database {target.name}: it is in use as a platform already, and holds "
            f"{told(filled)}: give the copy a database of its own"
        )


def copy(source: CopyEnd, target: CopyEnd, moved: Callable[[int], None]) -> dict[str, int]:
    """Copy everything; return how many rows each table has.

    The target is read again and compared before it is final. If it is a copy already, because an
    earlier one was cut off between its two ends, only the original has still to be marked.
    """
    is_there = _is_same_platform(source, target)
    columns = copied_tables(target)
    if columns.keys() != copied_tables(source).keys():
        raise PlatformError(f"database {source.name}: it has other tables than {target.name}")
    sums = _summed(source, columns, moved) if is_there else _carried(source, target, moved)
    if sums != _summed(target, columns, moved):
        raise PlatformError(
            f"database {target.name}: "
            + (
                "it is another state of the same platform: give the copy a database of its own"
                if is_there
                else "what was copied does not read as what was there; nothing was kept"
            )
        )
    target.session.commit()
    source.mark_as_moved()
    source.session.commit()
    return {table: found.count for table, found in sums.items()}


def copied_tables(end: CopyEnd) -> dict[str, tuple[str, ...]]:
    """Return all tables but those that are left out, and all their columns."""
    return {table: columns for table, columns in end.tables().items() if table not in LEFT_OUT}


def _carried(source: CopyEnd, target: CopyEnd, moved: Callable[[int], None]) -> dict[str, Sum]:
    sums = {table: Sum() for table in copied_tables(target)}
    for table in sums:
        target.session.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
    for table, columns in copied_tables(target).items():
        target.fill(table, columns, sums[table].over(source.rows(table, columns), moved))
    fences = [int(end.session.rows(_FENCE)[0][0]) for end in (source, target)]
    target.session.execute(_KEEP_FENCE, max(fences))
    return sums


def _summed(
    end: CopyEnd, tables: Mapping[str, tuple[str, ...]], moved: Callable[[int], None]
) -> dict[str, Sum]:
    sums = {table: Sum() for table in tables}
    for table, columns in tables.items():
        for _ in sums[table].over(end.rows(table, columns), moved):
            pass
    return sums


def _platform(end: CopyEnd) -> tuple[str, int]:
    id, revision = end.session.rows(PLATFORM)[0]
    return str(id), int(revision)


def _is_same_platform(source: CopyEnd, target: CopyEnd) -> bool:
    return _platform(source)[0] == _platform(target)[0]


def _counts(end: CopyEnd) -> dict[str, int]:
    return {
        table: int(end.session.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608
        for table in copied_tables(end)
    }
