"""Several statements as one write, and the one that brings an older file up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.disk.sqlite_place import may_be_written
from reconciler.platforms.sqlite.schema import LEASE, SCHEMA_VERSION

#: SQLite sleeps so many seconds at a time; in between, a signal gets through.
NAP = 0.25


@contextmanager
def transaction(
    db: sqlite3.Connection, wait: float = 0, check: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Take the write lock at once, `check`; commit at the end, roll back on anything raised.

    Waits up to `wait` seconds for other writers, and always for as long as SQLite itself does.
    Raises `CommitError` if it failed while it was made final, and may be there all the same.
    """
    _begin(db, wait)
    try:
        check()
        yield
        _commit(db)
    except BaseException:
        # After some failures, such as a full disk, SQLite has rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


class CommitError(Exception):
    """A commit failed, and nobody knows what of it is on the disk; its `__cause__` says why."""


def _commit(db: sqlite3.Connection) -> None:
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        if may_be_written(error):
            raise CommitError from error
        raise


def _begin(db: sqlite3.Connection, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
        else:
            return


def is_busy(error: Exception) -> bool:
    """Say whether another process stands in the way; `PROTOCOL` is a start lost to many others."""
    busy = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
    return code(error) in busy


def code(error: Exception) -> int:
    """Give SQLite's primary code; 0 where Python's own module complains."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def migrate(db: sqlite3.Connection) -> None:
    """Within a transaction, bring a file of format 1, which has no lease, up to date."""
    if db.execute("PRAGMA user_version").fetchone()[0] < SCHEMA_VERSION:
        db.execute(LEASE)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
