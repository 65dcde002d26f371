"""Which file system a folder lies in, by what stays the same when it is mounted again.

Device numbers do not stay: those of network mounts change each time, those of disks with the order
in which they are found. So what is kept is a line of facts, and the strongest that two lines have
in common decides: the volume's UUID; the server and its share; the number that the file system
gives itself. And the folder within it, so that another one in its place is noticed.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from msgspec import Struct

from reconciler.masking import masked
from reconciler.recovery.paths import shown

_STRONG = ("uuid", "source", "fsid")
#: File systems whose source says nothing.
_NAMELESS = frozenset(("aufs", "devtmpfs", "none", "overlay", "ramfs", "rootfs", "tmpfs"))
_OCTAL = re.compile(rb"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mountinfo")
_DESCRIPTORS = Path("/proc/self/fdinfo")
_VOLUMES = Path("/dev/disk/by-uuid")


class FileSystem(Struct, frozen=True):
    """A file system's type, if the system tells, and facts by which it is known again."""

    type: str
    facts: str


class _Mount(Struct, frozen=True):
    type: str
    #: A device, or a server and its share.
    source: bytes
    #: Where it is mounted, and which of its folders stands there.
    point: bytes
    folder: bytes


def file_system(folder: bytes, fd: int | None) -> FileSystem:
    """Return what is known of the file system of an open folder. Raises `OSError`."""
    found = os.stat(folder if fd is None else fd)
    facts = {"dev": str(found.st_dev)}
    mount = None if fd is None else _mount(fd)
    if mount is None or fd is None:
        return FileSystem("", _line(facts))
    if sys.platform != "win32" and (number := os.statvfs(fd).f_fsid):
        facts["fsid"] = f"{number:x}"
    facts |= _source(mount)
    if within := _within(mount, fd):
        facts["folder"] = _word(within)
    return FileSystem(mount.type, _line(facts))


def place(folder: str) -> tuple[int, bytes] | None:
    """Return the device of a folder, and its path within the file system that is on it.

    They are the same through each mount of the file system, whole or in part. None where the
    system does not tell. Raises `OSError`.
    """
    fd = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0))
    try:
        mount = _mount(fd)
        within = mount and _within(mount, fd)
        return (os.stat(fd).st_dev, within) if within else None
    finally:
        os.close(fd)


def _within(mount: _Mount, fd: int) -> bytes:
    """Return the path of an open folder within a mount's file system; empty if it is elsewhere."""
    path = os.readlink(b"/proc/self/fd/%d" % fd)
    above = mount.point.rstrip(b"/")
    if not (path + b"/").startswith(above + b"/"):
        return b""
    return mount.folder.rstrip(b"/") + path[len(above) :].rstrip(b"/") or b"/"


def same(then: str, now: str) -> bool | None:
    """Return whether two lines of facts are of one folder of one file system.

    None if only device numbers could tell, and they differ: it may be, or may not.
    """
    was, now_is = _facts(then), _facts(now)
    if "folder" in was and "folder" in now_is and was["folder"] != now_is["folder"]:
        return False
    for fact in _STRONG:
        if fact in was and fact in now_is:
            return was[fact] == now_is[fact]
    return True if not was or was.get("dev") == now_is.get("dev") else None


def mounted_below(fd: int) -> frozenset[bytes]:
    """Return the paths, below an open folder, at which something is mounted now.

    Device numbers do not show it where another folder of the same file system is.
    """
    try:
        above = os.readlink(b"/proc/self/fd/%d" % fd).rstrip(b"/") + b"/"
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return frozenset()
    points = (_parsed(words).point for words in map(bytes.split, lines))
    return frozenset(point[len(above) :] for point in points if point.startswith(above))


def _line(facts: dict[str, str]) -> str:
    return " ".join(f"{name}={facts[name]}" for name in sorted(facts))


def _facts(line: str) -> dict[str, str]:
    return dict(fact.partition("=")[::2] for fact in line.split(" ") if fact)


def _word(value: bytes) -> str:
    return shown(value).replace(" ", "\\x20")


def _source(mount: _Mount) -> dict[str, str]:
    if mount.source.startswith(b"/dev/"):
        uuid = _uuid(mount.source)
        return {"uuid": uuid} if uuid else {}
    if mount.type in _NAMELESS:
        return {}
    return {"source": _word(os.fsencode(masked(os.fsdecode(mount.source))))}


def _uuid(device: bytes) -> str:
    """Return the UUID of the volume on a device; empty where nobody tells, as in a container."""
    if sys.platform == "win32":
        return ""
    try:
        number = os.stat(device).st_rdev
        with os.scandir(_VOLUMES) as volumes:
            return next((v.name for v in volumes if v.stat().st_rdev == number), "")
    except OSError:
        return ""


def _mount(fd: int) -> _Mount | None:
    """Return the mount through which a folder was opened; None where the system does not tell."""
    try:
        told = (_DESCRIPTORS / str(fd)).read_bytes().split()
        lines = _MOUNTS.read_bytes().splitlines()
        id = told[told.index(b"mnt_id:") + 1]
    except (OSError, ValueError):
        return None
    return next((_parsed(words) for words in map(bytes.split, lines) if words[0] == id), None)


def _parsed(words: list[bytes]) -> _Mount:
    rest = words.index(b"-", 6)
    source, point, folder = (_OCTAL.sub(_byte, words[i]) for i in (rest + 2, 4, 3))
    return _Mount(words[rest + 1].decode("ascii", "replace"), source, point, folder)


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 8) & 0xFF,))
