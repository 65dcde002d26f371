"""Time, chance and threads: all that makes two runs of one plan differ, in one place.

The simulation in `tests/simulation` puts its own in place of these, and so replays any run.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Protocol

#: Seconds between two looks at what is waited for, where nobody would tell: a signal has come.
_LOOK_EVERY = 0.1


class Surroundings(Protocol):
    """What the executor needs of the machine that it runs on."""

    def now(self) -> float:
        """Return the seconds since some moment."""

    def random(self) -> float:
        """Return a number from 0 up to, but not, 1."""

    def key(self) -> str:
        """Return a text that nobody can guess and nobody else has."""

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread that does not keep the process from ending."""

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until `ready` says so, or `seconds` are over; asked by one thread at a time."""

    def notify(self) -> None:
        """Have everybody who waits look again."""


class Machine:
    """The real ones."""

    def __init__(self) -> None:
        self._changed = Condition()

    def now(self) -> float:
        """Return the seconds since some moment."""
        return time.monotonic()

    def random(self) -> float:
        """Return a number from 0 up to, but not, 1."""
        return random.random()  # noqa: S311 - it only spreads attempts over time

    def key(self) -> str:
        """Return 128 random bits."""
        return os.urandom(16).hex()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a daemon thread: after a second Ctrl-C the process ends without it."""
        Thread(target=work, name="apply", daemon=True).start()

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait, looking again whenever `notify` was called, and now and then without."""
        deadline = None if seconds is None else self.now() + seconds
        with self._changed:
            while not ready():
                left = _LOOK_EVERY if deadline is None else deadline - self.now()
                if left <= 0:
                    return
                self._changed.wait(min(left, _LOOK_EVERY))

    def notify(self) -> None:
        """Have everybody who waits look again."""
        with self._changed:
            self._changed.notify_all()
