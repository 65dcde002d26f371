"""The database of state servers on PostgreSQL: several servers on one database are as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TypeVar

import psycopg
from psycopg_pool import ConnectionPool

from reconciler.errors import PlatformError
from reconciler.platform import InventoryRow
from reconciler.server.store.database import PLATFORM, Database
from reconciler.server.store.postgresql.preparing import explained_at_start, prepare
from reconciler.server.store.postgresql.session import DURABLE, PostgresSession, explained
from reconciler.server.store.postgresql.staging import stage
from reconciler.server.store.refusals import StoreUnavailableError
from reconciler.server.store.session import Session

_T = TypeVar("_T")
_IDLE = psycopg.pq.TransactionStatus.IDLE
#: Connections for calls that take a moment, and for inventories, which may take minutes.
_CALLS, _STREAMS = 12, 8
#: Writes have one order anyway; while some wait for their turn, reads need connections too.
_WRITERS = 4
#: How long to wait for a connection, for one only to say whether there is one, and for the turn to
#: write, in seconds.
_WAIT, _READY = 10.0, 2.0
_TURN = 30.0
_CONNECTION = {
    "autocommit": True,
    "connect_timeout": 10,
    "application_name": "reconciler",
    "client_encoding": "utf-8",
    # A database whose machine is gone is noticed after so many milliseconds.
    "tcp_user_timeout": 30_000,
}
#: Queries are too small to be compiled.
_SETTINGS = "SET jit = off"
_PROCESS = "SELECT pg_backend_pid()"
#: What each transaction says for itself, beside how long it waits for its turn: the settings of a
#: connection are those of whatever database, role or pooler it comes from. Nobody holds the others
#: up for ever, not even a server that hangs; and what was answered outlives a crash.
_LOCAL = f"SET LOCAL idle_in_transaction_session_timeout = '10min'; {DURABLE}"


class PostgresDatabase(Database):
    """Two pools of connections to a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        """Connect; raises `psycopg.OperationalError` if the database does not answer."""
        self.platform_id = ""
        self._calls = _pool(url, 1, _CALLS, self._configure)
        # A stream can't be begun anew, so its connection is tried first.
        tried = ConnectionPool.check_connection
        self._streams = _pool(url, 0, _STREAMS, self._configure, tried)
        self._writers = BoundedSemaphore(_WRITERS)
        try:
            with self._calls.connection() as connection:
                info = connection.info
                found = connection.execute(PLATFORM).fetchall()
        except BaseException:
            self.close()
            raise
        if len(found) != 1:
            self.close()
            raise PlatformError(
                "the database does not know its own id any more: restore it from a backup"
            )
        self.version = f"PostgreSQL {info.server_version // 10000}.{info.server_version % 10000}"
        self.platform_id = str(found[0][0])

    def _configure(self, connection: psycopg.Connection) -> None:
        """Make a new connection ready; raises an error if it leads to another platform by now.

        What lies behind a URL may be exchanged while we run, and has other storages.
        """
        _configure(connection)
        if self.platform_id:
            found = [str(id) for id, _ in connection.execute(PLATFORM).fetchall()]
            if found != [self.platform_id]:
                raise psycopg.OperationalError("another database answers than before")

    def read(self, question: Callable[[Session], _T]) -> _T:
        return self._again_if_lost(
            lambda connection: self._answered(PostgresSession(connection), question)
        )

    def transact(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction as one of few writers."""
        if not self._writers.acquire(timeout=_TURN):
            raise StoreUnavailableError("other writes take too long: try again later")
        try:
            return self._again_if_lost(lambda connection: self._transaction(connection, body))
        finally:
            self._writers.release()

    def transact_soon(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction beside the writers, which may all be waiting for their turn."""
        return self._again_if_lost(lambda connection: self._transaction(connection, body))

    def ready(self) -> None:
        """Answer if the database does, and say soon that it does not."""
        self._again_if_lost(lambda connection: self._check_own(PostgresSession(connection)), _READY)

    def _transaction(self, connection: psycopg.Connection, body: Callable[[Session], _T]) -> _T:
        with _begun(connection):
            return self._kept(PostgresSession(connection), body)

    def _again_if_lost(
        self, task: Callable[[psycopg.Connection], _T], wait: float | None = None
    ) -> _T:
        """Do a task; once more, if the database went away before anything could be kept.

        After a restart of the database every connection of the pool is dead.
        """
        with explained():
            with _lent(self._calls, wait) as connection:
                try:
                    return task(connection)
                except psycopg.Error:
                    if not connection.closed:
                        raise
            self._calls.check()
            with _lent(self._calls, wait) as connection:
                return task(connection)

    @contextmanager
    def _stream(self, how: str = "") -> Iterator[psycopg.Connection]:
        """Lend a connection for a transaction that may take long."""
        with explained(), _lent(self._streams) as connection, _begun(connection, how):
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        with self._stream("ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            session = PostgresSession(connection)
            self._check_own(session)
            yield session

    def transact_with(self, rows: Iterable[InventoryRow], body: Callable[[Session], _T]) -> _T:
        """Take rows in as the transaction begins, and wait for the turn to write only then."""
        with self._stream() as connection:
            stage(connection, rows)
            return self._kept(PostgresSession(connection), body)

    def close(self) -> None:
        self._calls.close()
        self._streams.close()


def open_database(url: str, name: str) -> PostgresDatabase:
    """Make a database, or bring it up to date, and connect; see `open_store` for what it raises."""
    prepare(url, name)
    with explained_at_start(name):
        return PostgresDatabase(url)


def _pool(
    url: str,
    least: int,
    most: int,
    configure: Callable[[psycopg.Connection], None],
    check: Callable[[psycopg.Connection], None] | None = None,
) -> ConnectionPool:
    return ConnectionPool(
        url,
        kwargs=_CONNECTION,
        min_size=least,
        max_size=most,
        timeout=_WAIT,
        # After that the pool waits for the next call before it tries again.
        reconnect_timeout=2.0,
        configure=configure,
        check=check,
        name="reconciler",
        open=True,
    )


def _configure(connection: psycopg.Connection) -> None:
    """Prepare statements only where the next one comes to the same process of the database.

    A pooler that may send it to another one has given us a number of its own for that process.
    """
    prepared, connection.prepare_threshold = connection.prepare_threshold, None
    if connection.execute(_PROCESS).fetchall() == [(connection.info.backend_pid,)]:
        connection.prepare_threshold = prepared
    connection.execute(_SETTINGS)


@contextmanager
def _lent(pool: ConnectionPool, wait: float | None = None) -> Iterator[psycopg.Connection]:
    connection = pool.getconn(wait)
    try:
        yield connection
    finally:
        pool.putconn(connection)


@contextmanager
def _begun(connection: psycopg.Connection, how: str = "") -> Iterator[None]:
    """Begin a transaction; what is not committed in it is undone."""
    try:
        connection.execute(f"BEGIN {how}; SET LOCAL lock_timeout = '{_TURN}s'; {_LOCAL}")
        yield
    finally:
        # A database that was lost does so by itself.
        if not connection.closed and connection.info.transaction_status != _IDLE:
            connection.execute("ROLLBACK")
