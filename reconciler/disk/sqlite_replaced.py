"""Whether a SQLite file is still what its path leads to, by one name alone.

SQLite finds its own files beside a database by name, and its locks by inode. Two names for one
file, or another file at the path, make of one database two halves.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from reconciler.disk import drafts
from reconciler.printable import quoted

_DRAFT_BEGINS, _DRAFT_ENDS = ".reconciler-", ".new"
_MOUNTS = Path("/proc/self/mountinfo")
_SIDES = ("-wal", "-shm")
#: Nanoseconds: twice what the clock of a file system takes at most for one tick, unless all of its
#: times are multiples of so many.
_TICK, _COARSE = 20_000_000, 10_000_000
#: Device and inode of a folder, and when it was changed.
_Names = tuple[int, int, int, int]
#: A commit that fails with one of these is surely not there.
_HARMLESS = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CONSTRAINT,
)


def may_be_written(error: sqlite3.Error) -> bool:
    """Return whether a commit that failed may be there all the same, as after a failed sync."""
    code = int(getattr(error, "sqlite_errorcode", 0))
    # What could not be written at all, as over a quota, lacks the end that makes it a commit.
    return code != sqlite3.SQLITE_IOERR_WRITE and code & 0xFF not in _HARMLESS


def draft(path: Path) -> Path:
    """Name what a new file is built under."""
    return drafts.draft(path.parent, _DRAFT_BEGINS, _DRAFT_ENDS)


def clear_drafts(path: Path) -> None:
    """Remove what killed makers have left in the folder of a file."""
    drafts.clear(path.parent, _DRAFT_BEGINS, _DRAFT_ENDS)


def second_name(path: Path) -> str:
    """Return what is wrong with a file that others reach by another name; empty if nothing is.

    What is left of its making counts for nothing.
    """
    left = _drafts(path) if path.stat().st_nlink > 1 else 0
    # Looked at after them: a maker may have taken its draft away just before it was looked for.
    names = path.stat().st_nlink
    if names > 1 + left:
        return (
            f"it has {names} names (hard links), and who writes by one does not see who "
            "writes by another: remove the others, or make them copies"
        )
    if _is_mount(path):
        return (
            "it is a mount of its own, a second name for a file that is elsewhere: mount its "
            "folder instead"
        )
    return ""


def _drafts(path: Path) -> int:
    """Count the names under which a file was made, and which a kill or this moment leaves."""
    found, count = path.stat(), 0
    for entry in os.scandir(Path(os.path.realpath(path)).parent):
        if entry.name.startswith(_DRAFT_BEGINS) and entry.name.endswith(_DRAFT_ENDS):
            with suppress(FileNotFoundError):
                count += os.path.samestat(entry.stat(follow_symlinks=False), found)
    return count


def _is_mount(path: Path) -> bool:
    with suppress(OSError):  # not Linux, or no /proc here
        place = os.fsencode(os.path.realpath(path))
        for special in b"\\", b" ", b"\t", b"\n":
            place = place.replace(special, b"\\%03o" % special[0])
        return any(line.split(b" ")[4] == place for line in _MOUNTS.read_bytes().splitlines())
    return False


class Place:
    """The file that was opened; its own path says later whether it is still there."""

    def __init__(self, path: Path) -> None:
        """Look at a file that a connection holds open; raises `OSError` if it is gone."""
        self._path = path
        self._text = str(path)
        self._file = stamp(path)
        real = os.path.realpath(path)
        self._folder = os.path.dirname(real)  # noqa: PTH120 - much cheaper than by `Path`
        # Nobody removes them while a connection is open, except who should not.
        self._sides = [(real + side, _stamp_of(real + side)) for side in _SIDES]
        #: The folder when its names were last looked at, if any later change of them will show.
        self._names: _Names | None = None

    def lost(self) -> str:
        """Return why what is written would not be found by who looks for it; empty if it would.

        Asked twice for each write, and so with the cheapest calls there are.
        """
        try:
            found = os.stat(self._text)  # noqa: PTH116 - much cheaper than by `Path`
            names = _names_of(self._folder)
        except OSError as error:
            return f"the file is gone or can't be reached any more ({error.strerror})"
        if (found.st_dev, found.st_ino) != self._file:
            return "the file was replaced while it was in use"
        # To look at a log makes the next write to it dear: since Linux 6.13, one that follows a
        # look notes the time anew. So it is looked at only when a name near it has changed.
        if names != self._names:
            now = time.time_ns()
            if problem := self._side_lost():
                return problem
            self._names = names if _is_settled(names, now) else None
        return self._second_name() if found.st_nlink > 1 else ""

    def _side_lost(self) -> str:
        for side, before in self._sides:
            if _stamp_of(side) != before:
                name = quoted(os.path.basename(side))  # noqa: PTH119 - it is text
                return f"{name} beside it was removed or replaced while it was in use"
        return ""

    def _second_name(self) -> str:
        try:
            return second_name(self._path)
        except OSError as error:
            return f"the file is gone or can't be reached any more ({error.strerror})"

    def settle(self, db: sqlite3.Connection) -> None:
        """Leave nothing beside a path that is another file's now, which would be mixed into it.

        What was written goes into the file that was opened, wherever that is.
        """
        if _stamp_of(self._text) != self._file:
            with suppress(sqlite3.Error):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def stamp(path: Path | str) -> tuple[int, int]:
    """Return what tells one file from another; raises `OSError` if there is none."""
    found = os.stat(path)  # noqa: PTH116 - much cheaper than by `Path`
    return found.st_dev, found.st_ino


def _names_of(folder: str) -> _Names:
    """Return what changes when a name in a folder is made, removed or given to another file."""
    found = os.stat(folder)  # noqa: PTH116 - much cheaper than by `Path`
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _is_settled(names: _Names, now: int) -> bool:
    """Return whether a change of a folder from `now` on will surely show in its times.

    Not if it was changed a moment ago: the clock of a file system ticks. Where it seems to tick
    slowly, as on FAT, that is said of no moment.
    """
    changed = max(names[2:])
    return changed % _COARSE != 0 and now - changed > _TICK


def _stamp_of(path: Path | str) -> tuple[int, int] | None:
    try:
        return stamp(path)
    except OSError:
        return None
