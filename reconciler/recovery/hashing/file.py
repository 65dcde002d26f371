"""The hash of a file that is open: of what was in it at one moment, or none."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

#: Larger buffers are not faster; one for each thread is used for all that the thread ever reads.
BUFFER = 256 * 1024
#: A file system's clock may tick as seldom (FAT): a file that was touched within this may be
#: touched again without a trace in its times.
TICK_NS = 2_000_000_000

_thread = threading.local()


class Hashed(NamedTuple):
    """What was in a file at one moment."""

    found: os.stat_result
    sha256: bytes
    #: When it was read; whole seconds since 1970, UTC.
    at: int


def hashed(fd: int, pace: Callable[[int], None]) -> Hashed | None:
    """Read an open file from where it stands to its end; None if it changed meanwhile.

    It did not change if size and times are the same before and after, and as much was read. Times
    that are younger than their clock's tick show nothing: such a file is read twice, and both
    must agree. (What programs write through a memory map has the time of its first page only.)
    `pace` is told of each read. Raises `OSError`.
    """
    now = time.time_ns()
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        return None
    sha256 = _sha256(fd, before.st_size, pace)
    if sha256 and _touched_ns(before) > now - TICK_NS:
        os.lseek(fd, 0, os.SEEK_SET)
        sha256 = sha256 if sha256 == _sha256(fd, before.st_size, pace) else None
    after = os.fstat(fd)
    if sha256 is None or _state(before) != _state(after):
        return None
    return Hashed(before, sha256, now // 1_000_000_000)


def _sha256(fd: int, size: int, pace: Callable[[int], None]) -> bytes | None:
    """Return the hash of the next `size` bytes, or None if there are fewer or more."""
    whole = _buffer()
    digest = hashlib.sha256()
    total = 0
    while count := _fill(fd, whole):
        digest.update(whole if count == BUFFER else whole[:count])
        pace(count)
        total += count
        if total >= size:
            break
    return digest.digest() if total == size else None


def _buffer() -> memoryview:
    try:
        buffer: memoryview = _thread.buffer
    except AttributeError:
        buffer = _thread.buffer = memoryview(bytearray(BUFFER))
    return buffer


def _readv(fd: int, buffer: memoryview) -> int:
    return os.readv(fd, (buffer,))


def _readinto(fd: int, buffer: memoryview) -> int:
    return io.FileIO(fd, closefd=False).readinto(buffer) or 0


#: Windows has no `readv`.
_fill = _readv if hasattr(os, "readv") else _readinto


def _touched_ns(found: os.stat_result) -> int:
    # On Windows `ctime` is when the file was made.
    return found.st_mtime_ns if os.name == "nt" else found.st_ctime_ns


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
