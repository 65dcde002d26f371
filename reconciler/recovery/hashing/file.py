"""The hash of a file that is open: of what was in it at one moment, or none."""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import threading
import time
from collections.abc import Callable
from operator import attrgetter

#: Larger buffers are not faster; one for each thread is used for all that the thread ever reads.
BUFFER = 256 * 1024
#: A file system's clock may tick as seldom (FAT): a file that was touched within this may be
#: touched again without a trace in its times.
TICK_NS = 2_000_000_000

_thread = threading.local()


def hashed(fd: int, found: os.stat_result, pace: Callable[[int], None]) -> bytes | None:
    """Return the SHA-256 of an open file's bytes; None if it is not, or not any more, as `found`.

    `found` is what was seen of it before it was opened; and so it must be, once it was read: the
    same inode, size and times, and as many bytes. Times that are younger than their clock's tick
    show nothing: such a file is read twice, and both must agree. (What programs write through a
    memory map has the time of its first page only.) `pace` is told of each read. Raises `OSError`.
    """
    young = time.time_ns() - _touched_ns(found) < TICK_NS
    sha256 = _sha256(fd, found.st_size, pace)
    after = os.fstat(fd)
    if (
        found.st_mtime_ns != after.st_mtime_ns
        or found.st_ctime_ns != after.st_ctime_ns
        or found.st_size != after.st_size
        or found.st_ino != after.st_ino
        or found.st_mode != after.st_mode
    ):
        return None
    if young:
        os.lseek(fd, 0, os.SEEK_SET)
        return sha256 if sha256 == _sha256(fd, found.st_size, pace) else None
    return sha256


def _sha256(fd: int, size: int, pace: Callable[[int], None]) -> bytes | None:
    """Return the hash of the next `size` bytes, or None if there are fewer or more."""
    parts = _buffer()
    whole = parts[0]
    digest = hashlib.sha256()
    total = 0
    while count := _fill(fd, parts):
        digest.update(whole if count == BUFFER else whole[:count])
        pace(count)
        total += count
        if total >= size:
            break
    return digest.digest() if total == size else None


def _buffer() -> tuple[memoryview]:
    try:
        parts: tuple[memoryview] = _thread.parts
    except AttributeError:
        # Pages of its own: copying into what begins 16 bytes behind one, as `bytearray` does, costs
        # a third of what reading and hashing cost together.
        parts = _thread.parts = (memoryview(mmap.mmap(-1, BUFFER)),)
    return parts


def _readinto(fd: int, parts: tuple[memoryview]) -> int:
    return io.FileIO(fd, closefd=False).readinto(parts[0]) or 0


#: Windows has no `readv`.
_fill: Callable[[int, tuple[memoryview]], int] = getattr(os, "readv", _readinto)
#: When a file was last touched. On Windows `ctime` is when it was made.
_touched_ns = attrgetter("st_mtime_ns" if os.name == "nt" else "st_ctime_ns")
