"""Scans of which nobody was told what they had found: killed before, or it could not be kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import NamedTuple

from reconciler.errors import SnapshotError
from reconciler.recovery.findings.store import Known
from reconciler.recovery.values import Scan

#: So many in a row are told by the next one; and so many where nothing was ever found before.
_MOST, _MOST_FIRST = 30, 5
_GONE = "its record is gone"
_MORE = f"more than {_MOST} in a row were not told"


class Untold(NamedTuple):
    """The scans before one that nobody was told of, the oldest first."""

    scans: Sequence[Scan] = ()
    #: The id of one before them of which nobody can know any more what it had found, and why.
    lost: tuple[str, str] | None = None


def is_told(last: Scan, known: Known) -> bool:
    """Return whether all that the newest scan has found is among what is `known`.

    So it is where a later one was told, whose record is lost.
    """
    return known.tells_of(last) or last.id < max(known.told_scans, default="")


def before(scan: Scan, known: Known, of: Callable[[str], Scan | None]) -> Untold:
    """Return the scans that one was made after and that are not told by what is `known`.

    `of` gives a scan by its id, None if its record is gone; what it raises is raised, but for
    `SnapshotError`, if the record is damaged.
    """
    if is_told(scan, known):
        return Untold()
    if not (known.records or known.lost):
        # Where nothing was ever told, one that remembers nothing has found nothing.
        earlier = reversed(_before(scan, known, of, _MOST_FIRST).scans) if scan.remembered else ()
        return Untold([*takewhile(lambda one: one.remembered, earlier)][::-1])
    return _before(scan, known, of, _MOST)


def _before(scan: Scan, known: Known, of: Callable[[str], Scan | None], most: int) -> Untold:
    found = deque[Scan]()
    lost = ""
    while scan.after and scan.after not in known.told_scans:
        if len(found) == most:
            lost = _MORE
            break
        try:
            one = of(scan.after)
        except SnapshotError as error:
            lost = str(error)
            break
        if one is None:
            lost = _GONE
            break
        if known.tells_of(one):
            break
        found.appendleft(scan := one)
    # What was told long ago may have been pruned since: only what came after it is missed.
    last_told = max(known.told_scans, default="")
    is_lost = lost and scan.after > last_told > ""
    return Untold(list(found), (scan.after, lost) if is_lost else None)
