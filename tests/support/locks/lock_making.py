"""Two or more contenders for one lock, and the clock that they go by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from reconciler.lease.contract import Holder, Lock

ALICE = Holder("alice", "build-7", "https://ci.example.org/jobs/1", "apply of main")
BOB = Holder("bob", "laptop")


class Clock:
    """The time by which leases run out, as far as a test can move it."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Contest:
    """One lock. `contender()` opens it once more, as another process would."""

    def __init__(
        self, open_one: Callable[[], Lock], advance: Callable[[float], None], stack: ExitStack
    ) -> None:
        self._open = open_one
        self._stack = stack
        #: Lets so many seconds pass for the lock.
        self.advance = advance

    def contender(self) -> Lock:
        lock = self._open()
        self._stack.callback(lock.close)
        return lock


@contextmanager
def contest(open_one: Callable[[], Lock], advance: Callable[[float], None]) -> Iterator[Contest]:
    """Give a new lock; its contenders are closed at the end."""
    with ExitStack() as stack:
        yield Contest(open_one, advance, stack)
