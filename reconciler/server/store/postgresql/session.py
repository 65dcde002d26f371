"""A transaction on PostgreSQL, and what its errors mean for the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg

from reconciler.server.store import session
from reconciler.server.store.postgresql.text import restored_rows, stored_row
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

_NOW = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_CLOCK = f"SELECT {_NOW}"
_TAKE = f"UPDATE platform SET revision = revision + %s RETURNING revision, {_NOW}"  # noqa: S608
_MOMENT = (
    "SELECT s.*, p.revision FROM platform AS p LEFT JOIN ({}) AS s ON true "
    "WHERE p.only_row = 1 ORDER BY s.id"
)
#: Lets a commit of this transaction wait until it is on the disk, whatever the database, its role
#: or its file of settings say; `remote_apply`, which waits for more, stays.
DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', true) "
    "WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')"
)
#: Rows with the text in those before the last one before; so one is left that no longer fits.
_PART = (
    "SELECT * FROM (SELECT q.*, coalesce(sum({size}) OVER (ORDER BY q.{key} "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0)::bigint AS earlier FROM ({sql}) AS q) "
    "AS r WHERE earlier <= {most}"
)


class PostgresSession(Session):
    """A transaction, or a single read, on one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Work on a connection that is in autocommit mode."""
        self._connection = connection

    def rows(self, sql: str, *values: object) -> list[SqlRow]:
        return restored_rows(self._run(native(sql), values).fetchall())

    def part(self, query: PagedQuery, limit: int, *values: object) -> tuple[list[SqlRow], bool]:
        """Read rows that the database has counted."""
        sql = f"{_bounded(query)} ORDER BY {query.key}"
        found = self.rows(sql, *values, limit + 1)
        size = found[-1][-1] + query.size(found[-2:]) if found else 0
        return query.cut(found, limit, size)

    def moment(
        self, query: PagedQuery, limit: int, *values: object
    ) -> tuple[list[SqlRow], bool, int]:
        """Read a part and the revision in one statement, which sees one moment."""
        found = self.rows(_MOMENT.format(_bounded(query)), *values, limit + 1)
        revision = int(found[0][-1])
        if found[0][0] is None:  # the row of the platform is there also when no other is
            return [], False, revision
        size = found[-1][-2] + query.size(found[-2:])
        return *query.cut(found, limit, size), revision

    @contextmanager
    def stream(self, sql: str, *values: object, batch: int = 2000) -> Iterator[Iterator[SqlRow]]:
        """Read rows by a cursor of the database."""
        with self._connection.cursor(name="stream") as cursor:
            cursor.execute(native(sql), stored_row(values))
            yield _fetched(cursor, batch)

    def locked(self, sql: str, strength: Strength) -> list[SqlRow]:
        return self.rows(f"{sql} FOR {strength}")

    def execute(self, sql: str, *values: object) -> int:
        try:
            written = self._run(native(sql), values).rowcount
        except psycopg.IntegrityError as error:
            raise ViolationError(error.diag.constraint_name or "") from error
        self.changed = self.changed or written > 0
        return written

    def now(self) -> str:
        return str(self._run(_CLOCK, ()).fetchall()[0][0])

    def take(self) -> tuple[int, str]:
        """Wait for the platform's row, which every write changes first."""
        revision, at = self._run(_TAKE, (step(),)).fetchall()[0]
        return revision, at

    def commit(self) -> None:
        """Make the transaction final; unknown unless the database says what came of it.

        A pooler in between can lose the database over it, and leave our own connection open.
        """
        try:
            self._connection.execute("COMMIT")
        except psycopg.Error as error:
            if _is_refusal(error):
                raise
            raise OutcomeUnknownError(
                "the database was lost while the write was made final: nobody knows whether it is "
                "there"
            ) from error

    def _run(self, sql: str, values: tuple[object, ...]) -> psycopg.Cursor:
        return self._connection.execute(sql, stored_row(values))


def _fetched(cursor: psycopg.ServerCursor, batch: int) -> Iterator[SqlRow]:
    with explained():
        while rows := cursor.fetchmany(batch):
            yield from restored_rows(rows)


def _is_refusal(error: psycopg.Error) -> bool:
    """Return whether a transaction was surely undone: by a constraint, or for others."""
    state = error.sqlstate or ""
    return state[:2] in ("23", "40") and state != "40003"


def _bounded(query: PagedQuery) -> str:
    """Let the database leave out what is too much: all that it answers with is held in memory."""
    size = " + ".join(f"coalesce(octet_length(q.{name}), 0)" for name in query.texts)
    most = session.LARGEST_PART
    return _PART.format(size=size, key=query.key, sql=query.sql, most=most)


@cache
def native(sql: str) -> str:
    """Return constant SQL as psycopg takes it."""
    return sql.replace("?", "%s")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what psycopg raises, and what PostgreSQL can't hold, into a `StoreError`."""
    try:
        yield
    except ViolationError as error:
        raise error.refusal() from error
    except (psycopg.DataError, UnicodeError) as error:
        raise RefusedValueError("the database can't hold a value: it is not valid") from error
    except psycopg.errors.IntegrityError as error:
        raise ViolationError(error.diag.constraint_name or "").refusal() from error
    except psycopg.errors.ProgramLimitExceeded as error:
        raise RefusedValueError("the database can't hold a value: it is too long") from error
    except psycopg.Error as error:
        raise StoreUnavailableError(
            "the database does not answer, or is too busy: try again later"
        ) from error
