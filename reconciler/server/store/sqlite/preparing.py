"""The file of a state server on SQLite: make it, recognise it, bring it up to date, open it."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from reconciler.disk.sqlite_file import header_of, put_in_place, said, uri
from reconciler.disk.sqlite_replaced import clear_drafts
from reconciler.errors import PlatformError
from reconciler.platforms.sqlite.schema import APPLICATION_ID as EMBEDDED
from reconciler.platforms.sqlite.schema import STATE_SERVER as APPLICATION_ID
from reconciler.printable import quoted, shown
from reconciler.server.store.migrations import Migration, check_version, migrations

_WHAT = "database"
#: How long to wait for other processes that write, in seconds.
WAIT = 30.0


def prepare(path: Path, steps: tuple[Migration, ...] | None = None) -> None:
    """Make the database if there is none, and bring an older one up to date.

    Raises `PlatformError` if what is there is something else, or newer; it is left untouched.
    """
    steps = migrations("sqlite") if steps is None else steps
    with _explained(path):
        if not _is_there(path, steps):
            _make(path, steps)
            _is_there(path, steps)
        elif path.stat().st_nlink > 1:  # its maker was killed just after it had put it in place
            clear_drafts(path)
        with closing(connect(path)) as db:
            check_version(quoted(str(path)), _version(db), steps)
            _migrate(path, db, steps)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _error(path, shown(str(error))) from error
    except OSError as error:
        raise _error(path, f"it can't be used ({error.strerror})") from None


def _is_there(path: Path, steps: tuple[Migration, ...]) -> bool:
    """Look at the file's header without opening it as a database, which could change it."""
    found = header_of(_WHAT, path)
    if found is None:
        return False
    if found.application == EMBEDDED:
        raise _error(
            path,
            "it is an embedded platform, which commands open themselves: give the server a file of "
            "its own",
        )
    if found.application != APPLICATION_ID:
        what = "it is empty" if found.is_empty else "it is some other file"
        raise _error(path, f"{what}, not a state server's database: check the path, or remove it")
    check_version(quoted(str(path)), found.version, steps)
    return True


def check_still_there(path: Path, db: sqlite3.Connection) -> None:
    """Raise `PlatformError` if the platform was moved since its file was prepared."""
    check_version(quoted(str(path)), _version(db), migrations("sqlite"))


def _make(path: Path, steps: tuple[Migration, ...]) -> None:
    """Make the database, unless another process is quicker.

    Only its owner can read it: it holds digests of tokens.
    """

    def build(draft: Path) -> None:
        with closing(connect(draft)) as db:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _migrate(draft, db, steps)

    put_in_place(path, 0o600, build)


def _migrate(path: Path, db: sqlite3.Connection, steps: tuple[Migration, ...]) -> None:
    """Take the steps that are missing, all or none; only one process at a time does."""
    if _version(db) == steps[-1].number:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db)
        check_version(quoted(str(path)), version, steps)
        for step in steps[version:]:
            for statement in _statements(step.sql):
                db.execute(statement)
        if not version:
            db.execute("INSERT INTO platform VALUES (1, ?, 0)", (secrets.token_hex(16),))
        db.execute(f"PRAGMA user_version = {steps[-1].number}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(sql: str) -> Iterator[str]:
    """Split a script whose statements end at ends of lines.

    `executescript` would commit before it begins.
    """
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database; each statement is a transaction unless BEGIN says otherwise."""
    db = sqlite3.connect(
        f"{uri(path)}?mode=rw",
        uri=True,
        timeout=WAIT,
        isolation_level=None,
        check_same_thread=False,  # one call at a time, from whichever thread
    )
    try:
        if read_only:
            db.execute("PRAGMA query_only = ON")
        else:
            db.execute("PRAGMA journal_mode = WAL")
            # What was answered has to outlast a power cut.
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            # After a large write the log is cut to so many bytes.
            db.execute("PRAGMA journal_size_limit = 67108864")
    except BaseException:
        db.close()
        raise
    return db


def _error(path: Path, problem: str) -> PlatformError:
    return PlatformError(said(_WHAT, path, problem))
