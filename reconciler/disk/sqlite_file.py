"""A SQLite database that somebody trusts: look at its file first, put a new one in place whole.

Shared by the embedded platform and the state server, whose files must not be mixed up.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from reconciler.disk.durable import sync_folder
from reconciler.disk.sqlite_replaced import clear_drafts, second_name
from reconciler.disk.sqlite_replaced import draft as draft_of
from reconciler.errors import PlatformError
from reconciler.printable import quoted

_MAGIC = b"SQLite format 3\0"
#: What SQLite keeps beside a file while it is written, and after a crash.
_LOGS = ("-wal", "-journal")
_HEADER = 100
#: Descriptors by device and inode, kept open: nobody has so many databases open at once that one
#: in use would be closed.
_HELD: dict[tuple[int, int], int] = {}
_MOST_HELD = 64


class Header(NamedTuple):
    """What a file begins with says of it (SQLite's file format, offsets 60 and 68)."""

    is_empty: bool
    #: Whose database it is; 0 also if it is no database at all.
    application: int
    version: int


def said(what: str, path: Path, problem: str) -> str:
    """Return the text of an error about a file; `what` it is: `platform`, `database`."""
    return f"{what} {quoted(str(path))}: {problem}"


def header_of(what: str, path: Path) -> Header | None:
    """Look at a file without opening it as a database, which could change a foreign one.

    None if there is no file, and nothing stands against making one. Raises `PlatformError` if it
    can't be read, is no file, or if only its remains are there; `what` it is to be is for the
    message.
    """
    try:
        return _header(what, path) or _of_none(what, path)
    except OSError as error:
        raise PlatformError(said(what, path, f"it can't be read ({error.strerror})")) from None


def _header(what: str, path: Path) -> Header | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            problem = "it is not a file: give the path of the file itself"
            raise PlatformError(said(what, path, problem))
        if problem := second_name(path):
            raise PlatformError(said(what, path, problem))
        header = _first_bytes(path)
    except FileNotFoundError:
        return None
    application = int.from_bytes(header[68:72], "big") if header.startswith(_MAGIC) else 0
    return Header(not header, application, int.from_bytes(header[60:64], "big"))


def _first_bytes(path: Path) -> bytes:
    """Read what a file begins with, and leave the locks alone that this process has on it.

    Whoever closes any descriptor of a file gives up all locks of the process on it (POSIX; "How To
    Corrupt An SQLite Database File", 2.2): another process would then take itself for the last one
    and remove the log of a connection that is open here, with what was written to it.
    """
    if sys.platform == "win32":  # there, locks belong to the descriptor
        with path.open("rb") as file:
            return file.read(_HEADER)
    found = path.stat()
    held = _HELD.get((found.st_dev, found.st_ino))
    if held is None:
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        found = os.fstat(held)
        _HELD[found.st_dev, found.st_ino] = held
        while len(_HELD) > _MOST_HELD:
            os.close(_HELD.pop(next(iter(_HELD))))
    return os.pread(held, _HEADER, 0)


def _of_none(what: str, path: Path) -> Header | None:
    """Make sure that a file may be made; return the header of one that was made meanwhile."""
    problem = ""
    if not path.parent.is_dir():
        folder = quoted(str(path.parent))
        problem = f"there is no folder {folder}: check the path, or make it"
    elif rest := _remains(path):
        # Somebody may have made the file since we looked, and write to it already.
        if header := _header(what, path):
            return header
        # SQLite would replay it into a new file, and so mix two databases.
        problem = (
            f"the file is gone, but {quoted(str(rest))} is there: bring the file back, or move "
            "that one away to start anew"
        )
    if problem:
        raise PlatformError(said(what, path, problem))
    return None


def _remains(path: Path) -> Path | None:
    logs = (beside(path, suffix) for suffix in _LOGS)
    return next((log for log in logs if _size(log)), None)


def size_of_logs(path: Path) -> int:
    """Return how many bytes lie beside a file; not 0 while somebody writes, or after a crash."""
    return sum(_size(beside(path, suffix)) for suffix in _LOGS)


def put_in_place(path: Path, mode: int, build: Callable[[Path], None]) -> None:
    """Make a new file, unless another process is quicker.

    It is built under another name and put in place whole, so that nobody ever sees half of one.
    `mode` is what the process' umask leaves of it.
    """
    clear_drafts(path)
    draft = draft_of(path)
    try:
        _claim(draft, mode)
        build(draft)
        _publish(draft, path, mode)
    finally:
        for suffix in ("", "-shm", *_LOGS):
            beside(draft, suffix).unlink(missing_ok=True)


def _claim(path: Path, mode: int) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))


def _publish(draft: Path, path: Path, mode: int) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # No hard links here (FAT, some network shares): claim the name, then take it over.
        try:
            _claim(path, mode)
        except FileExistsError:
            return
        draft.replace(path)
    sync_folder(path.parent)


def uri(path: Path) -> str:
    """Return the `file:` URI of an absolute path; also for drives and shares of Windows."""
    text = path.as_posix()
    if not text.startswith("/"):
        text = "/" + text
    return "file://" + quote(os.fsencode(text))


def beside(path: Path, suffix: str) -> Path:
    """Name a file that SQLite keeps beside another."""
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
