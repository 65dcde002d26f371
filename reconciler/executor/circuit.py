"""Stops hammering a platform that is down: after some refusals in a row, one probe at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.retry.limits import Halt
from reconciler.retry.persist import pause
from reconciler.retry.surroundings import Surroundings

#: Refusals in a row, over all operations, after which the platform counts as down.
REFUSALS = 5
#: Seconds until the first probe, at most, and between later ones, at most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
_T = TypeVar("_T")


class Circuit:
    """Lets calls through to a platform, all of them or one probe at a time.

    A platform that has refused every call for `longest` seconds is given up: the run then starts
    nothing more.
    """

    def __init__(self, surroundings: Surroundings, halt: Halt, longest: float) -> None:
        self._surroundings = surroundings
        self._halt = halt
        self._longest = longest
        self._refusals = 0
        self._since = 0.0
        self._last = ""
        self._next_probe = 0.0
        #: Who takes the one thing in here makes the probe; taking it is atomic.
        self._token = [True]

    def call(self, make: Callable[[], _T], deadline: float) -> _T:
        """Make a call, now or when its turn has come; waits until `deadline` at most.

        Raises what the call raises, and `UnavailableError` if its turn does not come in time.
        """
        probe = self._enter(deadline)
        try:
            answer = make()
        except UnavailableError as error:
            self._refused(error)
            raise
        except UnknownOutcomeError:
            raise  # tells nothing of whether the platform is there
        except PlatformError:
            self._refusals = 0
            raise
        else:
            self._refusals = 0
            return answer
        finally:
            if probe:
                self._token.append(True)
                self._surroundings.notify()

    @property
    def _closed(self) -> bool:
        return self._refusals < REFUSALS

    def _enter(self, deadline: float) -> bool:
        """Wait for one's turn; return whether the call is a probe."""
        while not self._closed:
            now = self._surroundings.now()
            if self._halt.reason() or now >= deadline:
                self._give_up_in_time(now)
                raise UnavailableError(self._last)
            if now >= self._next_probe:
                if self._take_token():
                    return True
                self._surroundings.wait(self._may_move, deadline - now)
            else:
                self._surroundings.wait(self._may_move, min(self._next_probe, deadline) - now)
        return False

    def _may_move(self) -> bool:
        due = bool(self._token) and self._surroundings.now() >= self._next_probe
        return due or self._closed or bool(self._halt.reason())

    def _take_token(self) -> bool:
        try:
            return self._token.pop()
        except IndexError:
            return False

    def _refused(self, error: UnavailableError) -> None:
        now = self._surroundings.now()
        if not self._refusals:
            self._since = now
        self._refusals += 1
        self._last = str(error)
        if self._closed:
            return
        doublings, chance = self._refusals - REFUSALS, self._surroundings.random()
        self._next_probe = now + pause(error, doublings, chance, FIRST_PAUSE, LONGEST_PAUSE)
        self._give_up_in_time(now)

    def _give_up_in_time(self, now: float) -> None:
        down_for = now - self._since
        if down_for >= self._longest:
            self._halt.start_nothing(
                f"the platform has been unavailable for {down_for:.0f} s: {self._last}"
            )
