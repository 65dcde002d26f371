"""The file of a state server on SQLite: make it, recognise it, bring it up to date, open it."""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from reconciler.errors import PlatformError
from reconciler.names import quoted, shown
from reconciler.platforms.sqlite.file import uri
from reconciler.platforms.sqlite.schema import APPLICATION_ID as EMBEDDED
from reconciler.platforms.sqlite.schema import STATE_SERVER as APPLICATION_ID
from reconciler.server.store.migrations import Migration, migrations

_MAGIC = b"SQLite format 3\0"
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
        with closing(connect(path)) as db:
            _check_version(path, _version(db), steps)
            _migrate(path, db, steps)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise PlatformError(_text(path, shown(str(error)))) from error
    except OSError as error:
        raise PlatformError(_text(path, f"it can't be used ({error.strerror})")) from None


def _is_there(path: Path, steps: tuple[Migration, ...]) -> bool:
    """Look at the file's marks without opening it as a database, which could change it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PlatformError(_text(path, "it is not a file: give the path of the file itself"))
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        _check_place(path)
        return False
    application = int.from_bytes(header[68:72], "big") if header.startswith(_MAGIC) else 0
    if application == EMBEDDED:
        raise PlatformError(
            _text(
                path,
                "it is an embedded platform, which commands open themselves: give the server a "
                "file of its own",
            )
        )
    if application != APPLICATION_ID:
        what = "it is some other file" if header else "it is empty"
        raise PlatformError(
            _text(path, f"{what}, not a state server's database: check the path, or remove it")
        )
    _check_version(path, int.from_bytes(header[60:64], "big"), steps)
    return True


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        folder = quoted(str(path.parent))
        raise PlatformError(_text(path, f"there is no folder {folder}: check the path, or make it"))
    for suffix in ("-wal", "-journal"):
        rest = _beside(path, suffix)
        if rest.exists() and rest.stat().st_size:
            # SQLite would replay it into a new file, and so mix two databases.
            raise PlatformError(
                _text(
                    path,
                    f"the file is gone, but {quoted(str(rest))} is there: bring the file back, "
                    "or move that one away to start anew",
                )
            )


def _check_version(path: Path, version: int, steps: tuple[Migration, ...]) -> None:
    if version > steps[-1].number:
        raise PlatformError(
            _text(
                path,
                f"it was made by a newer version of reconciler (migration {version}, this one "
                f"knows {steps[-1].number}): use that version",
            )
        )


def _make(path: Path, steps: tuple[Migration, ...]) -> None:
    """Build the database under another name, and put it in place whole.

    Nothing happens if another process was quicker. Only its owner can read it: it holds digests
    of tokens.
    """
    draft = path.with_name(f".reconciler-{secrets.token_hex(8)}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(connect(draft)) as db:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _migrate(draft, db, steps)
        _publish(draft, path)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            _beside(draft, suffix).unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # No hard links here (FAT, some network shares): claim the name, then take it over.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            draft.replace(path)


def _migrate(path: Path, db: sqlite3.Connection, steps: tuple[Migration, ...]) -> None:
    """Take the steps that are missing, all or none; only one process at a time does."""
    if _version(db) == steps[-1].number:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db)
        _check_version(path, version, steps)
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


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _text(path: Path, what: str) -> str:
    return f"database {quoted(str(path))}: {what}"
