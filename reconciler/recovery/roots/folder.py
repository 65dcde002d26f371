"""Prove that a folder is there, and that it is the root of the last scan."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import UnreachableError
from reconciler.masking import masked_in, masked_path
from reconciler.recovery.paths import read, shown
from reconciler.recovery.roots import file_system, marker
from reconciler.recovery.values import Root

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
#: Windows opens no folders.
_BY_DESCRIPTOR = os.scandir in os.supports_fd and os.open in os.supports_dir_fd
#: What lies in a file system that was just made.
_NOTHING = frozenset((b"lost+found",))
_PLAIN = {
    errno.ENOENT: "is not there: mount it, or say where it is read here with --relocate",
    errno.ENOTDIR: "is not a folder",
    errno.EACCES: "can't be read by this user: nothing is known of its files",
}
_OF_A_COPY = "restore the storage into it, whole, or say with --relocate where the right one is"
_ON_PURPOSE = "if that was meant, scan it once with --accept-root"


def folder_of(url: str) -> bytes:
    """Return the folder that the address of a local storage names.

    Raises `UnreachableError` if it names none of this machine.
    """
    path = url[7:] if url[:7].lower() == "file://" else url
    if sys.platform == "win32" and path[:1] == "/" and path[2:3] == ":":
        path = path[1:]
    if not Path(path).is_absolute() or "\0" in path:
        raise UnreachableError(
            f"{_named(os.fsencode(path))} is not the whole path of a folder: say where it "
            "is read here with --relocate",
            reason="no folder",
        )
    return os.fsencode(path)


def _named(folder: bytes) -> str:
    """Return what messages call a folder: its path, without a secret of the address."""
    return shown(os.fsencode(masked_path(os.fsdecode(folder))))


def opened(folder: bytes) -> int | None:
    """Open a root, through whatever links lead to it; None where folders can't be opened."""
    return os.open(folder, _FLAGS) if _BY_DESCRIPTOR else None


def prove(folder: bytes, url: str, known: Root | None) -> Root:
    """Prove that a folder is there and can be read, and that it is the one that `known` describes.

    That is: the same folder of the same file system, unless it is read by another address than
    then; with the marker that it had; and not empty, if it was not. A marker alone makes it not
    empty. Raises `UnreachableError` with the reason.
    """
    try:
        with _open(folder) as fd:
            now = _look(folder, fd, url, known)
    except OSError as error:
        raise unreachable(folder, error) from error
    if known:
        _compare(folder, known, now)
    return now


def unreachable(folder: bytes, error: OSError) -> UnreachableError:
    """Return what is said of a root that can't be read."""
    code = error.errno or errno.EIO
    what = _PLAIN.get(code) or f"can't be read ({os.strerror(code)}): look at its disk or network"
    return UnreachableError(f"{_named(folder)} {what}", reason=errno.errorcode.get(code, "EIO"))


@contextmanager
def _open(folder: bytes) -> Iterator[int | None]:
    fd = opened(folder)
    try:
        yield fd
    finally:
        if fd is not None:
            os.close(fd)


def _look(folder: bytes, fd: int | None, url: str, known: Root | None) -> Root:
    prefix = folder + b"/" if fd is None else b""
    with os.scandir(folder if fd is None else fd) as entries:
        names = [os.fsencode(entry.name) for entry in entries]
    os.stat(prefix + b".", dir_fd=fd)  # a folder may be read, and its files not be looked at
    names.sort()
    name, sha256 = _marker(prefix, fd, names, read(known.marker) if known else b"")
    system = file_system.file_system(folder, fd)
    return Root(
        kind="folder",
        url=url,
        device=system.facts,
        file_system=system.type,
        marker=shown(name),
        marker_sha256=sha256,
        empty=_NOTHING.issuperset(names),
    )


def _marker(prefix: bytes, fd: int | None, names: list[bytes], known: bytes) -> tuple[bytes, str]:
    """Return a marker's name, and the hash of its content: of the known one, else of the first."""
    found = [name for name in names if name.endswith(marker.SUFFIX)]
    for name in sorted(found, key=lambda name: name != known):
        if marker.is_marker(name, os.stat(prefix + name, dir_fd=fd, follow_symlinks=False)):
            return name, hashlib.sha256(marker.content(prefix + name, fd)).hexdigest()
    return b"", ""


def _compare(folder: bytes, known: Root, now: Root) -> None:
    """Hold a root against what it was. Raises `UnreachableError`."""
    moved = known.url != now.url  # then the user said where it is
    same = True if moved else file_system.same(known.device, now.device)
    if same is False or (same is None and not known.marker):
        reason = "other file system"
        what = (
            "lies in another file system, or is another folder of it, than at the last scan "
            f"(then {masked_in(known.device)}; now {masked_in(now.device)})"
        )
    elif known.marker and known.marker != now.marker:
        reason = "no marker"
        what = f"lacks the marker {known.marker} of the last scan"
    elif known.marker and known.marker_sha256 != now.marker_sha256:
        reason = "other marker"
        what = f"has a marker {known.marker} of another content than at the last scan"
    elif now.empty and not known.empty:
        reason = "empty"
        what = "is empty, and was not at the last scan"
    else:
        return
    # A copy is no root to be accepted: all that it lacks would be missing from the storage.
    right = _OF_A_COPY if moved else f"mount the right one; {_ON_PURPOSE}"
    text = f"{_named(folder)} {what}: {right}"
    raise UnreachableError(text, reason=reason)
