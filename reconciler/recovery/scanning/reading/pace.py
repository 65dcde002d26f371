"""How fast and how much a scan may read: one pace for all its threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

#: Seconds of reading that may be made up for at once, after a pause.
_BURST = 0.25


class SpentError(Exception):
    """The time or the bytes that a scan was given are spent. Never reaches a user."""


class Pace:
    """Counts what is read, slows it down, and ends it; called from any thread."""

    def __init__(
        self,
        *,
        rate: float | None = None,
        most: int | None = None,
        until: float = math.inf,
        asked: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take bytes a second, bytes altogether, and a moment of `clock`.

        `asked` says whether somebody wants an end.
        """
        self.rate = rate
        self.most = most
        self._until = until
        self._clock = clock
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._free_at = -math.inf
        self._promised = 0
        #: Bytes that were read.
        self.count = 0
        self._asked = asked
        self._stopping = False

    def __call__(self, count: int, /) -> None:
        """Take note of bytes that were read; raises `SpentError` or `KeyboardInterrupt`."""
        if self._ended.is_set():
            raise KeyboardInterrupt
        with self._lock:
            self.count += count
            wait = self._wait(count) if self.rate else 0.0
        if self.most is not None and self.count > self.most:
            raise SpentError
        if self.overdue():
            raise SpentError
        # Not longer than until the end.
        if wait > 0 and self._ended.wait(min(wait, self._until - self._clock())):
            raise KeyboardInterrupt

    @property
    def stopping(self) -> bool:
        """Whether no new task is to be begun, and those that run are to end soon."""
        return self._stopping or self._asked() or self.overdue()

    def stop(self) -> None:
        """Have everything end soon; what was read is kept."""
        self._stopping = True

    def overdue(self) -> bool:
        """Return whether the time is over."""
        return self._clock() >= self._until

    def reserve(self, size: int) -> bool:
        """Return whether a file of this size may still be read, beside all that was promised."""
        if self.most is not None and self._promised + size > self.most:
            return False
        self._promised += size
        return True

    def end(self) -> None:
        """End all reading at once: whoever reads, or waits, gets `KeyboardInterrupt`."""
        self._stopping = True
        self._ended.set()

    def _wait(self, count: int) -> float:
        assert self.rate is not None  # noqa: S101 - for mypy
        now = self._clock()
        self._free_at = max(self._free_at, now - _BURST) + count / self.rate
        return self._free_at - now
