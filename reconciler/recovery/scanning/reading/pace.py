"""How fast and how much a scan may read: one pace for all its threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from reconciler.recovery.source import SpentError

#: Seconds of reading that may be made up for at once, after a pause.
_BURST = 0.25
#: Seconds between two looks whether somebody wants an end: each read would pay for more.
_LOOK = 0.1


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
        self._most = math.inf if most is None else most
        self._is_bounded = rate is not None or most is not None
        self._until = until
        self._clock = clock
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._free_at = -math.inf
        self._promised = 0
        #: Bytes that were read, and files that were read to their end.
        self.count = self.files = 0
        #: Whether somebody wants an end, for whatever reason but a limit.
        self.asked = asked
        self._stopping = False
        self._look_at = -math.inf

    def __call__(self, count: int, /) -> None:
        """Take note of bytes that were read; raises `SpentError` or `KeyboardInterrupt`."""
        with self._lock:
            self.count += count
        # Called for each small file: without limits it is over here.
        if self._is_bounded or self._clock() >= self._look_at:
            self._bound(count)

    def count_files(self, count: int) -> None:
        """Take note of files that were read to their end."""
        with self._lock:
            self.files += count

    @property
    def stopping(self) -> bool:
        """Whether nothing more is to be read, and what runs is to end within a moment."""
        return self._stopping or self.asked() or self._clock() >= self._until

    def stop(self) -> None:
        """Have all reading end; files that were read to their end are kept."""
        self._stopping = True
        self._look_at = -math.inf

    def reserve(self, size: int) -> bool:
        """Return whether a file of this size may still be read, beside all that was promised."""
        if self.most is not None and self._promised + size > self.most:
            return False
        self._promised += size
        return True

    def end(self) -> None:
        """End all reading at once: whoever reads, or waits, gets `KeyboardInterrupt`."""
        self._ended.set()
        self.stop()

    @property
    def ended(self) -> bool:
        """Whether all reading was ended at once, and may hang."""
        return self._ended.is_set()

    def _bound(self, count: int) -> None:
        wait = self._wait(count) if self.rate else 0.0
        if self._clock() >= self._look_at or self.count > self._most:
            self._look()
        while wait > 0:
            part = min(wait, _LOOK)
            self._ended.wait(part)
            self._look()
            wait -= part

    def _look(self) -> None:
        if self._ended.is_set():
            raise KeyboardInterrupt
        if self.count > self._most:
            self.stop()
        if self.stopping:
            raise SpentError
        self._look_at = self._clock() + _LOOK

    def _wait(self, count: int) -> float:
        assert self.rate is not None  # noqa: S101 - for mypy
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now - _BURST) + count / self.rate
            return self._free_at - now
