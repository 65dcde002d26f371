"""Opening a PostgreSQL database: understand its URL, check it, bring its tables up to date."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from reconciler.errors import AddressError, PlatformError, UnavailableError, UsageError
from reconciler.printable import quoted, shown
from reconciler.server.store.migrations import MOVED, MOVED_TEXT, Migration, migrations

if TYPE_CHECKING:
    import psycopg

    from reconciler.server.store.postgresql.copying import PostgresEnd
    from reconciler.server.store.postgresql.store import PostgresStore

#: Older ones get no more corrections themselves.
_OLDEST = 13
#: "recs", twice: whoever changes the tables holds the advisory lock of this number.
_LOCK = 0x7265637372656373
#: A URL of which it is clear where user and password end, and where the query begins.
_PLAIN = re.compile(r"(\w+://)([^@?#/]*@)?([^@?#]*)(?:\?[^@]*)?")
_EXAMPLE = "write postgresql://user@host/database"
_MARK = "SELECT to_regclass('reconciler_migrations') IS NOT NULL"
_MADE = """CREATE TABLE reconciler_migrations (
    number integer PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now()
)"""
_OTHER_TABLES = """SELECT count(*) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e'
)"""


def open_postgres(url: str) -> PostgresStore:
    """Open a database; see `store.open_store` for what it raises."""
    name = _checked(url)
    from reconciler.server.store.postgresql.store import PostgresStore

    prepare(url, name)
    with _explained(name):
        return PostgresStore(url)


def open_postgres_end(url: str) -> AbstractContextManager[PostgresEnd]:
    """Open a database to copy it, or to copy into it; raises as `open_postgres` does."""
    name = _checked(url)
    from reconciler.server.store.postgresql.copying import postgres_end

    prepare(url, name)
    return postgres_end(url, name)


def _checked(url: str) -> str:
    """Check a URL; give the database's name for messages, without any secret in it."""
    try:
        import psycopg.conninfo
        import psycopg_pool  # noqa: F401
    except ImportError as error:
        from reconciler.environment.extras import missing_extra

        raise UsageError(missing_extra("PostgreSQL", "postgresql")) from error
    _check_user_info(url)
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise AddressError(
            f"{_shown(url)} is not a URL that PostgreSQL's library understands: {_EXAMPLE}"
        ) from None
    if not parts.get("dbname"):
        raise AddressError(f"{_shown(url)} names no database: {_EXAMPLE}")
    place = f"{parts.get('host') or ''}:{parts['port']}" if "port" in parts else parts.get("host")
    return quoted(f"postgresql://{place or ''}/{parts['dbname']}")


def _shown(url: str) -> str:
    """Quote as much of a URL as surely is no password: not the query, which may hold one."""
    found = _PLAIN.fullmatch(url)
    return quoted(
        f"{found[1]}{'***@' if found[2] else ''}{found[3]}" if found else "postgresql://…"
    )


def _check_user_info(url: str) -> None:
    """Refuse what PostgreSQL's library would take apart elsewhere than it was meant.

    A part of the password would then be a host or a database, and be shown as such.
    """
    _, slashes, rest = url.partition("://")
    place, _, path = rest.partition("?")[0].partition("/")
    if not slashes:
        raise AddressError(f"the database's URL lacks `://` after its scheme: {_EXAMPLE}")
    if place.count("@") > 1 or "@" in path:
        raise AddressError(
            "the database's URL has an `@` too many, or a `/` before it: write those of user name "
            "and password as %40 and %2F"
        )


def prepare(url: str, name: str, steps: tuple[Migration, ...] | None = None) -> None:
    """Make the tables if there are none, and bring older ones up to date.

    Raises `UnavailableError` if the database does not answer, and `PlatformError` if it is
    newer, or somebody else's; it is left untouched.
    """
    import psycopg

    from reconciler.server.store.postgresql.session import DURABLE

    steps = migrations("postgresql") if steps is None else steps
    with (
        _explained(name),
        psycopg.connect(url, connect_timeout=10, prepare_threshold=None) as connection,
    ):
        connection.execute(DURABLE)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _check_server(name, connection)
        version = _version(name, connection)
        if version == MOVED:
            raise PlatformError(f"database {name}: {MOVED_TEXT}")
        if version > steps[-1].number:
            raise PlatformError(
                f"database {name}: it was made by a newer version of reconciler (migration "
                f"{version}, this one knows {steps[-1].number}): use that version"
            )
        for step in steps[version:]:
            connection.execute(step.sql)
            connection.execute("INSERT INTO reconciler_migrations VALUES (%s)", [step.number])
        if not version:
            id = secrets.token_hex(16)
            connection.execute("INSERT INTO platform VALUES (1, %s, 0)", [id])


@contextmanager
def _explained(name: str) -> Iterator[None]:
    import psycopg

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
    """Give the number of the last step that was taken; 0, and the table for it, if none was."""
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
