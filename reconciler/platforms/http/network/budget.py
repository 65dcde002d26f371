"""How long one call may take in all, whatever the other side sends, and whether it was sent."""

from __future__ import annotations

import time

import httpcore

from reconciler.platform import Left

#: Seconds that a call gets though the time for all is over: a look at what became of a write, or
#: giving the lease up. Less than those for which an apply waits for its calls then.
LAST = 3.0
#: Seconds after that in which such calls may be made at all.
GRACE = 20.0
#: Bytes that earn a long transfer one second more.
PACE = 8 * 1024


class Budget:
    """The time that one call may spend on the network.

    A long transfer earns more with what it brings, so that only one that drips is ended. Time that
    passes between two pieces, while others work on them, does not count.
    """

    def __init__(self, seconds: float, *, earns: bool = False, left: Left) -> None:
        """Start now. `left` gives the seconds until everything is to be over, None without end."""
        self._seconds = seconds
        self._earns = earns
        self._left = left
        self._began = time.monotonic()
        #: Whether any of the request may have reached the server.
        self.sent = False
        #: The connection that was made for this call, if one was.
        self.made: httpcore.NetworkStream | None = None

    def wait(self, most: float) -> Wait:
        """Return the time to wait for one thing."""
        return Wait(most, self)

    def left(self) -> float:
        """Return the seconds that are left; none, or less than none, when the time is over."""
        over = self._left()
        if over is None:
            return self._seconds
        # A call that began late, or just in time, still gets a little.
        at_least = LAST - (time.monotonic() - self._began)
        return min(self._seconds, max(over, min(at_least, over + GRACE)))

    def abandon(self) -> None:
        """Close a connection that leads nowhere; httpcore forgets one that SOCKS was refused on."""
        if self.made is not None and not self.sent:
            self.made.close()

    def spend(self, seconds: float, size: int) -> None:
        """Note how long so many bytes took."""
        self._seconds -= seconds
        if self._earns:
            self._seconds += size / PACE


class Wait(float):
    """Seconds to wait for one thing, as httpcore hands them on, and the budget they are part of."""

    budget: Budget

    def __new__(cls, most: float, budget: Budget) -> Wait:
        """Be a number that remembers where it comes from."""
        self = super().__new__(cls, most)
        self.budget = budget
        return self

    def seconds(self, error: type[httpcore.TimeoutException]) -> float:
        """Return how long to wait now; raises `error` if there is no time left."""
        left = min(self, self.budget.left())
        if left <= 0:
            raise error("the time for this call is over")
        return left
