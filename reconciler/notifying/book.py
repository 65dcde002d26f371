"""Who was told what, across restarts: one value, and what becomes of it.

What is handed out for sending stays in the book until it is known to be taken, so that a process
that is killed in between tells it once more, and never loses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.notifying.digests import Rhythm, due
from reconciler.notifying.untold import EMPTY, Queue, changes, merged
from reconciler.watching.conditions import Lasting
from reconciler.watching.memory import PLACES, WHOSE, Memory

FORMAT_VERSION = 1
NAME = "notify.json"


class Waiting(Struct, frozen=True, omit_defaults=True):
    """What waits for one destination, and what is being sent to it."""

    news: Queue = EMPTY
    sending: Queue = EMPTY
    #: What its next digest is to say; nothing is gathered where there are no digests.
    digest: Queue = EMPTY
    sending_digest: Queue = EMPTY
    #: How often the news, else the digest, that is being sent was sent before, and may be taken.
    unsure: int = 0
    #: Up to when digests were sent, or are owed: RFC 3339, UTC; empty without digests.
    digested: str = ""
    #: Since when the digest is gathered that is owed; empty if none is.
    owed: str = ""
    #: Since when it takes nothing; empty if the last message was taken.
    failing_since: str = ""
    #: By what it is known again, as `Door` has it.
    whom: str = ""


class Book(Struct, frozen=True, omit_defaults=True):
    """All that is known of destinations, by their names."""

    format_version: int
    #: What lasts, as it was taken down last.
    known: tuple[Lasting, ...] = ()
    #: Of the watch's memory from which it was.
    serial: int = 0
    #: What told of it, and what lies where, as that memory had it.
    whose: dict[str, str] = {}
    places: dict[str, dict[str, str]] = {}
    #: What is watched: the address of the platform, without secrets; empty if it was never read.
    place: str = ""
    destinations: dict[str, Waiting] = {}

    @property
    def moments(self) -> Iterable[str]:
        """All times in it that are reckoned with; of these some may be empty."""
        yield from (one.since for one in self.known)
        for waiting in self.destinations.values():
            yield from (waiting.digested, waiting.owed, waiting.failing_since)


BLANK = Book(FORMAT_VERSION)


def recalled(book: Book, memory: Memory) -> Memory:
    """Return a watch's memory with all that was taken down since it was kept."""
    whose = {name: told for name, told in book.whose.items() if name in WHOSE}
    places = {name: book.places.get(name, {}) for name in PLACES}
    return replace(memory, lasting=book.known, serial=book.serial, **whose, **places)


def opened(book: Book, whom: Mapping[str, str], now: datetime, rhythm: Rhythm | None) -> Book:
    """Go on with these destinations: one that is new is told what lasts; others are forgotten.

    `whom`: by their names, by what recipients are known again that have another number by now.

    What was being sent when a process was killed may or may not be taken: it is sent again.
    """
    new = Waiting(news=changes((), book.known, ""))
    each = {
        name: replace(refused(_before(book, name, one) or new), whom=one)
        for name, one in whom.items()
    }
    return replace(
        book, destinations={name: _digesting(one, now, rhythm) for name, one in each.items()}
    )


def taken(book: Book, lasting: tuple[Lasting, ...], now: str, *, digests: bool) -> Book:
    """Take down what lasts now; what has begun and ended since waits for each destination."""
    if lasting == book.known:
        return book
    found = changes(book.known, lasting, now)
    each = {
        name: replace(
            one,
            news=merged(one.news, found),
            digest=merged(one.digest, found) if digests else EMPTY,
        )
        for name, one in book.destinations.items()
    }
    return replace(book, known=lasting, destinations=each)


def with_waiting(book: Book, name: str, waiting: Waiting) -> Book:
    """Return a book in which this waits for a destination."""
    return replace(book, destinations={**book.destinations, name: waiting})


def owing(waiting: Waiting, now: datetime, rhythm: Rhythm) -> Waiting:
    """Owe a digest, if it is time for one; several that were missed are one."""
    moment = due(rhythm, waiting.digested, now)
    if not moment:
        return waiting
    return replace(waiting, digested=moment, owed=waiting.owed or waiting.digested)


def sending_news(waiting: Waiting) -> Waiting:
    """Hand out the news that wait; none may be out."""
    return replace(waiting, news=EMPTY, sending=waiting.news)


def sending_digest(waiting: Waiting) -> Waiting:
    """Hand out the digest that is owed; none may be out."""
    return replace(waiting, digest=EMPTY, sending_digest=waiting.digest)


def delivered(waiting: Waiting, *, digest: bool) -> Waiting:
    """Forget what was handed out: it was taken."""
    return replace(given_up(waiting, digest=digest), failing_since="")


def given_up(waiting: Waiting, *, digest: bool) -> Waiting:
    """Forget what was handed out: it may have been taken, often enough."""
    if digest:
        return replace(waiting, sending_digest=EMPTY, owed="", unsure=0)
    return replace(waiting, sending=EMPTY, unsure=0)


def unanswered(waiting: Waiting) -> Waiting:
    """Have what was handed out be sent again as it is: nobody knows whether it was taken."""
    return replace(waiting, unsure=waiting.unsure + 1)


def refused(waiting: Waiting) -> Waiting:
    """Have what was handed out wait again, with what has come since.

    What may have been taken earlier stays apart: what comes is not sent as often as that.
    """
    if waiting.unsure:
        return waiting
    return replace(
        waiting,
        news=merged(waiting.sending, waiting.news),
        sending=EMPTY,
        digest=merged(waiting.sending_digest, waiting.digest),
        sending_digest=EMPTY,
    )


def _before(book: Book, name: str, whom: str) -> Waiting | None:
    """Return what waited for a recipient, whichever number it had at its address."""
    address = name.partition("/")[0]
    for other, waiting in book.destinations.items():
        if whom and waiting.whom == whom and other.partition("/")[0] == address:
            return waiting
    same = book.destinations.get(name)
    return same if same is not None and same.whom == whom else None


def _digesting(one: Waiting, now: datetime, rhythm: Rhythm | None) -> Waiting:
    """Gather digests from now on, or none any more."""
    if rhythm is None:
        if not one.sending:
            one = replace(one, sending_digest=EMPTY, unsure=0)
        return replace(one, digest=EMPTY, digested="", owed="")
    if one.digested:
        return one
    return replace(one, digested=timestamp(now, "seconds"))
