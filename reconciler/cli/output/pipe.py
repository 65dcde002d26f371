"""Writing to somebody who may stop reading: in pieces, each once there is room for it."""

from __future__ import annotations

import errno
import os
import select
import stat
import time

from reconciler.cli import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    #: Given the moment since which a write waits for its reader: whether it may go on to wait.
    MayWait = Callable[[float], bool]

#: Seconds between two looks at whether a write may go on to wait: a signal may have come.
LOOK_EVERY = 0.1
#: Seconds for which the reader of a last line is waited for.
LAST = 0.25


class StalledError(OSError):
    """Whoever reads has stopped doing so."""

    def __init__(self) -> None:
        super().__init__(errno.EAGAIN, "whoever reads it takes nothing more")


def piece() -> int:
    """Return how many bytes a pipe takes without a wait once it is said to have room."""
    return getattr(select, "PIPE_BUF", 512)


def wait_for_room(descriptor: int, may_wait: MayWait) -> None:
    """Wait until there is room for a piece; raises `StalledError` once that takes too long."""
    since = time.monotonic()
    while not _has_room(descriptor):
        if not may_wait(since):
            raise StalledError


class Outlet:
    """An open file descriptor that takes bytes, which somebody may read along."""

    def __init__(self, descriptor: int, may_wait: MayWait) -> None:
        self._descriptor = descriptor
        self._may_wait = may_wait

    def write(self, data: bytes) -> None:
        """Write all of it; raises `OSError`, `StalledError` if its reader stalls."""
        size = piece()
        left = memoryview(data)
        while left:
            wait_for_room(self._descriptor, self._may_wait)
            left = left[os.write(self._descriptor, left[:size]) :]

    def empty(self) -> None:
        """Leave nothing of what an ordinary file held; raises `OSError`."""
        if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.ftruncate(self._descriptor, 0)

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)


def for_seconds(seconds: float) -> MayWait:
    """Wait as long as this, whatever happens."""
    return lambda since: time.monotonic() - since < seconds


def discard(stream: TextIO) -> None:
    """Send what is left in the buffers nowhere, so that the interpreter's exit finds no fault."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass


def _has_room(descriptor: int) -> bool:
    try:
        return bool(select.select([], [descriptor], [], LOOK_EVERY)[1])
    except (OSError, ValueError):
        # It can't be asked: Windows knows that of sockets only. The write will tell.
        return True
