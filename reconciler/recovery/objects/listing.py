"""All that lies in a bucket, one row for each key, in the order of keys as bytes.

Not every server can be believed in all that it lists. SeaweedFS lists folder by folder, so that
`a/x` comes before `a-b`, and loses keys where a listing of versions has several pages: it is asked
folder by folder, and what is there is always taken from the listing of what is there.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import chain, groupby
from operator import attrgetter, itemgetter

from reconciler.recovery.objects.pages import Item, Listed, Page, deleted, listed, present, versions
from reconciler.recovery.roots.asking import Asking, Refused
from reconciler.recovery.roots.reaching import Reached
from reconciler.recovery.rows import UNREADABLE

#: Servers, by what they call themselves, that list folder by folder; whose versions are complete.
_BY_FOLDER, _COMPLETE = "SeaweedFS", "AmazonS3"
_Pages = Callable[..., Iterator[Page]]


def everything(reached: Reached, prefix: bytes) -> Iterator[Listed]:
    """Yield what lies below a prefix, the newest of each key.

    Raises `Refused`, also if the server lists it in another order than that of the keys.
    """
    asking, server = reached.asking, reached.server
    walk = _by_folder if server.startswith(_BY_FOLDER) else _flat
    if not reached.versioned:
        return _in_order(_present(walk(present, asking, prefix)))
    newest = _in_order(_newest(walk(versions, asking, prefix)))
    if server == _COMPLETE:
        return newest
    there = _in_order(_present(walk(present, asking, prefix)))
    return _joined(newest, there)


def one(reached: Reached, key: bytes) -> Listed | None:
    """Return what a key is now; None if there is none. Raises `Refused`."""
    found = next(everything(reached, key), None)
    return found if found is not None and found.key == key else None


_Entry = tuple[bytes, Item | None, bool]


def _flat(pages: _Pages, asking: Asking, prefix: bytes) -> Iterator[_Entry]:
    for page in pages(asking, prefix, folder=False):
        yield from _entries(page)


def _by_folder(pages: _Pages, asking: Asking, prefix: bytes) -> Iterator[_Entry]:
    """Go through folders in the order of their paths; memory holds the largest one."""
    root: _Entry = (prefix, None, False)
    stack = [iter([root])]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif entry[1] is None and _is_text(entry[0]):
            found = list(pages(asking, entry[0], folder=True))
            folders = {folder for page in found for folder in page.folders} - {entry[0]}
            inner = [
                *chain.from_iterable(map(_entries, found)),
                *((f, None, False) for f in folders),
            ]
            stack.append(iter(sorted(inner, key=itemgetter(0))))
        else:
            yield entry


def _entries(page: Page) -> list[_Entry]:
    """Return what a page lists, by keys; versions of a key stay in their order."""
    entries: list[_Entry] = [(key, item, False) for key, item in page.items]
    entries += [(key, item, True) for key, item in page.markers]
    entries.sort(key=itemgetter(0))
    return entries


def _present(entries: Iterator[_Entry]) -> Iterator[Listed]:
    for key, item, _ in entries:
        yield _unasked(key) if item is None else listed(key, item, versioned=False)


def _newest(entries: Iterator[_Entry]) -> Iterator[Listed]:
    for key, group in groupby(entries, key=itemgetter(0)):
        row = _newest_of(key, group)
        if row is not None:
            yield row


def _newest_of(key: bytes, group: Iterator[_Entry]) -> Listed | None:
    """Return the newest version of a key; None if nothing but delete markers are left."""
    newest: Item | None = None
    marker: Item | None = None
    for _, item, is_marker in group:
        if item is None:
            return _unasked(key)
        if is_marker:
            marker = item if item.get("IsLatest") else marker
        elif newest is None or item.get("IsLatest"):
            newest = item
    if newest is None:
        return None
    return deleted(key, marker, newest) if marker else listed(key, newest, versioned=True)


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
