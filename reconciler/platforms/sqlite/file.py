"""The file of the embedded platform: make it, recognise it, open it, explain what went wrong."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from msgspec import Struct

from reconciler.disk.sqlite_file import header_of, put_in_place, said, size_of_logs, uri
from reconciler.disk.sqlite_replaced import clear_drafts
from reconciler.errors import (
    PlatformBusyError,
    PlatformError,
    PlatformLostError,
    UnknownOutcomeError,
)
from reconciler.platforms.sqlite.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION, STATE_SERVER
from reconciler.platforms.sqlite.transactions import (
    NAP,
    CommitError,
    Transaction,
    code,
    is_busy,
    migrate,
)
from reconciler.printable import shown

_WHAT = "platform"
#: SQLite counts milliseconds in 32 bits.
_LONGEST_WAIT = 2_000_000.0
_ADVICE = {
    sqlite3.SQLITE_FULL: "there is no room left: free some and run again",
    sqlite3.SQLITE_IOERR: "the disk or file system failed: check it and run again",
    sqlite3.SQLITE_READONLY: "it can't be written: check the permissions of file and folder",
    sqlite3.SQLITE_PERM: "access was denied: check the permissions of file and folder",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: check the permissions of file and folder",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is damaged or not a database: restore it from a backup",
}


class Fingerprint(Struct, frozen=True):
    """What shows from outside that a database file was written to."""

    #: Device and inode.
    file: tuple[int, int]
    size: int
    changed_at: int
    #: Of what SQLite keeps beside the file; not 0 while somebody writes, or after a crash.
    log_size: int

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """Look at the file and its logs; raises `OSError` if the file is gone."""
        found = path.stat()
        return cls(
            (found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns, size_of_logs(path)
        )


def exists(path: Path) -> bool:
    """Return whether the platform's file is there, and make sure that it is one.

    The file is looked at, not opened as a database: that could already change a foreign one.
    Raises `PlatformError` if it is something else, or if only its remains are there.
    """
    found = header_of(_WHAT, path)
    if found is None:
        return False
    if found.application == STATE_SERVER:
        raise PlatformError(
            _text(
                path,
                "it is the database of a state server: give the server's address, such as "
                "http://127.0.0.1:8080; `reconciler serve` opens the file",
            )
        )
    if found.application != APPLICATION_ID:
        what = "it is empty" if found.is_empty else "it is some other file"
        raise PlatformError(
            _text(path, f"{what}, not a platform of reconciler: check the path, or remove the file")
        )
    if found.version > SCHEMA_VERSION:
        raise PlatformError(
            _text(
                path,
                f"it was made by a newer version of reconciler (format {found.version}, this "
                f"one knows {SCHEMA_VERSION}): use that version",
            )
        )
    return True


def create(path: Path) -> None:
    """Make a new, empty platform, unless another process was quicker.

    The file's permissions are those of any new file of this user (umask).
    """
    with explained(path):
        put_in_place(path, 0o666, _build)


def _build(path: Path) -> None:
    with closing(_connect(path, "rw", wait=0)) as db:
        db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        db.execute("INSERT INTO platform VALUES (1, ?)", (os.urandom(16).hex(),))
        db.execute("PRAGMA journal_mode = WAL")


def open_to_write(path: Path, wait: float) -> sqlite3.Connection:
    """Open an existing platform; waits up to so many seconds for others, then is busy.

    Waits for its turn before anything is tried, so that a locked platform is one error and not
    one for each write.
    """
    with explained(path):
        if path.stat().st_nlink > 1:  # its maker was killed just after it had put it in place
            clear_drafts(path)
        db = _connect(path, "rw", min(wait, NAP))
        try:
            with Transaction(db, wait):
                migrate(db)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            # SQLite makes the log at the first reading; from then on it must stay.
            db.execute("SELECT count(*) FROM platform").fetchone()
        except BaseException:
            db.close()
            raise
        return db


def open_to_read(path: Path, *, still: bool) -> sqlite3.Connection:
    """Open an existing platform for reading.

    `still`: nobody writes. Nothing is then created beside the file, so that a folder that can't
    be written will do; the caller must check afterwards that it was so. Otherwise readers and
    writers see to each other through SQLite's own files.
    """
    with explained(path):
        return _connect(path, "ro&immutable=1" if still else "ro", wait=30)


def _connect(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{uri(path)}?mode={mode}",
        uri=True,
        timeout=min(wait, _LONGEST_WAIT),
        isolation_level=None,  # each statement is a transaction, unless BEGIN says otherwise
        check_same_thread=False,  # one call at a time, from whichever thread
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into a `PlatformError` that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:
        raise explanation(path, error) from None
    except CommitError as error:
        raise in_doubt(path, error) from None


def in_doubt(path: Path, error: CommitError) -> UnknownOutcomeError:
    """Return that a write may be there or not, as the disk failed while it was made final."""
    return UnknownOutcomeError(
        _text(
            path,
            f"the disk or file system failed in a commit ({shown(str(error.__cause__))}), and "
            "nobody knows whether it is there: check the disk, then plan again",
        )
    )


def gone(path: Path, problem: str) -> PlatformLostError:
    """Return that what was opened is not what the path leads to any more."""
    return PlatformLostError(
        _text(path, f"{problem}: nothing more is written; look at what is there, then plan again")
    )


def explanation(path: Path, error: Exception) -> PlatformError:
    """Return what an error means for the user."""
    if isinstance(error, UnicodeError):
        return PlatformError(
            _text(path, "it can't hold text that is not valid Unicode: correct the text")
        )
    if isinstance(error, OSError):
        return PlatformError(_text(path, f"it can't be used ({error.strerror})"))
    if is_busy(error):
        return PlatformBusyError(
            _text(path, "another process is writing to it: try again later, or wait longer")
        )
    advice = _ADVICE.get(code(error))
    return PlatformError(
        _text(path, f"{advice} ({shown(str(error))})" if advice else shown(str(error)))
    )


def _text(path: Path, problem: str) -> str:
    return said(_WHAT, path, problem)


def only_text(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Refuse rows that hold anything but text; only another program can have written them."""
    if set(map(type, chain.from_iterable(rows))) - {str}:
        raise PlatformError(
            _text(path, "another program wrote something into it that is not text: correct it")
        )
