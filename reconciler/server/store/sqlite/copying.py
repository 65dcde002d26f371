"""A SQLite file that is copied, or into which a platform is copied."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from reconciler.errors import PlatformError
from reconciler.printable import quoted
from reconciler.server.store.copying import CopyEnd
from reconciler.server.store.migrations import MOVED
from reconciler.server.store.session import SqlRow
from reconciler.server.store.sqlite.preparing import connect, prepare
from reconciler.server.store.sqlite.session import SqliteSession, explained

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
_COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY cid"


class SqliteEnd(CopyEnd):
    """A file, held by one connection."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.name = quoted(str(path))
        self.session = SqliteSession(db)
        self._path = path
        self._db = db

    def place(self) -> object:
        """Return what the file is on its disk."""
        found = self._path.stat()
        return found.st_dev, found.st_ino

    def begin(self) -> None:
        """Take the file out of the mode in which others can have it open, and lock it."""
        self._db.execute("PRAGMA busy_timeout = 0")
        try:
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            raise PlatformError(
                f"database {self.name}: somebody has it open: stop the servers that run on it"
            ) from None

    def tables(self) -> dict[str, tuple[str, ...]]:
        names = [str(row[0]) for row in self._db.execute(_TABLES)]
        return {
            name: tuple(str(row[0]) for row in self._db.execute(_COLUMNS, [name])) for name in names
        }

    def fill(self, table: str, columns: tuple[str, ...], rows: Iterable[SqlRow]) -> None:
        places = ", ".join("?" * len(columns))
        self._db.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608
            rows,
        )

    def mark_as_moved(self) -> None:
        """Give the file a number of tables that no program opens."""
        self._db.execute(f"PRAGMA user_version = {MOVED}")


@contextmanager
def sqlite_end(path: Path) -> Iterator[SqliteEnd]:
    """Open a file, which is made or brought up to date; what is not committed is undone."""
    path = Path(os.path.realpath(path))
    prepare(path)
    with explained(), closing(connect(path)) as db:
        yield SqliteEnd(path, db)
