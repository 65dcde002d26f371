"""Ending an apply early: by signal, or because its time is over."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from reconciler.executor.outcomes import NOT_BEGUN
from reconciler.retry.limits import TimeLimit

_T = TypeVar("_T")
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
#: Seconds that what runs may take after SIGTERM or SIGHUP. CI systems send one of these and kill
#: about 10 s later: by then we must have said what is unknown, and given the lease up.
GRACE = 6.0
#: Seconds of these that are left at least for what follows what was carried out.
_REST = 2.0
#: Seconds that what runs may take once `--timeout` is over, where a call may never answer.
OVERDUE = 5.0
#: Seconds after an enforced end in which more signals change nothing: people hit keys twice.
_CALM = 5.0
FINISHES = "what runs is finished{}, nothing more is started"
_NOTICE = "Stopping: {}. Again to stop at once."


class Stop:
    """While entered, the first signal asks for an end and the second enforces it.

    After SIGTERM and SIGHUP the end is enforced when `GRACE` is over, where the system has timers.
    It comes as a `KeyboardInterrupt`, until `settle` is called. Python gives signals to the main
    thread alone: entered in another one, it takes none over.
    """

    def __init__(
        self,
        limit: TimeLimit,
        tell: Callable[[str], None],
        doing: str = FINISHES,
        *,
        signals: Sequence[str] = SIGNALS,
        heard: Callable[[], object] = lambda: None,
        within: Stop | None = None,
    ) -> None:
        """`doing` says what the first signal leads to; `{}` in it, how long that may take.

        `tell` says it, and `heard` is called, in the handler of the first one: whatever it was that
        this interrupted. `within` is one that is entered already, and hears of it, too: what that
        one was asked for before, this one is asked for from its beginning.
        """
        #: The signal that asked for an end; None if none did.
        self.signal: int | None = None
        self._tell = tell
        self._doing = doing
        self._signals, self._heard, self._within = signals, heard, within
        self._settled = False
        #: While somebody must not be interrupted; and whether they are to be, after that.
        self._undisturbed = self._due = False
        #: From when on nobody who reads along is waited for.
        self.hurry_at = math.inf
        #: While the time after SIGTERM runs: what the timer was set to before.
        self._timer: tuple[float, float] | None = None
        self._limit = limit
        self._earlier: dict[signal.Signals, Any] = {}
        self._enforced_at: float | None = None

    def __enter__(self) -> Self:
        """Take over the signals that ask for an end."""
        if threading.current_thread() is not threading.main_thread():
            return self
        for name in self._signals:
            number = getattr(signal, name, None)
            # What a parent process ignores (nohup) stays ignored.
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._earlier[number] = signal.signal(number, self.hear)
        if sys.platform != "win32":
            self._earlier[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._on_alarm)
        # From here on the other one hears nothing any more, and its timer is ours.
        if self._within is not None and self._within.interrupted:
            self.signal, self.hurry_at = self._within.signal, self._within.hurry_at
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        self._disarm()
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
        if self._within is not None and self._within.interrupted:
            self._within.go_on_from(self)

    @property
    def interrupted(self) -> bool:
        """Whether a signal asked for an end."""
        return self.signal is not None

    @property
    def enforced(self) -> bool:
        """Whether the end was enforced: it is not waited for any more."""
        return self._enforced_at is not None

    def reason(self) -> str | None:
        """Return why nothing more may be started; None if it may."""
        if self.interrupted:
            return NOT_BEGUN
        if self._is_over(by=0):
            return f"not started: the time allowed by --timeout ({self._limit.seconds:g} s) is over"
        return None

    def overdue(self) -> str | None:
        """Return why a call that has not answered is not waited for any more; None to wait."""
        if self._is_over(by=OVERDUE):
            return f"no answer within the time allowed by --timeout ({self._limit.seconds:g} s)"
        return None

    def asked(self) -> str | None:
        """Return whether a signal asked for an end, whatever `--timeout` says."""
        return NOT_BEGUN if self.interrupted else None

    def left(self) -> float | None:
        """Return the seconds that `--timeout` leaves; None without a limit."""
        left = self._limit.left()
        return None if left is None else max(0.0, left)

    def undisturbed(self, tell: Callable[[_T], None]) -> Callable[[_T], None]:
        """Put an enforced end off until something is told, so that no line is torn."""

        def told(news: _T) -> None:
            self._undisturbed = True
            try:
                tell(news)
            finally:
                self._undisturbed = False
            if self._due:
                self._due = False
                raise KeyboardInterrupt

        return told

    def settle(self) -> None:
        """Call when nothing is carried out any more: signals raise nothing from now on.

        What is left to do takes little time, and all that they do is to shorten it.
        """
        self._settled = True
        self._disarm()

    def _is_over(self, *, by: float) -> bool:
        left = self._limit.left()
        return left is not None and left <= -by

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal that asks for an end: the first one, or one more."""
        if self.interrupted or self._settled:
            if self._within is not None and not self._within.interrupted:
                self._within.hear(number, frame)
            self._enforce()
            return
        self.signal = number
        limit = ""
        if number != signal.SIGINT:
            self.hurry_at = time.monotonic() + GRACE
            if sys.platform != "win32":
                self._timer = signal.setitimer(signal.ITIMER_REAL, GRACE)
                limit = f", for {GRACE:g} s at most"
        if self._within is not None:
            self._within.signal, self._within.hurry_at = number, self.hurry_at
        self._tell(_NOTICE.format(self._doing.format(limit)))
        self._heard()

    def go_on_from(self, inner: Stop) -> None:
        """Enforce what one within this one was asked for when its time is over, or very soon."""
        self._enforced_at = inner._enforced_at or self._enforced_at
        left = max(self.hurry_at - time.monotonic(), _REST)
        if self.hurry_at < math.inf and not self.enforced and sys.platform != "win32":
            earlier = signal.setitimer(signal.ITIMER_REAL, left)
            self._timer = self._timer or earlier

    def _disarm(self) -> None:
        if sys.platform != "win32" and self._timer is not None:
            signal.setitimer(signal.ITIMER_REAL, *self._timer)
            self._timer = None

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted or (self._settled and self._within is not None):
            self._enforce("Stopping at once.")
        elif callable(earlier := self._earlier[signal.Signals(number)]):  # a script's own alarm
            earlier(number, frame)

    def _enforce(self, notice: str = "") -> None:
        now = time.monotonic()
        self.hurry_at = min(self.hurry_at, now)
        if self._settled or (self._enforced_at is not None and now - self._enforced_at <= _CALM):
            return
        self._enforced_at = now
        if notice:
            self._tell(notice)
        if not self._undisturbed:
            raise KeyboardInterrupt
        self._due = True
