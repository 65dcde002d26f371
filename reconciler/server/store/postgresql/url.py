"""The URL of a PostgreSQL database: what is refused, and what of it may be shown."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reconciler.errors import AddressError
from reconciler.masking import quoted_url
from reconciler.printable import quoted

_EXAMPLE = "write postgresql://user@host/database"


def database_name(url: str) -> str:
    """Check a URL; return the database's name for messages, without any secret in it."""
    _check_user_info(url)
    try:
        parts = conninfo_to_dict(url)
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
    begin, _, query = url.partition("?")
    return quoted_url("postgresql://…" if "@" in query else begin)


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
