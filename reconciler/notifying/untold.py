"""What has begun and ended, and was not told yet: worked out from two states, and merged.

Values in, values out. What waits never grows beyond what a watch has seen of different conditions,
however long a destination takes nothing: what comes later of a condition is merged with what waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from reconciler.watching.conditions import Condition, Lasting

#: So many conditions wait by name; of more of them that are over by then only numbers are kept.
MOST = 10_000


class Untold(Struct, frozen=True):
    """What has become of one condition since it was told of last."""

    #: As it was seen last.
    condition: Condition
    #: When it first began, of what is not told yet: RFC 3339, UTC.
    since: str
    #: When it was last seen to be over; empty while it lasts.
    until: str = ""
    #: How often it began, and how often it ended. Neither: it lasts, and says something else.
    began: int = 0
    ended: int = 0


class Queue(Struct, frozen=True):
    """What waits for one destination; at most one for each condition."""

    each: tuple[Untold, ...] = ()
    #: Those for which there was no room, that began and ended: how many, by their kind.
    more: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.each or self.more)

    def __len__(self) -> int:
        """How many conditions wait."""
        return len(self.each) + sum(self.more.values())


EMPTY = Queue()


def changes(known: Iterable[Lasting], lasting: Iterable[Lasting], now: str) -> Queue:
    """Return what begins, ends and changes between two states, of which `lasting` is the later."""
    earlier = {one.condition.key: one for one in known}
    later = {one.condition.key: one for one in lasting}
    over = [
        Untold(one.condition, one.since, now, ended=1)
        for key, one in earlier.items()
        if key not in later
    ]
    new = [found for key, one in later.items() if (found := _since(earlier.get(key), one))]
    return Queue((*over, *new))


def merged(first: Queue, then: Queue, most: int = MOST) -> Queue:
    """Return what is to be told of both, in the order in which it was seen first."""
    each = {one.condition.key: one for one in first.each}
    for one in then.each:
        before = each.get(one.condition.key)
        each[one.condition.key] = one if before is None else _both(before, one)
    return _with_room(tuple(each.values()), _sum(first.more, then.more), most)


def _since(before: Lasting | None, one: Lasting) -> Untold | None:
    """Return what has become of a condition that lasts now; None if it is as it was."""
    if before is None:
        return Untold(one.condition, one.since, began=1)
    if before.since != one.since:  # it was over in between, which nobody took down
        return Untold(one.condition, before.since, began=1, ended=1)
    if one.condition.is_news_after(before.condition):
        return Untold(one.condition, one.since)
    return None


def _both(first: Untold, then: Untold) -> Untold:
    began, ended = first.began + then.began, first.ended + then.ended
    return Untold(then.condition, first.since, then.until, began, ended)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(one) + Counter(other)).items()))


def _with_room(each: tuple[Untold, ...], more: Mapping[str, int], most: int) -> Queue:
    """Count those that are too many and are over, the oldest first; what lasts always stays."""
    excess = len(each) - most
    kept, counted = [], Counter(more)
    for one in each:
        if excess > 0 and one.until and one.began == one.ended:
            counted[one.condition.kind] += one.began
            excess -= 1
        else:
            kept.append(one)
    return Queue(tuple(kept), dict(sorted(counted.items())))
