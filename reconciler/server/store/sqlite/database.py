"""The database of a state server in one SQLite file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

from reconciler.disk.sqlite_replaced import Place
from reconciler.errors import PlatformError
from reconciler.platform import InventoryRow
from reconciler.printable import quoted
from reconciler.server.store.database import PLATFORM, Database
from reconciler.server.store.refusals import OutcomeUnknownError, StoreUnavailableError
from reconciler.server.store.session import Session
from reconciler.server.store.sqlite.preparing import WAIT, check_still_there, connect, prepare
from reconciler.server.store.sqlite.session import SqliteSession, explained
from reconciler.server.store.sqlite.staging import stage

_T = TypeVar("_T")
#: How many connections for reading are kept open while nobody reads.
_IDLE = 16


class SqliteDatabase(Database):
    """One file: one writer at a time, and readers that never wait for it.

    Other processes may write to the file too, such as `reconciler token`.
    """

    version = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, path: Path) -> None:
        """Open the file, which is made or brought up to date; raises `PlatformError`."""
        # SQLite keeps its own files beside the real one, so links are followed first.
        self._path = Path(os.path.realpath(path))
        prepare(self._path)
        self._writer = connect(self._path)
        #: Held by the thread that writes, on whichever connection.
        self._turn = Lock()
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        try:
            self.platform_id = self._own_id(path)
        except PlatformError:
            self._writer.close()
            raise
        # Links may lead elsewhere later, so the path is kept as it was given.
        self._place = Place(path)

    def _own_id(self, path: Path) -> str:
        check_still_there(path, self._writer)
        found = self._writer.execute(PLATFORM).fetchall()
        if len(found) != 1:
            raise PlatformError(
                f"database {quoted(str(path))}: its own id is missing: restore the file from a "
                "backup"
            )
        return str(found[0][0])

    def _check_place(self) -> None:
        if problem := self._place.lost():
            raise StoreUnavailableError(f"the database: {problem}. Restart the server")

    def read(self, question: Callable[[Session], _T]) -> _T:
        """Put a question on a connection that waits for nobody."""
        with explained(), self._reader() as db:
            answer = self._answered(SqliteSession(db), question)
        self._check_place()
        return answer

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that nobody else uses meanwhile."""
        self._check_place()
        try:
            db = self._readers.pop()
        except IndexError:
            db = connect(self._path, read_only=True)
        try:
            yield db
        except BaseException:
            db.close()
            raise
        if self._closed or len(self._readers) >= _IDLE:
            db.close()
        else:
            self._readers.append(db)

    def transact(self, body: Callable[[Session], _T]) -> _T:
        return self._transact_on(self._writer, body)

    def _transact_on(self, db: sqlite3.Connection, body: Callable[[Session], _T]) -> _T:
        if not self._turn.acquire(timeout=WAIT):
            raise StoreUnavailableError("other writes take too long: try again later")
        try:
            self._check_place()
            with explained(), _begun(db):
                result = self._kept(SqliteSession(db), body)
            if problem := self._place.lost():
                raise OutcomeUnknownError(
                    f"the database: {problem}, so that nobody knows what became of the write"
                )
            return result
        finally:
            self._turn.release()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        with explained(), self._reader() as db:
            db.execute("BEGIN")
            session = SqliteSession(db)
            self._check_own(session)
            yield session
            db.execute("ROLLBACK")

    def transact_with(self, rows: Iterable[InventoryRow], body: Callable[[Session], _T]) -> _T:
        """Take rows in on a connection of their own, and wait for the turn to write only then."""
        self._check_place()
        with explained(), closing(connect(self._path)) as db:
            stage(db, rows)
            return self._transact_on(db, body)

    def close(self) -> None:
        self._closed = True
        self._place.settle(self._writer)
        self._writer.close()
        while self._readers:
            self._readers.pop().close()


@contextmanager
def _begun(db: sqlite3.Connection) -> Iterator[None]:
    """Begin a transaction; what is not committed in it is undone."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        # After some failures, such as a full disk, SQLite has rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
