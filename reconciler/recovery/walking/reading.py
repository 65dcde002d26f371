"""The bytes of files below a root: each as it was at one moment, or told why not."""

from __future__ import annotations

import os
import stat
import time

from reconciler.recovery.hashing.file import hashed
from reconciler.recovery.rows import CHANGING, READ, Rows
from reconciler.recovery.rows import FILE as REGULAR
from reconciler.recovery.source import Pace
from reconciler.recovery.walking.descent import Folder, Folders
from reconciler.recovery.walking.entries import add, describe, look, unreadable
from reconciler.recovery.walking.held import Held

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
#: A file that changes while it is read is read once more.
_TRIES = 2


class Reading:
    """Reads files below a root; for one thread."""

    def __init__(self, held: Held, pace: Pace) -> None:
        """Prepare to read; `pace` is told of each read."""
        self._held = held
        self._pace = pace
        self._rows = Rows()
        #: What was read, and is no row yet.
        self._read: list[tuple[bytes, os.stat_result, bytes, int]] = []

    def read(self, paths: list[bytes]) -> Rows:
        """Return the rows of files that were listed, with their hashes; not of those that are gone.

        Raises nothing but what the pace does.
        """
        try:
            folders = self._held.folders()
        except OSError as error:
            for path in paths:
                unreadable(self._rows, path, error)
            return self._rows
        try:
            self._all(folders, paths)
        finally:
            folders.close()
        return self._told()

    def _all(self, folders: Folders, paths: list[bytes]) -> None:
        above: bytes | None = None
        folder: Folder | OSError = OSError()
        for path in paths:
            head, slash, name = path.rpartition(b"/")
            if head + slash != above:
                above = head + slash
                folder = _entered(folders, above)
            if isinstance(folder, OSError):
                unreadable(self._told(), path, folder)
                continue
            try:
                self._file(folder, above, name)
            except OSError as error:
                self._other(folder, above, name, error)

    def _file(self, folder: Folder, above: bytes, name: bytes) -> None:
        """Read a file, if it is one. Raises `OSError`."""
        fd, path = folder.fd, folder.prefix + name
        for _ in range(_TRIES):
            found = os.stat(path, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                self._described(folder, above, name)
                return
            at = int(time.time())
            file = os.open(path, _FLAGS, dir_fd=fd)
            try:
                sha256 = hashed(file, found, self._pace)
            finally:
                os.close(file)
            if sha256:
                self._read.append((above + name, found, sha256, at))
                return
        add(self._told(), above + name, CHANGING, found)

    def _other(self, folder: Folder, above: bytes, name: bytes, error: OSError) -> None:
        """Add the row of what could not be read; none if it is gone."""
        if isinstance(error, FileNotFoundError):
            self._described(folder, above, name)
        else:
            unreadable(self._told(), above + name, error, _looked(folder, name))

    def _described(self, folder: Folder, above: bytes, name: bytes) -> None:
        """Add the row of what is no file any more; if it is one again, it has no hash."""
        rows = self._told()
        count = len(rows)
        describe(rows, self._held, folder, above, name)
        if rows.kind[count:] == [REGULAR]:
            rows.kind[count] = CHANGING

    def _told(self) -> Rows:
        """Return the rows, with all that was read: column by column takes the least time."""
        read, rows, count = self._read, self._rows, len(self._read)
        rows.path += [path for path, _, _, _ in read]
        rows.kind += [REGULAR] * count
        rows.size += [found.st_size for _, found, _, _ in read]
        rows.mtime_ns += [found.st_mtime_ns for _, found, _, _ in read]
        rows.sha256 += [sha256 for _, _, sha256, _ in read]
        rows.proof += [READ] * count
        rows.proved_at += [at for _, _, _, at in read]
        rows.version += [None] * count
        rows.detail += [None] * count
        rows.ctime_ns += [found.st_ctime_ns for _, found, _, _ in read]
        rows.inode += [found.st_ino for _, found, _, _ in read]
        rows.tag += [None] * count
        read.clear()
        return rows


def _entered(folders: Folders, above: bytes) -> Folder | OSError:
    try:
        return folders.enter(above)
    except OSError as error:
        return error


def _looked(folder: Folder, name: bytes) -> os.stat_result | None:
    try:
        return look(folder, name)
    except OSError:
        return None
