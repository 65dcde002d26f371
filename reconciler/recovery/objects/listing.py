"""All that lies in a bucket, one row for each key, in the order of keys as bytes.

Not every server can be believed in all that it lists. SeaweedFS lists folder by folder, so that
`a/x` comes before `a-b`, and loses keys where a listing of versions has several pages: it is asked
folder by folder, and what is there is always taken from the listing of what is there.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from reconciler.recovery.objects.pages import Item, Listed, Page, listed, present, versions
from reconciler.recovery.roots.asking import Asking, Refused
from reconciler.recovery.roots.reaching import Reached
from reconciler.recovery.rows import DELETED, UNREADABLE
from reconciler.recovery.versions import MOST, Version, told

#: Servers, by what they call themselves, that list folder by folder; whose versions are complete.
_BY_FOLDER, _COMPLETE = "SeaweedFS", "AmazonS3"
_Pages = Callable[..., Iterator[Page]]


def everything(reached: Reached, prefix: bytes) -> Iterator[Listed]:
    """Yield what lies below a prefix, the newest of each key.

    Raises `Refused`, also if the server lists it in another order than that of the keys.
    """
    asking, server = reached.asking, reached.server
    walk = _flat
    if server.startswith(_BY_FOLDER):
        walk = _by_whole_folder if reached.versioned else _by_folder
    if not reached.versioned:
        return _in_order(_present(walk(present, asking, prefix)))
    found = _in_order(newest(walk(versions, asking, prefix)))
    if server == _COMPLETE:
        return found
    there = _in_order(_present(walk(present, asking, prefix)))
    return _joined(found, there)


def one(reached: Reached, key: bytes) -> Listed | None:
    """Return what a key is now; None if there is none. Raises `Refused`."""
    found = next(everything(reached, key), None)
    return found if found is not None and found.key == key else None


class Entry(NamedTuple):
    """One item of a listing, or a folder, of which nothing else is known."""

    key: bytes
    found: Listed | None = None
    is_marker: bool = False
    is_latest: bool = False


def _flat(pages: _Pages, asking: Asking, prefix: bytes) -> Iterator[Entry]:
    for page in pages(asking, prefix, folder=False):
        yield from _entries(page)


def _by_folder(pages: _Pages, asking: Asking, prefix: bytes) -> Iterator[Entry]:
    """Go through folders in the order of their paths."""
    return _descended(prefix, lambda folder: _opened(pages(asking, folder, folder=True), folder))


def _by_whole_folder(pages: _Pages, asking: Asking, prefix: bytes) -> Iterator[Entry]:
    """Do so where the names in a folder come in no order; memory holds the largest one."""

    def whole(folder: bytes) -> Iterator[Entry]:
        found = _opened(pages(asking, folder, folder=True), folder)
        return iter(sorted(found, key=itemgetter(0)))

    return _descended(prefix, whole)


def _descended(prefix: bytes, opened: Callable[[bytes], Iterator[Entry]]) -> Iterator[Entry]:
    stack = [opened(prefix)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif entry.found is None and _is_text(entry.key):
            stack.append(opened(entry.key))
        else:
            yield entry


def _opened(pages: Iterator[Page], folder: bytes) -> Iterator[Entry]:
    """Yield what lies directly in a folder, by keys.

    The server has folders where their names would be without `/`: `a/` comes before `a-b`, and
    has to wait for it.
    """
    waiting: list[bytes] = []
    last = b""
    for page in pages:
        for inner in page.folders:
            if inner not in (folder, last):
                heapq.heappush(waiting, inner)
                last = inner
        for entry in _entries(page):
            yield from _due(waiting, entry.key)
            yield entry
    yield from _due(waiting, None)


def _due(waiting: list[bytes], before: bytes | None) -> Iterator[Entry]:
    while waiting and (before is None or waiting[0] < before):
        yield Entry(heapq.heappop(waiting))


def _entries(page: Page) -> list[Entry]:
    """Return what a page lists, by keys; versions of a key stay in their order."""
    entries = [_entry(key, item, is_marker=False) for key, item in page.items]
    entries += [_entry(key, item, is_marker=True) for key, item in page.markers]
    entries.sort(key=itemgetter(0))
    return entries


def _entry(key: bytes, item: Item, *, is_marker: bool) -> Entry:
    return Entry(key, listed(key, item), is_marker, bool(item.get("IsLatest")))


def _present(entries: Iterator[Entry]) -> Iterator[Listed]:
    for entry in entries:
        yield entry.found or _unasked(entry.key)


def newest(entries: Iterator[Entry]) -> Iterator[Listed]:
    """Yield the newest version of each key; its entries follow each other, the newest first."""
    for key, group in groupby(entries, key=itemgetter(0)):
        row = _newest_of(key, group)
        if row is not None:
            yield row


def _newest_of(key: bytes, group: Iterator[Entry]) -> Listed | None:
    """Return the newest version of a key; None if nothing but delete markers are left."""
    newest: Listed | None = None
    marker: Listed | None = None
    versions: list[Version] = []
    for entry in group:
        if entry.found is None:
            return _unasked(key)
        if entry.is_marker:
            marker = entry.found if entry.is_latest else marker
            continue
        if len(versions) < MOST:
            versions.append(Version(entry.found.version or "", *entry.found[2:4]))
        if newest is None or entry.is_latest:
            newest = entry.found
    if newest is None or marker is None:
        return newest
    every = told(versions) if len(versions) > 1 else None
    return newest._replace(kind=DELETED, mtime_ns=marker.mtime_ns, detail=every, tag=None)


def _joined(newest: Iterator[Listed], there: Iterator[Listed]) -> Iterator[Listed]:
    """Join two listings; of a key that is in both, the first one says more."""
    both = heapq.merge(newest, there, key=attrgetter("key"))
    return (next(group) for _, group in groupby(both, key=attrgetter("key")))


def _in_order(rows: Iterator[Listed]) -> Iterator[Listed]:
    last: bytes | None = None
    for row in rows:
        if last is not None and row.key <= last:
            raise Refused(0, "no order", "it does not list its keys in their order")
        last = row.key
        yield row


def _unasked(folder: bytes) -> Listed:
    """Return a folder that can't be asked for, since its name is no text."""
    return Listed(folder, UNREADABLE, None, None, None, b"EILSEQ", None)


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True
