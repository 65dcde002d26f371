"""Which file system a folder lies in, by what stays the same when it is mounted again.

Device numbers do not stay: those of network mounts change each time, those of disks with the order
in which they are found. So what is kept is a line of facts, and the strongest that two lines have
in common decides: the volume's UUID; the server and its share; the number that the file system
gives itself. And the folder within it, so that another one in its place is noticed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msgspec import Struct

from reconciler.disk import mounts
from reconciler.disk.mounts import Mount
from reconciler.masking import masked
from reconciler.recovery.paths import shown

_STRONG = ("uuid", "source", "fsid")
#: File systems whose source says nothing.
_NAMELESS = frozenset(("aufs", "devtmpfs", "none", "overlay", "ramfs", "rootfs", "tmpfs"))
_VOLUMES = Path("/dev/disk/by-uuid")


class FileSystem(Struct, frozen=True):
    """A file system's type, if the system tells, and facts by which it is known again."""

    type: str
    facts: str


def file_system(folder: bytes, fd: int | None) -> FileSystem:
    """Return what is known of the file system of an open folder. Raises `OSError`."""
    found = os.stat(folder if fd is None else fd)
    facts = {"dev": str(found.st_dev)}
    mount = None if fd is None else mounts.of(fd)
    if mount is None or fd is None:
        return FileSystem("", _line(facts))
    if sys.platform != "win32" and (number := os.statvfs(fd).f_fsid):
        facts["fsid"] = f"{number:x}"
    facts |= _source(mount)
    if within := mounts.within(mount, fd):
        facts["folder"] = _word(within)
    return FileSystem(mount.type, _line(facts))


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


def _line(facts: dict[str, str]) -> str:
    return " ".join(f"{name}={facts[name]}" for name in sorted(facts))


def _facts(line: str) -> dict[str, str]:
    return dict(fact.partition("=")[::2] for fact in line.split(" ") if fact)


def _word(value: bytes) -> str:
    return shown(value).replace(" ", "\\x20")


def _source(mount: Mount) -> dict[str, str]:
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
