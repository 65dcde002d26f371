"""A transaction on SQLite, and what SQLite's errors mean for the client."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from reconciler.disk.sqlite_replaced import may_be_written
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.server.store import session
from reconciler.server.store.refusals import (
    OutcomeUnknownError,
    RefusedValueError,
    StoreUnavailableError,
)
from reconciler.server.store.session import (
    PagedQuery,
    Session,
    SqlRow,
    Strength,
    ViolationError,
    step,
)

_TAKE = "UPDATE platform SET revision = revision + ?"
_REVISION = "SELECT revision FROM platform"
#: How many rows are read before it is looked at how much text they have.
_BATCH = 100
_MEANING = {
    sqlite3.SQLITE_BUSY: "another process has been writing to the database for too long",
    sqlite3.SQLITE_LOCKED: "another process has been writing to the database for too long",
    sqlite3.SQLITE_FULL: "there is no room left for the database",
    sqlite3.SQLITE_IOERR: "the database's disk or file system failed",
    sqlite3.SQLITE_READONLY: "the database's file can't be written",
    sqlite3.SQLITE_PERM: "the database's file can't be used",
    sqlite3.SQLITE_CANTOPEN: "the database's file can't be opened",
    sqlite3.SQLITE_CORRUPT: "the database's file is damaged",
    sqlite3.SQLITE_NOTADB: "the database's file is damaged",
}


class SqliteSession(Session):
    """A transaction, or a single read, on one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on `db`; beginning and ending the transaction is the store's task."""
        self._db = db

    def rows(self, sql: str, *values: object) -> list[SqlRow]:
        return self._db.execute(sql, values).fetchall()

    def part(self, query: PagedQuery, limit: int, *values: object) -> tuple[list[SqlRow], bool]:
        """Read rows as they are needed."""
        found: list[SqlRow] = []
        size = 0
        with closing(self._db.execute(query.sql, (*values, limit + 1))) as cursor:
            while size <= session.LARGEST_PART and (rows := cursor.fetchmany(_BATCH)):
                found += rows
                size += query.size(rows)
        return query.cut(found, limit, size)

    def moment(
        self, query: PagedQuery, limit: int, *values: object
    ) -> tuple[list[SqlRow], bool, int]:
        """Read a part and the revision in one transaction."""
        self._db.execute("BEGIN")
        found = *self.part(query, limit, *values), int(self.rows(_REVISION)[0][0])
        self._db.execute("COMMIT")
        return found

    @contextmanager
    def stream(self, sql: str, *values: object, batch: int = 2000) -> Iterator[Iterator[SqlRow]]:
        with closing(self._db.execute(sql, values)) as cursor:
            yield _fetched(cursor, batch)

    def locked(self, sql: str, strength: Strength) -> list[SqlRow]:  # noqa: ARG002
        """Read rows; a writer has the whole database to itself."""
        return self.rows(sql)

    def execute(self, sql: str, *values: object) -> int:
        try:
            written = self._db.execute(sql, values).rowcount
        except sqlite3.IntegrityError as error:
            # `CHECK constraint failed: NAME`, `UNIQUE constraint failed: storages.name`
            raise ViolationError(str(error).rpartition(": ")[2]) from error
        self.changed = self.changed or written > 0
        return written

    def now(self) -> str:
        """Return the time; the database's clock is that of this machine."""
        return timestamp(utc_now(), "microseconds")

    def take(self) -> tuple[int, str]:
        """Return the platform's next revision; our turn came with the transaction."""
        self._db.execute(_TAKE, (step(),))
        return int(self.rows(_REVISION)[0][0]), self.now()

    def commit(self) -> None:
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if may_be_written(error):
                raise OutcomeUnknownError(
                    "the database's disk failed while the write was made final: nobody knows "
                    "whether it is there"
                ) from error
            raise


def _fetched(cursor: sqlite3.Cursor, batch: int) -> Iterator[SqlRow]:
    with explained():
        while rows := cursor.fetchmany(batch):
            yield from rows


@contextmanager
def explained() -> Iterator[None]:
    """Turn what SQLite raises, and what it can't hold, into a `StoreError`."""
    try:
        yield
    except ViolationError as error:
        raise error.refusal() from error
    except sqlite3.Error as error:
        meaning = _MEANING.get(_code(error), "the database does not work as it should")
        raise StoreUnavailableError(f"{meaning}: try again later") from error
    except UnicodeError as error:
        raise RefusedValueError("a text is not valid Unicode") from error
    except OverflowError as error:
        raise RefusedValueError("a number is too large") from error


def _code(error: sqlite3.Error) -> int:
    # Absent where Python's own module complains, as about text that it can't decode.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
