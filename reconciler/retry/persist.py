"""Trying again what a platform could not take just now: backoff with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import UnavailableError
from reconciler.retry.limits import Halt, Limits
from reconciler.retry.surroundings import Machine, Surroundings

if TYPE_CHECKING:
    from tenacity import RetryCallState

#: Seconds before the second attempt, at most; doubled before each later one, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 20.0
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
        try:
            return attempt()
        except UnavailableError as error:
            return self._again(attempt, error)

    def _again(self, attempt: Callable[[], _T], first: UnavailableError) -> _T:
        """Go on after a first attempt, which tenacity takes for the first of its own."""
        from tenacity import Retrying, retry_if_exception_type, wait_exponential

        self._last = first
        attempts = 0

        def replayed() -> _T:
            nonlocal attempts
            attempts += 1
            if attempts == 1 or self._halt.reason():
                raise self._last
            return attempt()

        grown = wait_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE)
        retrying = Retrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=lambda state: self._pause(grown(state), state),
            stop=self._is_over,
            before_sleep=self._tell,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(replayed)

    def _pause(self, at_most: float, state: RetryCallState) -> float:
        return max(at_most * self._surroundings.random(), _error(state).retry_after or 0.0)

    def _is_over(self, state: RetryCallState) -> bool:
        over = self._surroundings.now() + state.upcoming_sleep >= self.deadline
        return over or bool(self._halt.reason())

    def _tell(self, state: RetryCallState) -> None:
        self._last = _error(state)
        self._told(state.attempt_number, state.upcoming_sleep, self._last)

    def _sleep(self, seconds: float) -> None:
        self._surroundings.wait(lambda: bool(self._halt.reason()), seconds)


def persist(
    question: Callable[[], _T],
    limits: Limits,
    seconds: float,
    surroundings: Surroundings | None = None,
) -> _T:
    """Ask a platform something, again and again for some seconds while it can't answer."""
    surroundings = surroundings or Machine()
    return Patience(surroundings, Halt(limits), seconds, lambda *_: None).persist(question)


def _error(state: RetryCallState) -> UnavailableError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, UnavailableError):
        raise TypeError(f"not a failure that is tried again: {error!r}")
    return error
