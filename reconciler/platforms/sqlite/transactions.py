"""Several statements as one write, and the one that brings an older file up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from reconciler.disk.sqlite_replaced import may_be_written
from reconciler.platforms.sqlite.schema import LEASE, SCHEMA_VERSION

#: SQLite sleeps so many seconds at a time; in between, a signal gets through.
NAP = 0.25


class Transaction:
    """Takes the write lock at once, and checks; commits at the end, rolls back on anything raised.

    Waits up to `wait` seconds for other writers, and always for as long as SQLite itself does.
    Raises `CommitError` if it failed while it was made final, and may be there all the same.
    """

    __slots__ = ("_check", "_db", "_wait")

    def __init__(
        self, db: sqlite3.Connection, wait: float = 0, check: Callable[[], None] = lambda: None
    ) -> None:
        self._db = db
        self._wait = wait
        self._check = check

    def __enter__(self) -> None:
        """Begin, and check."""
        _begin(self._db, self._wait)
        try:
            self._check()
        except BaseException:
            self._roll_back()
            raise

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit, or roll back."""
        if kind is not None:
            self._roll_back()
            return
        try:
            _commit(self._db)
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # After some failures, such as a full disk, SQLite has rolled back already.
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


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
    """Return whether another process is in the way; `PROTOCOL`: a start lost to others."""
    busy = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
    return code(error) in busy


def code(error: Exception) -> int:
    """Return SQLite's primary code; 0 where Python's own module complains."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def migrate(db: sqlite3.Connection) -> None:
    """Within a transaction, bring a file of format 1, which has no lease, up to date."""
    if db.execute("PRAGMA user_version").fetchone()[0] < SCHEMA_VERSION:
        db.execute(LEASE)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
