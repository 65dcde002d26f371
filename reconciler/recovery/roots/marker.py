"""The marker that Jetraw keeps at the root of a local storage: a small hidden file."""

from __future__ import annotations

import os
import stat

SUFFIX = b".jetraw-storage"
#: Bytes; a larger file of such a name is no marker.
LARGEST = 64 * 1024
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def is_marker(name: bytes, found: os.stat_result) -> bool:
    """Return whether a file at the root, looked at without following a link, is a marker."""
    small = found.st_size <= LARGEST
    return name.endswith(SUFFIX) and small and stat.S_ISREG(found.st_mode)


def content(path: bytes, fd: int | None) -> bytes:
    """Return what a marker holds; `fd` is the folder below which `path` lies. Raises `OSError`."""
    opened = os.open(path, _FLAGS, dir_fd=fd)
    with os.fdopen(opened, "rb") as file:
        return file.read(LARGEST)
