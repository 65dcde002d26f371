"""The store of state servers on PostgreSQL: several servers on one database are as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TypeVar

import psycopg
from psycopg_pool import ConnectionPool

from reconciler.errors import PlatformError
from reconciler.platform import InventoryRow
from reconciler.server.store import inventory, storages
from reconciler.server.store.base import PLATFORM, SqlStore
from reconciler.server.store.contract import (
    Author,
    Inventory,
    Row,
)
from reconciler.server.store.postgresql.session import (
    DURABLE,
    PostgresSession,
    commit,
    explained,
    native,
)
from reconciler.server.store.postgresql.staging import stage
from reconciler.server.store.postgresql.text import restored_rows, stored
from reconciler.server.store.refusals import (
    StoreUnavailableError,
)
from reconciler.server.store.session import Session, with_turn

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


class PostgresStore(SqlStore):
    """A platform in a PostgreSQL database whose tables are up to date."""

    def __init__(self, url: str) -> None:
        """Connect; raises `psycopg.OperationalError` if the database does not answer."""
        self._calls = _pool(url, 1, _CALLS)
        # A stream can't be begun anew, so its connection is tried first.
        self._streams = _pool(url, 0, _STREAMS, ConnectionPool.check_connection)
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
        self._id = str(found[0][0])

    def _read(self, question: Callable[[Session], _T]) -> _T:
        return self._again_if_lost(lambda connection: question(PostgresSession(connection)))

    def _transact(self, body: Callable[[Session], _T]) -> _T:
        if not self._writers.acquire(timeout=_TURN):
            raise StoreUnavailableError("other writes take too long: try again later")
        try:
            return self._again_if_lost(lambda connection: _transaction(connection, body))
        finally:
            self._writers.release()

    def _transact_soon(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction beside the writers, which may all be waiting for their turn."""
        return self._again_if_lost(lambda connection: _transaction(connection, body))

    def ready(self) -> None:
        """Answer if the database does, and say soon that it does not."""
        self._again_if_lost(lambda connection: connection.execute(PLATFORM), _READY)

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
    def inventory(self, id: str) -> Iterator[Inventory]:
        """Open the inventory of a storage; what is written meanwhile does not show in it."""
        with self._stream("ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            row = storages.get(PostgresSession(connection), id)
            with connection.cursor(name="inventory") as cursor:
                cursor.execute(native(inventory.READ), [stored(id)])
                yield Inventory(row.revision, row.files, _fetched(cursor))

    def record(
        self,
        id: str,
        rows: Iterable[InventoryRow],
        *,
        revision: int | None,
        author: Author,
        fence: int | None,
    ) -> Row:
        """Add files; others write while the rows come in, and wait while they are merged."""
        storages.check_revision(self.get(id), revision)
        with self._stream() as connection:
            stage(connection, rows)
            return _kept_if_changed(
                connection,
                with_turn(
                    author,
                    lambda w: storages.record(
                        w, id, lambda session: inventory.merge(session, id), revision, fence
                    ),
                ),
            )

    def close(self) -> None:
        """Let go of all connections."""
        self._calls.close()
        self._streams.close()


def _pool(
    url: str,
    least: int,
    most: int,
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
        configure=_configure,
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


def _transaction(connection: psycopg.Connection, body: Callable[[Session], _T]) -> _T:
    with _begun(connection):
        return _kept_if_changed(connection, body)


def _kept_if_changed(connection: psycopg.Connection, body: Callable[[Session], _T]) -> _T:
    session = PostgresSession(connection)
    result = body(session)
    if session.changed:
        commit(connection)
    return result


def _fetched(cursor: psycopg.ServerCursor) -> Iterator[InventoryRow]:
    with explained():
        while rows := cursor.fetchmany(2000):
            yield from restored_rows(rows)
