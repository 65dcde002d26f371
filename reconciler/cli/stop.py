"""Ending an apply early: by signal, or because its time is over."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

INTERRUPTED = "interrupted before it began"
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
#: Seconds that what runs may take after SIGTERM or SIGHUP. CI systems send one of these and kill
#: about 10 s later: by then we must have said what is unknown, and given the lease up.
GRACE = 6.0
#: Seconds after an enforced end in which more signals change nothing: people hit keys twice.
_CALM = 5.0
_NOTICE = "Stopping: what runs is finished{}, nothing more is started. Again to stop at once."


class Stop:
    """While entered, the first signal asks for an end and the second enforces it.

    After SIGTERM and SIGHUP the end is enforced when `GRACE` is over, where the system has timers.
    """

    def __init__(self, timeout: float | None) -> None:
        self.interrupted = False
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._earlier: dict[signal.Signals, Any] = {}
        self._enforced_at: float | None = None

    def __enter__(self) -> Stop:
        """Take over the signals that ask for an end."""
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            # What a parent process ignores (nohup) stays ignored.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._earlier[number] = signal.signal(number, self._on_signal)
        if hasattr(signal, "SIGALRM"):
            self._earlier[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._on_alarm)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def reason(self) -> str | None:
        """Say why nothing more may be started; None if it may."""
        if self.interrupted:
            return INTERRUPTED
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return f"not started: the time allowed by --timeout ({self._timeout:g} s) is over"
        return None

    def asked(self) -> str | None:
        """Say whether a signal asked for an end, whatever `--timeout` says."""
        return INTERRUPTED if self.interrupted else None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.interrupted:
            self._enforce()
            return
        self.interrupted = True
        limit = ""
        if number != signal.SIGINT and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, GRACE)
            limit = f", for {GRACE:g} s at most"
        _tell(_NOTICE.format(limit))

    def _on_alarm(self, _number: int, _frame: FrameType | None) -> None:
        if self.interrupted:
            _tell("Stopping at once.")
            self._enforce()

    def _enforce(self) -> None:
        now = time.monotonic()
        if self._enforced_at is None or now - self._enforced_at > _CALM:
            self._enforced_at = now
            raise KeyboardInterrupt


def _tell(notice: str) -> None:
    # Not through sys.stderr: the signal may have come while that was writing.
    with suppress(OSError):
        os.write(2, f"\n{notice}\n".encode())
