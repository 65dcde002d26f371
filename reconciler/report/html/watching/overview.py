"""What the page of a watch shows, as one value, made from its status; nothing here knows HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Sized
from datetime import datetime

from msgspec import Struct

from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN, Item
from reconciler.report.html.watching import lists, standing
from reconciler.report.html.watching.plots import Plot, coverage, drift
from reconciler.report.html.watching.rows import OPTIONS, Row, row
from reconciler.report.sentences.recovery.objectives import lasting
from reconciler.report.sentences.terms import count
from reconciler.watching.status import Status

#: So many things of a list stand on a page, and so many storages.
LISTED, ROWS = 50, 100
#: Characters of a search that count.
LONGEST = 200
#: Seconds from one refresh of the page to the next.
_LEAST, _MOST = 5, 30
_LEVELS = (PLAIN, FINE, DOUBT, ALARM)


class Wish(Struct, frozen=True):
    """What a reader asks of the page."""

    #: Words that each thing of a list is to have.
    words: str = ""
    #: Which storages: one of `OPTIONS`.
    show: str = lists.ALL
    #: Which page of the storages; the first is 1.
    page: int = 1


class Section(Struct, frozen=True):
    """A list under a title, or why there is none."""

    key: str
    title: str
    items: tuple[Item, ...] = ()
    #: What it means that something stands here, or that nothing does.
    meaning: str = ""
    level: str = ""
    #: How many there are; None: nobody knows.
    total: int | None = 0
    #: What of them is not listed, in a sentence; empty if all are.
    left_out: str = ""


class Storages(Struct, frozen=True):
    """One page of the storages."""

    rows: tuple[Row, ...]
    #: How many there are; None: nobody knows. How many of them are looked for.
    total: int | None
    found: int
    page: int
    pages: int
    #: Which of them stand here, in a sentence.
    said: str


class Overview(Struct, frozen=True):
    """All that the page shows."""

    #: What matters most in a word or two, how much it matters, and all of it in a sentence.
    status: str
    level: str
    title: str
    #: When it was looked last, and whether that is as new as it should be.
    looked: str
    is_stale: bool
    #: What is watched, and what else is known of the watch.
    platform: str
    facts: tuple[tuple[str, str], ...]
    #: Before and after the storages.
    sections: tuple[Section, ...]
    plots: tuple[Plot, ...]
    storages: Storages
    history: tuple[Section, ...]
    wish: Wish
    #: What storages may be shown: values with words.
    options: tuple[tuple[str, str], ...]
    #: What of the search was found, in a sentence; empty if nothing is searched for.
    found: str
    #: Seconds from one refresh to the next, and after which a page is too old.
    every: int
    oldest: int


def overview(status: Status, now: datetime, wish: Wish) -> Overview:
    """Say how things stand `now`; what nobody knows is said to be unknown."""
    is_stale = standing.is_stale(status, now)
    is_fresh = not is_stale and not standing.is_unread(status)
    words = _words(wish)
    known = lists.of_what_lasts(status, is_fresh=is_fresh)
    sections = tuple(_section(one, words) for one in known)
    storages = _storages(status, now, wish, words, is_fresh=is_fresh)
    stands = standing.standing(status, now)
    return Overview(
        stands.word,
        stands.level,
        stands.title,
        _looked(status, is_stale=is_stale),
        is_stale,
        status.platform or "an unknown platform",
        tuple(lists.facts(status)),
        sections,
        (drift(status.course), coverage(status.course)),
        storages,
        tuple(_section(one, words) for one in lists.of_runs(status)),
        wish,
        OPTIONS,
        _found(storages, sections) if words or wish.show != lists.ALL else "",
        round(min(max(status.interval / 4, _LEAST), _MOST)),
        max(2 * _LEAST, round(status.interval)),
    )


def _looked(status: Status, *, is_stale: bool) -> str:
    every = lasting(max(1, round(status.interval)))
    if not status.looked_at:
        return f"Looked last: never. It is to look every {every}."
    age = f"stale: it is to look every {every}" if is_stale else f"fresh: it looks every {every}"
    return f"Looked last {lists.moment(status.looked_at)} ({age})."


def _words(wish: Wish) -> tuple[str, ...]:
    return tuple(wish.words[:LONGEST].casefold().split())


def _has(words: Sequence[str], texts: Iterable[str]) -> bool:
    if not words:
        return True
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)


def _section(one: lists.Listed, words: Sequence[str]) -> Section:
    found = [item for item in one.items if _has(words, lists.texts(item))]
    listed = found[:LISTED]
    left = [f"Only {len(listed):,} of {len(found):,} are listed here: search for a name."]
    left = left if len(found) > len(listed) else []
    if hidden := len(one.items) - len(found):
        left.append(f"{hidden:,} more are hidden by the search.")
    if (untold := one.number - len(one.items)) > 0:
        left.append(f"{untold:,} more are not known here.")
    total = None if one.is_unknown else one.number or len(one.items)
    level = max((item.level for item in one.items), key=_LEVELS.index, default="")
    return Section(one.key, one.title, tuple(listed), one.meaning, level, total, " ".join(left))


def _storages(
    status: Status, now: datetime, wish: Wish, words: Sequence[str], *, is_fresh: bool
) -> Storages:
    known = status.storages
    if known is None:
        return Storages((), None, 0, 1, 1, "Not known: no look has worked since the start.")
    found = [
        one
        for one in known
        if lists.is_shown(one, wish.show, now) and _has(words, (one.name, one.label, one.location))
    ]
    pages = max(1, math.ceil(len(found) / ROWS))
    page = min(max(1, wish.page), pages)
    first = (page - 1) * ROWS
    rows = tuple(
        row(one, now, scans=status.scans, is_fresh=is_fresh) for one in found[first : first + ROWS]
    )
    said = _said(known, found, first, rows)
    said = said if is_fresh else f"As the last look that worked saw them: {said}"
    return Storages(rows, len(known), len(found), page, pages, said)


def _said(known: Sequence[object], found: Sequence[object], first: int, rows: Sized) -> str:
    if not known:
        return "No storage is live in scope, and none is declared."
    if not found:
        return f"None of {count(len(known), 'storage')} has what is searched for."
    which = f"{count(len(found), 'storage')}"
    if len(found) < len(known):
        which = f"{len(found):,} of {count(len(known), 'storage')}"
    if len(rows) == len(found):
        return f"{which}."
    return f"{which}; {first + 1:,} to {first + len(rows):,} stand on this page."


def _found(storages: Storages, sections: Iterable[Section]) -> str:
    if storages.total is None:
        return "Storages are not known yet."
    listed = sum(len(section.items) for section in sections)
    return (
        f"Found {storages.found:,} of {count(storages.total, 'storage')}, and "
        f"{listed:,} of what is listed above them."
    )
