"""What bounds a run, and the reasons for which it goes no further."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from reconciler.errors import LeaseLostError


class Limits(Struct, frozen=True):
    """How a run is bounded. The functions are asked from any thread."""

    parallelism: int = 10
    fail_fast: bool = False
    #: Asked before each step, and while one waits to be tried again: a reason to start nothing
    #: more (Ctrl-C, the time for the whole run is over), or None to go on.
    stop: Callable[[], str | None] = lambda: None
    #: Asked while steps run whose calls may never answer: why they are not waited for any more.
    overdue: Callable[[], str | None] = lambda: None
    #: Seconds for which one step is tried again while the platform can't take it.
    operation_timeout: float = 120.0
    #: Asked then too, and just before each write: why nothing may be written any more, not even
    #: for a step that runs (the lease is lost).
    lost: Callable[[], str | None] = lambda: None


class TimeLimit:
    """The end of a command's time, which begins when it is made."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.start()

    def start(self) -> None:
        """Begin anew: the time that somebody took to read a plan and to answer does not count."""
        self._deadline = None if self.seconds is None else time.monotonic() + self.seconds

    def left(self) -> float | None:
        """Return the seconds that are left, less than none once they are over; None without end."""
        return None if self._deadline is None else self._deadline - time.monotonic()


class Halt:
    """Why a run starts nothing more; the first reason stays."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._reason = ""
        self._forbidden = ""

    def reason(self) -> str:
        """Return why nothing more is started, and nothing tried again; empty to go on."""
        if not self._reason:
            self.start_nothing(self._limits.stop() or "")
            self._ask_for_lease()
        return self._reason

    @property
    def known(self) -> str:
        """Why nothing more was started, without asking anew."""
        return self._reason

    def overdue(self) -> str:
        """Return why what runs is not waited for any more; empty to wait."""
        return self._limits.overdue() or ""

    def start_nothing(self, reason: str) -> None:
        """From now on start nothing more; what runs goes on."""
        self._reason = self._reason or reason

    def write_nothing(self, reason: str) -> None:
        """From now on make no write at all, not even for a step that runs."""
        self._forbidden = self._forbidden or reason
        self.start_nothing(reason)

    def check_write(self) -> None:
        """Raise `LeaseLostError` if a write must not be made any more."""
        self._ask_for_lease()
        if self._forbidden:
            raise LeaseLostError(self._forbidden)

    def _ask_for_lease(self) -> None:
        if not self._forbidden and (lost := self._limits.lost()):
            self.write_nothing(lost)
