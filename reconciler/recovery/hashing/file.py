"""The hash of a file that is open: of what was in it at one moment, or none."""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import threading
from collections.abc import Callable
from stat import S_ISREG
from typing import TypeAlias

#: Larger buffers are not faster; one for each thread is used for all that the thread ever reads.
BUFFER = 256 * 1024
#: A file system's clock may tick as seldom (FAT): a file that was touched within this may be
#: touched again without a trace in its times.
TICK_NS = 2_000_000_000
#: The pace is told of small files as soon as they are of a whole buffer, or after so long.
_SOON_NS = 20_000_000

#: There the time of the last write tells when a file was last touched, else that of its change.
_WINDOWS = os.name == "nt"

_thread = threading.local()


#: Size, and the times of the last write and change (on Windows, of when it was made) in
#: nanoseconds: what tells one state of a file from another. None, not known, is like no other.
State: TypeAlias = tuple[int | None, int | None, int | None]


class Hasher:
    """Hashes files that are open; for one thread, which has one buffer for all that it reads."""

    def __init__(self, pace: Callable[[int], None]) -> None:
        """Prepare to read; `pace` is told of each read, but of small files of several at once."""
        self._pace = pace
        self._untold = self._told_ns = 0
        self._parts = _buffer()

    def hashed(self, fd: int, before: State, now_ns: int) -> bytes | None:
        """Return the SHA-256 of a file's bytes; None if it is not, or not any more, as it was.

        `before` is how it was at any time before it was opened, and how it must be once it was
        read. Times that are younger, `now_ns`, than their clock's tick show nothing: such a file
        is read twice, and both must agree. (What programs write through a memory map has the time
        of its first page only.) Raises `OSError`.
        """
        size, mtime_ns, ctime_ns = before
        if size is None or mtime_ns is None or ctime_ns is None:
            return None
        parts = self._parts
        count = _fill(fd, parts)
        sha256: bytes | None
        if count and count == size:
            # One read: what a call takes counts beside so small a file.
            self._untold += count
            if self._untold >= BUFFER or now_ns - self._told_ns > _SOON_NS:
                self._told_ns = now_ns
                self.tell()
            sha256 = hashlib.sha256(parts[0][:count]).digest()
        else:
            sha256 = self._sha256(fd, size, count)
        after = os.fstat(fd)
        if (
            after.st_size != size
            or after.st_mtime_ns != mtime_ns
            or after.st_ctime_ns != ctime_ns
            or not S_ISREG(after.st_mode)
        ):
            return None
        if now_ns - (mtime_ns if _WINDOWS else ctime_ns) < TICK_NS:
            os.lseek(fd, 0, os.SEEK_SET)
            return sha256 if sha256 == self._sha256(fd, size, _fill(fd, parts)) else None
        return sha256

    def tell(self) -> None:
        """Tell the pace of what it was not told of yet. Raises what the pace raises."""
        count, self._untold = self._untold, 0
        if count:
            self._pace(count)

    def _sha256(self, fd: int, size: int, count: int) -> bytes | None:
        """Return the hash of `size` bytes, or None if there are fewer or more.

        The first `count` of them are in the buffer.
        """
        parts, pace, total = self._parts, self._pace, count
        digest = hashlib.sha256(parts[0][:count])
        while count:
            pace(count)
            if total >= size:
                break
            count = _fill(fd, parts)
            digest.update(parts[0][:count])
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
