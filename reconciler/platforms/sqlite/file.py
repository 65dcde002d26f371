"""The file of the embedded platform: make it, recognise it, open it, explain what went wrong."""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from reconciler.errors import PlatformBusyError, PlatformError
from reconciler.names import quoted, shown
from reconciler.platforms.sqlite.schema import (
    APPLICATION_ID,
    SCHEMA,
    SCHEMA_VERSION,
    STATE_SERVER,
)
from reconciler.platforms.sqlite.transactions import NAP, code, is_busy, migrate, transaction

_MAGIC = b"SQLite format 3\0"
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

    file: int
    size: int
    changed_at: int
    #: Of what SQLite keeps beside the file; not 0 while somebody writes, or after a crash.
    log_size: int

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """Look at the file and its logs; raises `OSError` if the file is gone."""
        found = path.stat()
        logs = _size(_beside(path, "-wal")) + _size(_beside(path, "-journal"))
        return cls(found.st_ino, found.st_size, found.st_mtime_ns, logs)


def exists(path: Path) -> bool:
    """Say whether the platform's file is there, and make sure that it is one.

    The file is looked at, not opened as a database: that could already change a foreign one.
    Raises `PlatformError` if it is something else, or if only its remains are there.
    """
    try:
        header = _header(path)
    except FileNotFoundError:
        _check_place(path)
        return False
    except OSError as error:
        raise PlatformError(_text(path, f"it can't be read ({error.strerror})")) from None
    _check_header(path, header)
    return True


def _header(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):
        raise PlatformError(_text(path, "it is not a file: give the path of the file itself"))
    with path.open("rb") as file:
        return file.read(100)


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise PlatformError(
            _text(
                path, f"there is no folder {quoted(str(path.parent))}: check the path, or make it"
            )
        )
    for suffix in ("-wal", "-journal"):
        rest = _beside(path, suffix)
        if _size(rest):
            # SQLite would replay it into a new file, and so mix two databases.
            raise PlatformError(
                _text(
                    path,
                    f"the file is gone, but {quoted(str(rest))} is there: bring the file back, "
                    "or move that one away to start anew",
                )
            )


def _check_header(path: Path, header: bytes) -> None:
    """Read the marks where the SQLite file format has them (header, offsets 60 and 68)."""
    application = int.from_bytes(header[68:72], "big")
    version = int.from_bytes(header[60:64], "big")
    if header.startswith(_MAGIC) and application == STATE_SERVER:
        raise PlatformError(
            _text(
                path,
                "it is the database of a state server: give the server's address, such as "
                "http://127.0.0.1:8080; `reconciler serve` opens the file",
            )
        )
    if not header.startswith(_MAGIC) or application != APPLICATION_ID:
        what = "it is empty" if not header else "it is some other file"
        raise PlatformError(
            _text(path, f"{what}, not a platform of reconciler: check the path, or remove the file")
        )
    if version > SCHEMA_VERSION:
        raise PlatformError(
            _text(
                path,
                f"it was made by a newer version of reconciler (format {version}, this one knows "
                f"{SCHEMA_VERSION}): use that version",
            )
        )


def create(path: Path) -> None:
    """Make a new, empty platform, unless another process was quicker.

    It is built under another name and put in place whole, so that nobody ever sees half of one.
    The file's permissions are those of any new file of this user (umask).
    """
    draft = path.with_name(f".reconciler-{secrets.token_hex(8)}.new")
    try:
        with explained(path):
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
            _build(draft)
            _publish(draft, path)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            _beside(draft, suffix).unlink(missing_ok=True)


def _build(path: Path) -> None:
    with closing(_connect(path, "rw", wait=0)) as db:
        db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        db.execute("INSERT INTO platform VALUES (1, ?)", (secrets.token_hex(16),))
        db.execute("PRAGMA journal_mode = WAL")


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # No hard links here (FAT, some network shares): claim the name, then take it over.
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
        except FileExistsError:
            return
        draft.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where the system can do that."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def open_to_write(path: Path, wait: float) -> sqlite3.Connection:
    """Open an existing platform; waits up to so many seconds for others, then is busy.

    Waits for its turn before anything is tried, so that a locked platform is one error and not
    one for each write.
    """
    with explained(path):
        db = _connect(path, "rw", min(wait, NAP))
        try:
            with transaction(db, wait):
                migrate(db)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
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


def uri(path: Path) -> str:
    """Give the `file:` URI of an absolute path; also for drives and shares of Windows."""
    text = path.as_posix()
    if not text.startswith("/"):
        text = "/" + text
    return "file://" + quote(os.fsencode(text))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into a `PlatformError` that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:
        raise explanation(path, error) from None


def explanation(path: Path, error: Exception) -> PlatformError:
    """Say what an error means for the user."""
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


def _text(path: Path, what: str) -> str:
    return f"platform {quoted(str(path))}: {what}"


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def only_text(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Refuse rows that hold anything but text; only another program can have written them."""
    if set(map(type, chain.from_iterable(rows))) - {str}:
        raise PlatformError(
            _text(path, "another program wrote something into it that is not text: correct it")
        )
