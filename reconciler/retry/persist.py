"""Trying again what a platform could not take just now: backoff with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import UnavailableError
from reconciler.retry.limits import Halt, Limits
from reconciler.retry.surroundings import Machine, Surroundings

#: Seconds before the second attempt, at most; doubled before each later one, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 20.0
#: More doublings than any longest pause takes; a number must not grow for ever.
_DOUBLINGS = 10
_T = TypeVar("_T")
#: Told the number of attempts that have failed, the seconds until the next, and the error.
Told = Callable[[int, float, UnavailableError], None]


class Patience:
    """For how long, and how, one step is tried again."""

    def __init__(self, surroundings: Surroundings, halt: Halt, seconds: float, told: Told) -> None:
        self._surroundings = surroundings
        self._halt = halt
        self._told = told
        self.deadline = surroundings.now() + seconds

    def persist(self, attempt: Callable[[], _T]) -> _T:
        """Make attempts until one does not raise `UnavailableError`.

        Raises the last one when the time is over, or would be before the next attempt, or when
        the run starts nothing more.
        """
        failed = 0
        while True:
            try:
                return attempt()
            except UnavailableError as error:
                chance = self._surroundings.random()
                wait = pause(error, failed, chance, FIRST_PAUSE, LONGEST_PAUSE)
                failed += 1
                if self._surroundings.now() + wait >= self.deadline or self._halt.reason():
                    raise
                self._told(failed, wait, error)
                self._surroundings.wait(lambda: bool(self._halt.reason()), wait)
                if self._halt.reason():
                    raise


def pause(
    error: UnavailableError, doublings: int, chance: float, first: float, longest: float
) -> float:
    """Return the seconds until the next attempt: by chance, but never less than the error asks."""
    at_most = min(longest, first * 2.0 ** min(doublings, _DOUBLINGS))
    return max(at_most * chance, error.retry_after or 0.0)


def persist(
    question: Callable[[], _T],
    limits: Limits,
    seconds: float,
    surroundings: Surroundings | None = None,
) -> _T:
    """Ask a platform something, again and again for some seconds while it can't answer."""
    surroundings = surroundings or Machine()
    return Patience(surroundings, Halt(limits), seconds, lambda *_: None).persist(question)
