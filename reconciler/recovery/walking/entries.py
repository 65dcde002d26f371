"""What lies under one name, as a row: told by looking at it, without opening or following it."""

from __future__ import annotations

import errno
import os
import stat

from reconciler.recovery.roots import marker
from reconciler.recovery.rows import DEVICE, FILE, LINK, MARKER, PIPE, SOCKET, UNREADABLE, Rows
from reconciler.recovery.walking.descent import Folder
from reconciler.recovery.walking.held import Held

#: What is of another type than these is a device of some sort, and as little to be opened.
_KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: PIPE,
    stat.S_IFSOCK: SOCKET,
}


def add(
    rows: Rows,
    path: bytes,
    kind: str,
    found: os.stat_result | None = None,
    *,
    detail: bytes | None = None,
    sha256: bytes | None = None,
    proof: str = "",
    proved_at: int | None = None,
) -> None:
    """Add a row; size, change time and inode are of regular files only."""
    regular = found if found and stat.S_ISREG(found.st_mode) else None
    rows.path.append(path)
    rows.kind.append(kind)
    rows.size.append(regular.st_size if regular else None)
    rows.mtime_ns.append(found.st_mtime_ns if found else None)
    rows.sha256.append(sha256)
    rows.proof.append(proof)
    rows.proved_at.append(proved_at)
    rows.version.append(None)
    rows.detail.append(detail)
    rows.ctime_ns.append(regular.st_ctime_ns if regular else None)
    rows.inode.append(regular.st_ino if regular else None)
    rows.tag.append(None)


def unreadable(
    rows: Rows, path: bytes, error: OSError, found: os.stat_result | None = None
) -> None:
    """Add a row of what can't be read, with the system's name of the reason."""
    reason = errno.errorcode.get(error.errno or errno.EIO, "EIO")
    add(rows, path, UNREADABLE, found, detail=reason.encode("ascii"))


def look(folder: Folder, name: bytes) -> os.stat_result:
    """Look at a name, without following a link. Raises `OSError`."""
    return os.stat(folder.prefix + name, dir_fd=folder.fd, follow_symlinks=False)


def describe(rows: Rows, held: Held, folder: Folder, above: bytes, name: bytes) -> None:
    """Add the row of a name in a folder, whose path is `above`; none if it is gone.

    It is gone if the folder lacks it, and is still the one at its path; a folder that took its
    place is no file.
    """
    path = above + name
    found = None
    try:
        found = look(folder, name)
        if not stat.S_ISDIR(found.st_mode):
            kind = kind_of(above, name, found)
            add(rows, path, kind, found, detail=_detail(kind, folder, name))
    except FileNotFoundError as error:
        if not held.holds(above, folder):
            unreadable(rows, path, error, found)
    except OSError as error:
        unreadable(rows, path, error, found)


def kind_of(above: bytes, name: bytes, found: os.stat_result) -> str:
    """Return the kind of what is no folder."""
    if not above and marker.is_marker(name, found):
        return MARKER
    return _KINDS.get(stat.S_IFMT(found.st_mode), DEVICE)


def _detail(kind: str, folder: Folder, name: bytes) -> bytes | None:
    if kind == LINK:
        return os.readlink(folder.prefix + name, dir_fd=folder.fd)
    if kind == MARKER:
        return marker.content(folder.prefix + name, folder.fd)
    return None
