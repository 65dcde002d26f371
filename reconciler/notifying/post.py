"""Sending, beside the watch: a thread for each destination, so that none waits for another.

The watch hands over what lasts and goes on. What is not taken is tried again after a pause that
doubles; what comes meanwhile is merged with it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.notifying import book as books
from reconciler.notifying.book import Book, Waiting
from reconciler.notifying.digests import Rhythm
from reconciler.notifying.message import AGAIN, Door, Message, Outcome
from reconciler.notifying.untold import Queue
from reconciler.printable import quoted
from reconciler.watching.conditions import Lasting
from reconciler.watching.memory import Memory
from reconciler.watching.status import Destination

#: Seconds after the first failure, and at most.
FIRST, LONGEST = 15.0, 3600.0
#: Seconds after which who has not answered yet counts as failing.
PATIENCE = 60.0
NO_ANSWER = "no answer yet"
#: Why one fails that was tried by an earlier process alone.
BEFORE = "it took nothing before this start"
#: Seconds that are slept at most in one go: a clock may be set. At the end it may come to hurry.
_NAP, _GLANCE = 300.0, 0.1


def pause(failures: int) -> float:
    """Return for how many seconds a destination is left alone that has failed so often.

    >>> [pause(failures) for failures in (1, 2, 3, 20)]
    [15.0, 30.0, 60.0, 3600.0]
    """
    return float(min(FIRST * 2 ** min(failures - 1, 20), LONGEST))


class Means(NamedTuple):
    """What a post works with."""

    #: Says what has begun and ended, of what is watched.
    news: Callable[[str, Queue], Message]
    #: Says what stands, when it was looked last, and what has begun and ended between two moments.
    digest: Callable[[str, Queue, tuple[Lasting, ...], str, str, str], Message]
    #: What is watched, as long as nobody knows that better.
    place: str
    now: Callable[[], datetime]
    #: Has the book outlast this process; raises nothing, and returns whether to ask it again.
    keep: Callable[[Book], bool | None]
    #: Called when there is a trouble to tell, from any thread.
    ring: Callable[[], None]
    rhythm: Rhythm | None = None
    pause: Callable[[int], float] = pause
    patience: float = PATIENCE


class _Sender:
    """How a destination fares."""

    def __init__(self, door: Door) -> None:
        self.door = door
        #: Since when it is being sent to, by a clock that never goes back; None if it is not.
        self.begun: float | None = None
        self.is_told_to_hang = False
        self.sends_digest = False
        self.failures, self.problem = 0, ""
        #: When a message was taken last, and how many were since the start.
        self.told_at, self.messages = "", 0
        self.not_before = 0.0


class Post:
    """Takes down what begins and ends, and has it sent; only `close` waits."""

    def __init__(
        self, book: Book, doors: Mapping[str, Door], means: Means, *, has_looked: bool = True
    ) -> None:
        """Begin to send what an earlier process left, and what comes.

        As long as nobody `has_looked`, a digest would say of today what was known once: it waits.
        """
        self._means, self._has_looked = means, has_looked
        self._looked_at = ""
        whom = {name: door.whom for name, door in doors.items()}
        self._book = books.opened(book, whom, means.now(), means.rhythm)
        self._senders = {name: _Sender(door) for name, door in doors.items()}
        self._changed = threading.Condition()
        self._troubles: deque[str] = deque(maxlen=100)
        self._closed = self._is_unkept = False
        for name in doors:
            threading.Thread(target=self._send, args=(name,), name="notify", daemon=True).start()

    def recalled(self, memory: Memory) -> Memory:
        """Return what a watch goes on from: what was taken down last, where it remembers less.

        Its own memory may be lost, or older, since a full disk did not keep it.
        """
        if memory.serial < self._book.serial:
            return books.recalled(self._book, memory)
        self.take(memory)
        return memory

    def take(self, memory: Memory, place: str = "") -> None:
        """Take down what lasts now, and what is watched, if that is known."""
        with self._changed:
            now, digests = timestamp(self._means.now(), "seconds"), self._means.rhythm is not None
            book = books.taken(self._book, memory.lasting, now, digests=digests)
            if place not in ("", book.place):
                book = replace(book, place=place)
            if (memory.whose, memory.places) != (book.whose, book.places):
                book = replace(book, whose=memory.whose, places=memory.places)
            if book is not self._book:
                book = replace(book, serial=memory.serial)
            if book is not self._book or self._is_unkept:
                self._keep(book)
                self._changed.notify_all()

    def looked(self) -> None:
        """Know that what stands was looked at."""
        with self._changed:
            self._has_looked, self._looked_at = True, timestamp(self._means.now(), "seconds")
            self._changed.notify_all()

    def troubles(self) -> list[str]:
        """Return what is to be told of destinations that fail, or work again; each once."""
        with self._changed:
            for name, one in self._senders.items():
                if self._hangs(one) and not one.is_told_to_hang:
                    one.is_told_to_hang = True
                    self._troubles.append(f"Warning: {self._called(name)}: {NO_ANSWER}")
            told = list(self._troubles)
            self._troubles.clear()
            return told

    def status(self) -> tuple[Destination, ...]:
        """Return how destinations fare; no secret is in it."""
        with self._changed:
            return tuple(self._fares(name, one) for name, one in self._senders.items())

    def close(self, seconds: float, *, tried: bool, hurries: Callable[[], bool] = bool) -> None:
        """End; wait so long for what is being sent, and if `tried` for each to be tried once.

        What is not taken by then, or once it `hurries`, is kept for the next start.
        """
        until = time.monotonic() + seconds
        with self._changed:
            while self._is_awaited(tried=tried) and time.monotonic() < until and not hurries():
                self._changed.wait(_GLANCE)
            tried = tried and not hurries()
            for name, one in self._senders.items():
                if one.begun is not None and (tried or one.door.may_be_taken):
                    self._ended(name, one, Outcome(NO_ANSWER, again=AGAIN))
            if self._is_unkept:
                self._keep(self._book)
            self._closed = True
            self._changed.notify_all()

    def _is_awaited(self, *, tried: bool) -> bool:
        return any(
            one.begun is not None or (tried and not one.failures and self._has_mail(name))
            for name, one in self._senders.items()
        )

    def _has_mail(self, name: str) -> bool:
        waiting = self._owing(self._book.destinations[name])
        is_digest = not waiting.sending and (waiting.unsure or not waiting.news)
        there_is = bool(waiting.unsure or waiting.news or waiting.owed)
        return there_is and (self._has_looked or not is_digest)

    def _owing(self, waiting: Waiting) -> Waiting:
        rhythm, now = self._means.rhythm, self._means.now()
        owes = rhythm is not None and self._has_looked and not waiting.unsure
        return books.owing(waiting, now, rhythm) if rhythm is not None and owes else waiting

    def _send(self, name: str) -> None:
        """Send to one destination, as long as the post is open."""
        one = self._senders[name]
        while True:
            try:
                message = self._next(name, one)
                if message is None:
                    return
                outcome = one.door.send(message)
            except Exception as error:  # else nobody would be told any more, and nobody know
                outcome = Outcome(f"it could not be told ({type(error).__name__})")
            with self._changed:
                if one.begun is not None:  # else `close` has waited for it long enough
                    self._ended(name, one, outcome)
                self._changed.notify_all()

    def _next(self, name: str, one: _Sender) -> Message | None:
        """Wait for what is to be sent next; None once the post is closed."""
        with self._changed:
            while not self._closed:
                left = one.not_before - time.monotonic()
                if left <= 0 and self._has_mail(name):
                    one.begun = time.monotonic()
                    return self._handed_out(name, one)
                self._changed.wait(min(left, _NAP) if left > 0 else self._nap())
            return None

    def _handed_out(self, name: str, one: _Sender) -> Message:
        waiting = self._owing(self._book.destinations[name])
        if not waiting.unsure:
            hand_out = books.sending_news if waiting.news else books.sending_digest
            waiting = hand_out(waiting)
            self._book = books.with_waiting(self._book, name, waiting)
        place = self._book.place or self._means.place
        one.sends_digest = not waiting.sending
        if one.sends_digest:
            known, looked = self._book.known, self._looked_at
            return self._means.digest(
                place, waiting.sending_digest, known, waiting.owed, waiting.digested, looked
            )
        return self._means.news(place, waiting.sending)

    def _ended(self, name: str, one: _Sender, outcome: Outcome) -> None:
        """Take down what has become of a message."""
        one.is_told_to_hang = False
        one.begun, waiting, now = None, self._book.destinations[name], self._means.now()
        if outcome.problem:
            self._wait(name, self._failed(name, one, outcome))
            one.failures, one.problem = one.failures + 1, outcome.problem
            one.not_before = time.monotonic() + self._means.pause(one.failures)
            return
        if waiting.failing_since:
            self._tell(f"Note: {self._called(name)} takes notifications again")
        self._wait(name, books.delivered(waiting, digest=one.sends_digest))
        one.failures, one.problem = 0, ""
        one.messages, one.told_at = one.messages + 1, timestamp(now, "seconds")

    def _failed(self, name: str, one: _Sender, outcome: Outcome) -> Waiting:
        """Return what waits for one that is not known to have taken a message, and tell of that."""
        waiting = self._book.destinations[name]
        is_new, called = not waiting.failing_since, self._called(name)
        if is_new:
            waiting = replace(waiting, failing_since=timestamp(self._means.now(), "seconds"))
        if outcome.again is None:
            if is_new:
                self._tell(
                    f"Warning: {called} can't be notified: {outcome.problem}; it is tried again, "
                    "and what there is to tell is kept"
                )
            return books.refused(waiting)
        if waiting.unsure < outcome.again:
            if is_new:
                self._tell(f"Warning: {called}: {outcome.problem}; it is sent again")
            return books.unanswered(waiting)
        self._tell(f"Warning: {called}: {outcome.problem}; it is not sent again")
        return books.given_up(waiting, digest=one.sends_digest)

    def _nap(self) -> float:
        """Return for how many seconds nothing is due, as far as anybody knows."""
        if self._means.rhythm is None:
            return _NAP
        now = self._means.now()
        return min(_NAP, (self._means.rhythm.next(now) - now).total_seconds())

    def _fares(self, name: str, one: _Sender) -> Destination:
        waiting = self._book.destinations[name]
        since = waiting.failing_since
        failures, problem = one.failures or int(bool(since)), one.problem or (since and BEFORE)
        if one.begun is not None and self._hangs(one):  # a failure that has not come to its end
            begun = self._means.now() - timedelta(seconds=time.monotonic() - one.begun)
            failures, problem = failures + 1, NO_ANSWER
            since = since or timestamp(begun, "seconds")
        waits, service = len(waiting.news) + len(waiting.sending), one.door.service
        return Destination(
            name, service, waits, one.messages, one.told_at, failures, since, problem
        )

    def _hangs(self, one: _Sender) -> bool:
        return one.begun is not None and time.monotonic() - one.begun > self._means.patience

    def _wait(self, name: str, waiting: Waiting) -> None:
        self._keep(books.with_waiting(self._book, name, waiting))

    def _keep(self, book: Book) -> None:
        self._book = book
        self._is_unkept = bool(self._means.keep(book))

    def _tell(self, trouble: str) -> None:
        self._troubles.append(trouble)
        self._means.ring()

    def _called(self, name: str) -> str:
        return f"{quoted(name)} ({self._senders[name].door.service})"
