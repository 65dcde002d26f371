"""A PostgreSQL database that is copied, or into which a platform is copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

import psycopg

from reconciler.errors import PlatformError
from reconciler.server.store.copying import CopyEnd
from reconciler.server.store.migrations import MOVED
from reconciler.server.store.postgresql.preparing import prepare
from reconciler.server.store.postgresql.session import PostgresSession, explained
from reconciler.server.store.postgresql.text import stored_row
from reconciler.server.store.session import SqlRow

#: Both ends wait for each other, for as long as it takes; nobody else may hold them up.
_SETTINGS = (
    "SET lock_timeout = '5s'; SET statement_timeout = 0; "
    "SET idle_in_transaction_session_timeout = 0"
)
_PLACE = "SELECT pg_postmaster_start_time(), current_database(), 'platform'::regclass::oid"
_OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND application_name = 'reconciler' AND pid <> pg_backend_pid()"""
#: The connections of a server that was stopped a moment ago may still be ending.
_LOOKS, _PAUSE = 20, "SELECT pg_stat_clear_snapshot(), pg_sleep(0.1)"
_KEEP_OUT = "LOCK TABLE platform, lease IN ACCESS EXCLUSIVE MODE"
#: Columns by their tables, oldest table first, as they stand in the schema where ours are.
_COLUMNS = """SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a
ON a.attrelid = c.oid WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'platform'::regclass)
AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid, a.attnum"""
#: A server that lost its connection and finds a new one can write no more, nor take the lease.
_MARK = (
    "ALTER TABLE platform ADD CONSTRAINT moved_elsewhere CHECK (false) NOT VALID",
    "ALTER TABLE lease ADD CONSTRAINT moved_elsewhere CHECK (false) NOT VALID",
    f"INSERT INTO reconciler_migrations VALUES ({MOVED})",  # noqa: S608 - constant
)


class PostgresEnd(CopyEnd):
    """A database, with one connection."""

    def __init__(self, name: str, connection: psycopg.Connection) -> None:
        self.name = name
        self.session = PostgresSession(connection)
        self._connection = connection

    def place(self) -> object:
        """Return which server it is, which database there, and which table in that."""
        return self._connection.execute(_PLACE).fetchall()[0]

    def begin(self) -> None:
        """Lock what every read, every write and the lease begin with."""
        busy = PlatformError(
            f"database {self.name}: somebody is connected to it: stop the servers that run on it"
        )
        self._connection.execute("BEGIN")
        try:
            self._connection.execute(_KEEP_OUT)
        except psycopg.errors.LockNotAvailable:
            raise busy from None
        for _ in range(_LOOKS):
            if not self._connection.execute(_OTHERS).fetchall()[0][0]:
                return
            self._connection.execute(_PAUSE)
        raise busy

    def tables(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for table, column in self._connection.execute(_COLUMNS):
            found[table] = (*found.get(table, ()), column)
        return found

    def fill(self, table: str, columns: tuple[str, ...], rows: Iterable[SqlRow]) -> None:
        into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(stored_row(row))

    def mark_as_moved(self) -> None:
        """Let constraints refuse all writes, and give it a number of tables that nobody opens."""
        for statement in _MARK:
            self._connection.execute(statement)


@contextmanager
def postgres_end(url: str, name: str) -> Iterator[PostgresEnd]:
    """Open a database, which is made or brought up to date; what is not committed is undone."""
    prepare(url, name)
    with (
        explained(),
        closing(
            psycopg.connect(
                url,
                autocommit=True,
                connect_timeout=10,
                application_name="reconciler copy",
                client_encoding="utf-8",
            )
        ) as connection,
    ):
        connection.execute(_SETTINGS)
        yield PostgresEnd(name, connection)
