"""The state server's storage: open a database by its URL."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from reconciler.environment.extras import missing_extra
from reconciler.errors import AddressError, UsageError
from reconciler.masking import quoted_url
from reconciler.printable import quoted
from reconciler.server.store.copying import CopyEnd
from reconciler.server.store.database import Database
from reconciler.server.store.sqlite.copying import sqlite_end
from reconciler.server.store.sqlite.database import SqliteDatabase
from reconciler.server.store.store import Store

_SQLITE = "sqlite:///"
_EXAMPLE = (
    f"write {_SQLITE}server.db (relative), {_SQLITE}/srv/server.db (absolute: four slashes) or "
    "postgresql://user@host/database"
)


class _Kind(NamedTuple):
    """A database of one kind, and what opens it."""

    #: For messages: no secret is in it.
    name: str
    database: Callable[[], Database]
    end: Callable[[], AbstractContextManager[CopyEnd]]


def open_store(url: str) -> Store:
    """Open a database, make its tables if it is new, and bring them up to date if they are old.

    A relative path counts from the current folder, and is read literally. Raises `AddressError`
    if this is no such URL, `UsageError` if the driver is not installed, `UnavailableError` if
    the database does not answer, and `PlatformError` if it is newer than this program, or
    somebody else's.
    """
    return Store(_kind(url).database())


def open_copy_end(url: str) -> AbstractContextManager[CopyEnd]:
    """Open a database to copy it, or to copy into it; see `open_store` for what it raises."""
    return _kind(url).end()


def name_of(url: str) -> str:
    """Name a database for messages: SQLite's by its full path."""
    return _kind(url).name


def _kind(text: str) -> _Kind:
    if _is_sqlite(text):
        path = _path(text)
        return _Kind(quoted(str(path)), partial(SqliteDatabase, path), partial(sqlite_end, path))
    try:  # in an extra, which servers on SQLite need not have
        from reconciler.server.store.postgresql import copying, database, url
    except ImportError as error:
        raise UsageError(missing_extra("PostgreSQL", "postgresql")) from error
    name = url.database_name(text)
    open_database = partial(database.open_database, text, name)
    return _Kind(name, open_database, partial(copying.postgres_end, text, name))


def _is_sqlite(url: str) -> bool:
    """Return which of the two kinds of database is meant."""
    scheme = url.partition(":")[0].lower()
    if scheme in ("sqlite", "postgresql", "postgres"):
        return scheme == "sqlite"
    if not url:
        raise AddressError(f"the database's URL is empty: {_EXAMPLE}")
    # Behind the scheme, nobody knows where a password would stand: that is not shown.
    named = quoted(f"{scheme}:") if "://" in url and scheme.isalnum() else "this"
    raise AddressError(f"{named} is no database that the server knows: {_EXAMPLE}")


def _path(url: str) -> Path:
    """Read the path as addresses of embedded platforms are read."""
    rest = url.partition(":")[2]
    if not rest.startswith("///"):
        raise AddressError(f"{quoted_url(url)} needs three slashes before the path: {_EXAMPLE}")
    text = rest[3:]
    if not text or text[-1] in "/\\" or "\0" in text or text == ":memory:":
        raise AddressError(f"{quoted_url(url)} names no file: {_EXAMPLE}")
    path = Path(text)
    # `..` after a symbolic link means what the system makes of it, not what the text looks like.
    return Path(os.path.realpath(path)) if ".." in path.parts else path.absolute()
