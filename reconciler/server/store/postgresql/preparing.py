"""A PostgreSQL database before it is used: check it, make its tables, bring them up to date."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from reconciler.errors import PlatformError, UnavailableError
from reconciler.printable import shown
from reconciler.server.store.migrations import Migration, check_version, migrations
from reconciler.server.store.postgresql.session import DURABLE

#: Older ones get no more corrections themselves.
_OLDEST = 13
#: "recs", twice: whoever changes the tables holds the advisory lock of this number.
_LOCK = 0x7265637372656373
_MARK = "SELECT to_regclass('reconciler_migrations') IS NOT NULL"
_MADE = """CREATE TABLE reconciler_migrations (
    number integer PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now()
)"""
_OTHER_TABLES = """SELECT count(*) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e'
)"""


def prepare(url: str, name: str, steps: tuple[Migration, ...] | None = None) -> None:
    """Make the tables if there are none, and bring older ones up to date.

    Raises `UnavailableError` if the database does not answer, and `PlatformError` if it is
    newer, or somebody else's; it is left untouched.
    """
    steps = migrations("postgresql") if steps is None else steps
    with (
        explained_at_start(name),
        psycopg.connect(url, connect_timeout=10, prepare_threshold=None) as connection,
    ):
        connection.execute(DURABLE)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _check_server(name, connection)
        version = _version(name, connection)
        check_version(name, version, steps)
        for step in steps[version:]:
            connection.execute(step.sql)
            connection.execute("INSERT INTO reconciler_migrations VALUES (%s)", [step.number])
        if not version:
            id = secrets.token_hex(16)
            connection.execute("INSERT INTO platform VALUES (1, %s, 0)", [id])


@contextmanager
def explained_at_start(name: str) -> Iterator[None]:
    """Turn what psycopg raises into an error for whoever starts the server."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"database {name}: it does not answer, or refuses us ({_first_line(error)}): check "
            "the URL, and whether PostgreSQL runs"
        ) from error
    except psycopg.Error as error:
        raise PlatformError(f"database {name}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return shown(str(error).strip().partition("\n")[0])


def _check_server(name: str, connection: psycopg.Connection) -> None:
    info = connection.info
    if info.server_version < _OLDEST * 10000:
        raise PlatformError(
            f"database {name}: PostgreSQL is too old: use version {_OLDEST} or newer"
        )
    encoding = info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise PlatformError(
            f"database {name}: its encoding is {encoding}: make one with the encoding UTF8"
        )


def _version(name: str, connection: psycopg.Connection) -> int:
    """Return the number of the last step that was taken; 0, and the table for it, if none was."""
    if _one(connection, _MARK):
        return int(_one(connection, "SELECT coalesce(max(number), 0) FROM reconciler_migrations"))
    if _one(connection, "SELECT current_schema() IS NULL"):
        raise PlatformError(
            f"database {name}: there is no schema to put tables into: make one, or set search_path"
        )
    if _one(connection, _OTHER_TABLES):
        raise PlatformError(
            f"database {name}: it holds tables of another program: give the server a database of "
            "its own"
        )
    connection.execute(_MADE)
    return 0


def _one(connection: psycopg.Connection, question: str) -> int:
    return int(connection.execute(question).fetchall()[0][0])
