"""Which of the files that are gone are there under another name: a hint, in bounded memory."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from reconciler.recovery import rows, values
from reconciler.recovery.rows import Content

#: So many files that are gone, and so many that are new, are held against each other.
MOST = 200_000


class Gone(NamedTuple):
    """A file that is not there any more, and its place among the findings."""

    at: int
    was: Content


class Came(NamedTuple):
    """A file that was not there; what it was counted as, and its place, if it is a finding.

    Where something else was it is counted as that which has changed: so it stays, as nothing.
    """

    at: int | None
    now: Content
    counted: str = ""


class Pair(NamedTuple):
    """Two that are one: `what` is `MOVED` or `RENAMED`."""

    gone: Gone
    came: Came
    what: str


class Pairing:
    """Files that are gone, and files that are new."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._gone: list[Gone] = []
        self._came: list[Came] = []
        #: New files that nobody has read, by size and time.
        self._unread: dict[Hashable, deque[bytes]] = {}
        self._number_unread = 0
        #: Files that are there instead of others; whether there were more of these than are kept.
        self._over: list[Came] = []
        self._over_is_full = False
        self._is_full = False

    @property
    def overflowed(self) -> bool:
        """Whether there were more than can be held against each other."""
        return self._is_full or (self._over_is_full and bool(self._gone))

    def gone(self, at: int, was: Content) -> None:
        """Take note of a file that is gone."""
        if _has_bytes(was) and self._has_room(len(self._gone)):
            self._gone.append(Gone(at, was))

    def came(self, at: int | None, now: Content, counted: str) -> None:
        """Take note of a file that is new."""
        if _has_bytes(now) and self._has_room(len(self._came)):
            self._came.append(Came(at, now, counted))

    def came_over(self, now: Content) -> None:
        """Take note of a file that is there instead of another."""
        if _has_bytes(now) and now.size:
            self._over_is_full = len(self._over) >= self._most
            if not self._over_is_full:
                self._over.append(Came(None, now))

    def unread(self, now: Content) -> None:
        """Take note of a file that is new, and was not read."""
        if _stamp(now) is not None and self._has_room(self._number_unread):
            self._unread.setdefault(_stamp(now), deque()).append(now.path)
            self._number_unread += 1

    def left(self, pairs: Iterable[Pair]) -> list[Gone]:
        """Return which of those that are gone stand in none of `pairs`."""
        done = {pair.gone.at for pair in pairs}
        return [one for one in self._gone if one.at not in done]

    def awaited(self, left: Iterable[Gone]) -> list[tuple[Gone, bytes]]:
        """Return which of those that are `left` may be a file that was not read, and where that is.

        Each file is only one of them.
        """
        found = ((one, self._unread.get(_stamp(one.was))) for one in left)
        return [(one, paths.popleft()) for one, paths in found if paths]

    def pairs(self) -> list[Pair]:
        """Return what belongs together; nothing stands in two pairs.

        One that differs in Unicode form only comes before any other with the same bytes. Empty
        files are all alike, so that they are never said to be moved.
        """
        every = [*self._came, *self._over]
        renamed = _matched(self._gone, every, _form, values.RENAMED)
        done = {id(one) for pair in renamed for one in (pair.gone, pair.came)}
        gone = [one for one in self._gone if id(one) not in done]
        came = [one for one in every if id(one) not in done]
        return renamed + _matched(gone, came, _bytes, values.MOVED)

    def _has_room(self, number: int) -> bool:
        self._is_full = self._is_full or number >= self._most
        return number < self._most


def _matched(
    gone: Iterable[Gone],
    came: Iterable[Came],
    sign: Callable[[Content], Hashable | None],
    what: str,
) -> list[Pair]:
    """Pair those of one sign; the first that is gone with the first that is new."""
    waiting: dict[Hashable, list[Came]] = {}
    for new in came:
        if (by := sign(new.now)) is not None:
            waiting.setdefault(by, []).append(new)
    for several in waiting.values():
        several.reverse()
    pairs = []
    for old in gone:
        by = sign(old.was)
        if by is not None and (found := waiting.get(by)):
            pairs.append(Pair(old, found.pop(), what))
    return pairs


def _form(content: Content) -> Hashable | None:
    """Return what is the same for a path in each of its Unicode forms, with these bytes."""
    if content.path.isascii():
        return None
    try:
        text = content.path.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return unicodedata.normalize("NFC", text), content.sha256


def _bytes(content: Content) -> Hashable | None:
    return content.sha256 if content.size else None


def _stamp(content: Content) -> Hashable | None:
    known = content.size and content.mtime_ns is not None
    return (content.size, content.mtime_ns) if known else None


def _has_bytes(content: Content) -> bool:
    return content.kind == rows.FILE and content.sha256 is not None
