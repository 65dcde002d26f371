"""Ending an apply early: by signal, or because its time is over."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
_NOTICE = b"\nStopping: what runs is finished, nothing more is started. Again to stop at once.\n"


class Stop:
    """While entered, the first signal asks for an end and the second enforces it."""

    def __init__(self, timeout: float | None) -> None:
        self.interrupted = False
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._earlier: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        """Take over the signals that ask for an end."""
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            # What a parent process ignores (nohup) stays ignored.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._earlier[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def reason(self) -> str | None:
        """Say why nothing more may be started; None if it may."""
        if self.interrupted:
            return "interrupted before it began"
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return f"not started: the time allowed by --timeout ({self._timeout:g} s) is over"
        return None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        # Not through sys.stderr: the signal may have come while that was writing.
        with suppress(OSError):
            os.write(2, _NOTICE)
