"""The hash of a file that is open: of what was in it at one moment, or none."""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import stat
import threading
from collections.abc import Callable
from typing import TypeAlias

#: Larger buffers are not faster; one for each thread is used for all that the thread ever reads.
BUFFER = 256 * 1024
#: A file system's clock may tick as seldom (FAT): a file that was touched within this may be
#: touched again without a trace in its times.
TICK_NS = 2_000_000_000

#: Which of the times tells when a file was last touched.
_TOUCHED = 1 if os.name == "nt" else 2

_thread = threading.local()


#: Size, and the times of the last write and change (on Windows, of when it was made) in
#: nanoseconds: what tells one state of a file from another. None, not known, is like no other.
State: TypeAlias = tuple[int | None, int | None, int | None]


class Hasher:
    """Hashes files that are open; for one thread, which has one buffer for all that it reads."""

    def __init__(self, pace: Callable[[int], None]) -> None:
        """Prepare to read; `pace` is told of each read."""
        self._pace = pace
        self._parts = _buffer()

    def hashed(self, fd: int, before: State, now_ns: int) -> bytes | None:
        """Return the SHA-256 of a file's bytes; None if it is not, or not any more, as it was.

        `before` is how it was at any time before it was opened, and how it must be once it was
        read. Times that are younger, `now_ns`, than their clock's tick show nothing: such a file
        is read twice, and both must agree. (What programs write through a memory map has the time
        of its first page only.) Raises `OSError`.
        """
        sha256 = self._sha256(fd, before[0] or 0)
        after = os.fstat(fd)
        now = (after.st_size, after.st_mtime_ns, after.st_ctime_ns)
        if now != before or not stat.S_ISREG(after.st_mode):
            return None
        if now_ns - now[_TOUCHED] < TICK_NS:
            os.lseek(fd, 0, os.SEEK_SET)
            return sha256 if sha256 == self._sha256(fd, now[0]) else None
        return sha256

    def _sha256(self, fd: int, size: int) -> bytes | None:
        """Return the hash of the next `size` bytes, or None if there are fewer or more."""
        parts, pace = self._parts, self._pace
        whole = parts[0]
        total = count = _fill(fd, parts)
        digest = hashlib.sha256(whole[:count])
        while count:
            pace(count)
            if total >= size:
                break
            count = _fill(fd, parts)
            digest.update(whole[:count])
            total += count
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
