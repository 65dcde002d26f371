"""What is mounted where, as far as the system tells: Linux does."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

_OCTAL = re.compile(rb"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mountinfo")
_DESCRIPTORS = Path("/proc/self/fdinfo")


class Mount(NamedTuple):
    """A file system, or a part of it, as it stands in a folder."""

    type: str
    #: A device, or a server and its share.
    source: bytes
    #: Where it is mounted, and which of its folders stands there.
    point: bytes
    folder: bytes


def of(fd: int) -> Mount | None:
    """Return the mount through which a folder was opened; None where the system does not tell."""
    try:
        told = (_DESCRIPTORS / str(fd)).read_bytes().split()
        lines = _MOUNTS.read_bytes().splitlines()
        id = told[told.index(b"mnt_id:") + 1]
    except (OSError, ValueError):
        return None
    return next((_parsed(words) for words in map(bytes.split, lines) if words[0] == id), None)


def place(folder: str) -> tuple[int, bytes] | None:
    """Return the device of a folder, and its path within the file system that is on it.

    They are the same through each mount of the file system, whole or in part. None where the
    system does not tell. Raises `OSError`.
    """
    fd = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0))
    try:
        mount = of(fd)
        path = mount and within(mount, fd)
        return (os.fstat(fd).st_dev, path) if path else None
    finally:
        os.close(fd)


def within(mount: Mount, fd: int) -> bytes:
    """Return the path of an open folder within a mount's file system; empty if it is elsewhere."""
    path = _path(fd)
    above = mount.point.rstrip(b"/")
    if not (path + b"/").startswith(above + b"/"):
        return b""
    return mount.folder.rstrip(b"/") + path[len(above) :].rstrip(b"/") or b"/"


def mounted_below(fd: int) -> frozenset[bytes]:
    """Return the paths, below an open folder, at which something is mounted now.

    Device numbers do not show it where another folder of the same file system is.
    """
    try:
        above = _path(fd).rstrip(b"/") + b"/"
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return frozenset()
    points = (_parsed(words).point for words in map(bytes.split, lines))
    return frozenset(point[len(above) :] for point in points if point.startswith(above))


def _parsed(words: list[bytes]) -> Mount:
    rest = words.index(b"-", 6)
    source, point, folder = (_OCTAL.sub(_byte, words[i]) for i in (rest + 2, 4, 3))
    return Mount(words[rest + 1].decode("ascii", "replace"), source, point, folder)


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 8) & 0xFF,))


def _path(fd: int) -> bytes:
    return os.readlink(b"/proc/self/fd/%d" % fd)  # noqa: PTH115 - it is bytes
