"""How long a command may take in all: what `--timeout` says."""

from __future__ import annotations

import time


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
