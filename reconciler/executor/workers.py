"""Carries out several steps at a time, each in a thread; tells of them in one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from reconciler.executor.events import Retried
from reconciler.executor.outcomes import StepEnd
from reconciler.executor.schedule import Item
from reconciler.retry.surroundings import Surroundings

#: Hands an event on, and how a step ended.
Tell = Callable[[Retried], None]
CarryOut = Callable[[Item, Tell], StepEnd]


class Ended(NamedTuple):
    """A step was carried out; or its thread met with something that must end the run."""

    item: Item
    end: StepEnd | None = None
    error: BaseException | None = None


class Workers:
    """Threads that carry out steps. Only the thread that made it calls its methods.

    They are never waited for: after an interrupt they may still hang in a call, and it is told
    of what they were doing that nobody knows how it ended.
    """

    def __init__(self, carry_out: CarryOut, surroundings: Surroundings) -> None:
        self._carry_out = carry_out
        self._surroundings = surroundings
        #: Handing over through these needs no lock: both ends of a deque are safe to use.
        self._todo: deque[Item] = deque()
        self._news: deque[Retried | Ended] = deque()
        self._hired = 0
        self._dismissed = False
        #: How many steps were given and have not ended.
        self.busy = 0

    def give(self, item: Item) -> None:
        """Have a step carried out, by a new thread if none is free."""
        self._todo.append(item)
        self.busy += 1
        if self.busy > self._hired:
            self._hired += 1
            self._surroundings.start(self._work)
        else:
            self._surroundings.notify()

    def news(self, give_up: Callable[[], object]) -> Retried | Ended | None:
        """Wait until something has happened and return it, one thing at a time.

        So an interrupt loses nothing that has happened: it is still `gathered`. None if nothing
        has happened by the time at which `give_up` says so.
        """
        self._surroundings.wait(lambda: bool(self._news) or bool(give_up()))
        return self._taken() if self._news else None

    def gathered(self) -> Iterator[Retried | Ended]:
        """Yield what has happened, without waiting."""
        while self._news:
            yield self._taken()

    def _taken(self) -> Retried | Ended:
        news = self._news.popleft()
        self.busy -= isinstance(news, Ended)
        return news

    def dismiss(self) -> None:
        """Let the threads end once they have finished what they do."""
        self._dismissed = True
        self._surroundings.notify()

    def _work(self) -> None:
        while (item := self._next()) is not None:
            try:
                self._tell(Ended(item, self._carry_out(item, self._tell)))
            except BaseException as error:
                self._tell(Ended(item, error=error))

    def _next(self) -> Item | None:
        while not self._dismissed:
            self._surroundings.wait(lambda: bool(self._todo) or self._dismissed)
            try:
                return self._todo.popleft()
            except IndexError:  # another was quicker
                continue
        return None

    def _tell(self, news: Retried | Ended) -> None:
        self._news.append(news)
        self._surroundings.notify()
