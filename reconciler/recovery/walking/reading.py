"""The bytes of files below a root: each as it was at one moment, or told why not."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from itertools import groupby

from reconciler.recovery.hashing.file import Hasher, State
from reconciler.recovery.rows import CHANGING, READ, Rows
from reconciler.recovery.rows import FILE as REGULAR
from reconciler.recovery.source import Pace, SpentError
from reconciler.recovery.walking.descent import Folder, Folders
from reconciler.recovery.walking.entries import add, describe, look, unreadable
from reconciler.recovery.walking.held import Held

#: A file was looked at when it was listed: nothing but a regular file is opened, unless another
#: thing took its place, and then opening neither follows a link nor waits.
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

    def __init__(self, held: Held, files: Rows, pace: Pace) -> None:
        """Prepare to read files that were listed; `pace` is told of each read."""
        self._held = held
        self._files = files
        self._hasher = Hasher(pace)
        self._rows = Rows()
        #: What was read, is as it was listed, and is no row yet: hashes and times, one for each
        #: file from this one on.
        self._from = 0
        self._hashes: list[bytes] = []
        self._times: list[int] = []

    def read(self) -> Rows:
        """Return the rows of the files, with their hashes; not of those that are gone.

        Once the pace is spent, it returns what was read to its end.
        """
        try:
            folders = self._held.folders()
        except OSError as error:
            for path in self._files.path:
                unreadable(self._rows, path, error)
            return self._rows
        try:
            self._all(folders)
            self._hasher.tell()
        except SpentError:
            pass
        finally:
            folders.close()
        return self._told()

    def _all(self, folders: Folders) -> None:
        """Read the files, folder by folder."""
        paths, start = self._files.path, 0
        for above, those in groupby([path[: path.rfind(b"/") + 1] for path in paths]):
            end = start + sum(1 for _ in those)
            try:
                folder = folders.enter(above)
            except OSError as error:
                for path in paths[start:end]:
                    unreadable(self._told(), path, error)
            else:
                self._within(folder, above, start, end)
            start = end

    def _within(self, folder: Folder, above: bytes, start: int, end: int) -> None:
        """Read files that follow each other in one folder."""
        hashed, hashes, times = self._hasher.hashed, self._hashes, self._times
        prefix, within = folder.prefix, folder.fd
        for i, name, state in self._states(above, start, end):
            try:
                now = time.time_ns()
                # As `_hashed`, but for what calling it takes beside so small a file.
                fd = os.open(prefix + name, _FLAGS, dir_fd=within)
                try:
                    sha256 = hashed(fd, state, now)
                finally:
                    os.close(fd)
                if not sha256:
                    self._again(folder, above, name)
                    continue
                if not hashes:
                    self._from = i
                hashes.append(sha256)
                times.append(now)
            except OSError as error:
                self._other(folder, above, name, error)

    def _states(self, above: bytes, start: int, end: int) -> Iterator[tuple[int, bytes, State]]:
        """Yield the numbers of files in one folder, their names there, and how they were."""
        files, which, skip = self._files, slice(start, end), len(above)
        names = [path[skip:] for path in files.path[which]]
        states = zip(files.size[which], files.mtime_ns[which], files.ctime_ns[which], strict=True)
        return zip(range(start, end), names, states, strict=True)

    def _hashed(self, folder: Folder, name: bytes, before: State, now_ns: int) -> bytes | None:
        """Return the hash of a file that is as it was. Raises `OSError`."""
        fd = os.open(folder.prefix + name, _FLAGS, dir_fd=folder.fd)
        try:
            return self._hasher.hashed(fd, before, now_ns)
        finally:
            os.close(fd)

    def _again(self, folder: Folder, above: bytes, name: bytes) -> None:
        """Look at a file that is not as it was listed, and read it. Raises `OSError`."""
        for _ in range(_TRIES):
            found = look(folder, name)
            if not stat.S_ISREG(found.st_mode):
                self._described(folder, above, name)
                return
            now = time.time_ns()
            state = found.st_size, found.st_mtime_ns, found.st_ctime_ns
            if sha256 := self._hashed(folder, name, state, now):
                rows, at = self._told(), now // 1_000_000_000
                add(rows, above + name, REGULAR, found, sha256=sha256, proof=READ, proved_at=at)
                return
        add(self._told(), above + name, CHANGING, found)

    def _other(self, folder: Folder, above: bytes, name: bytes, error: OSError) -> None:
        """Add the row of what could not be read; none if it is gone."""
        found = _looked(folder, name)
        other = found is not None and not stat.S_ISREG(found.st_mode)
        if other or isinstance(error, FileNotFoundError):
            self._described(folder, above, name)
        else:
            unreadable(self._told(), above + name, error, found)

    def _described(self, folder: Folder, above: bytes, name: bytes) -> None:
        """Add the row of what is no file any more; if it is one again, it has no hash."""
        rows = self._told()
        count = len(rows)
        describe(rows, self._held, folder, above, name)
        if rows.kind[count:] == [REGULAR]:
            rows.kind[count] = CHANGING

    def _told(self) -> Rows:
        """Return the rows, with all that was read: a slice of a column takes the least time."""
        files, rows, count = self._files, self._rows, len(self._hashes)
        which = slice(self._from, self._from + count)
        rows.path += files.path[which]
        rows.kind += [REGULAR] * count
        rows.size += files.size[which]
        rows.mtime_ns += files.mtime_ns[which]
        rows.sha256 += self._hashes
        rows.proof += [READ] * count
        rows.proved_at += [now // 1_000_000_000 for now in self._times]
        rows.version += [None] * count
        rows.detail += [None] * count
        rows.ctime_ns += files.ctime_ns[which]
        rows.inode += files.inode[which]
        rows.tag += [None] * count
        self._hashes.clear()
        self._times.clear()
        return rows


def _looked(folder: Folder, name: bytes) -> os.stat_result | None:
    try:
        return look(folder, name)
    except OSError:
        return None
