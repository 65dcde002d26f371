"""Folders below a root, opened name by name: no link is followed, no other file system entered."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection
from typing import NamedTuple, Protocol

#: So many folders between the root and the deepest stay open; a path may have 2,000.
KEPT = 32
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_CLOSED = -1
#: What Windows calls a junction, or a volume that is mounted in a folder.
_MOUNT_POINT = 0xA0000003


class Folder(NamedTuple):
    """A folder in which names are looked up: as `prefix + name`, from `fd`."""

    fd: int | None
    prefix: bytes
    #: What tells it from another one at the same path.
    inode: int


class Folders(Protocol):
    """The folders below a root; for one thread."""

    def enter(self, folder: bytes) -> Folder:
        """Return a folder by its path below the root (it ends with `/`; the root's is empty).

        It is good until the next is entered. Raises `OSError`: `ELOOP` or `ENOTDIR` for a link,
        `EXDEV` if another file system is mounted there, `ELOOP` for a folder within itself.
        """

    def close(self) -> None:
        """Let go of all but the root."""


class ByDescriptor:
    """Folders that are opened from the one above, which nobody can exchange meanwhile."""

    def __init__(self, root: int, mounted: Collection[bytes] = ()) -> None:
        """Begin at an open folder, which stays the caller's.

        `mounted` are the paths below it at which something is mounted, of whatever file system.
        """
        self._mounted = mounted
        found = os.fstat(root)
        self._device = found.st_dev
        self._names: list[bytes] = []
        self._fds = [root]
        self._inodes = [found.st_ino]

    def enter(self, folder: bytes) -> Folder:
        """Return a folder."""
        names = folder.split(b"/")[:-1]
        self._leave(_common(names, self._names))
        for name in names[len(self._names) :]:
            self._descend(name)
        return Folder(self._fds[-1], b"", self._inodes[-1])

    def close(self) -> None:
        """Close what was opened."""
        self._leave(0)

    def _leave(self, depth: int) -> None:
        while len(self._names) > depth or self._fds[-1] == _CLOSED:
            self._names.pop()
            self._inodes.pop()
            fd = self._fds.pop()
            if fd != _CLOSED:
                if self._fds[-1] == _CLOSED:
                    self._fds[-1] = self._above(fd)
                os.close(fd)

    def _above(self, fd: int) -> int:
        """Open the folder that a folder lies in, if it is still the one that it was."""
        try:
            found = os.stat(b"..", dir_fd=fd)
            if (found.st_dev, found.st_ino) == (self._device, self._inodes[-1]):
                return os.open(b"..", _FLAGS, dir_fd=fd)
        except OSError:
            pass
        return _CLOSED

    def _descend(self, name: bytes) -> None:
        if self._mounted and b"/".join((*self._names, name)) in self._mounted:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        fd = os.open(name, _FLAGS, dir_fd=self._fds[-1])
        try:
            inode = self._checked(os.fstat(fd))
        except OSError:
            os.close(fd)
            raise
        if len(self._names) > KEPT:
            os.close(self._fds[-1])
            self._fds[-1] = _CLOSED
        self._names.append(name)
        self._fds.append(fd)
        self._inodes.append(inode)

    def _checked(self, found: os.stat_result) -> int:
        if found.st_dev != self._device:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        if found.st_ino in self._inodes:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return found.st_ino


class ByPath:
    """Folders where none can be opened, as on Windows: each is looked at by its path."""

    def __init__(self, root: bytes) -> None:
        """Begin at a path, through whatever links lead to it."""
        self._root = root
        self._found = os.stat(root)

    def enter(self, folder: bytes) -> Folder:
        """Return a folder."""
        path, found = self._root + b"/", self._found
        for name in folder.split(b"/")[:-1]:
            path += name + b"/"
            found = os.lstat(path[:-1])
            if not stat.S_ISDIR(found.st_mode):
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            junction = getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT
            if junction or found.st_dev != self._found.st_dev:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return Folder(None, path, found.st_ino)

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _common(one: list[bytes], other: list[bytes]) -> int:
    """Return how many names both begin with."""
    depth = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        depth += 1
    return depth
