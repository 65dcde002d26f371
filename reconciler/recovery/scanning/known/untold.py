"""Scans of which nobody was told what they had found: killed before, or it could not be kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple

from reconciler.errors import SnapshotError
from reconciler.recovery.findings.store import Known
from reconciler.recovery.values import Scan

#: So many in a row are told by the next one; and so many where nothing was ever found before.
_MOST, _MOST_FIRST = 30, 5
#: So many records are read at most in each direction.
_LOOKED_AT = 2 * _MOST
_GONE = "its record is gone"
_MORE = f"more than {_MOST} in a row were not told"


class Untold(NamedTuple):
    """The scans before one that nobody was told of, the oldest first."""

    scans: Sequence[Scan] = ()
    #: The id of one before them of which nobody can know any more what it had found, and why.
    lost: tuple[str, str] | None = None


def before(scan: Scan, known: Known, of: Callable[[str], Scan | None]) -> Untold:
    """Return the scans that one was made after and that are not told by what is `known`.

    `of` gives a scan by its id, None if its record is gone; what it raises is raised, but for
    `SnapshotError`, if the record is damaged.
    """
    if known.tells_of(scan):
        return Untold()
    if not (known.records or known.lost) and known.has(scan.findings):
        # Where nothing was ever told, one that remembers nothing has found nothing.
        earlier = _back(scan, known, of, _MOST_FIRST).scans if scan.remembered else ()
        return Untold([*takewhile(lambda one: one.remembered, reversed(earlier))][::-1])
    straight = _back(scan, known, of, _MOST)
    if straight.is_through and not any(one.beside or one.lost for one in (scan, *straight.scans)):
        return Untold(straight.scans)
    return _in_all_lines(scan, known, of)


class _Back(NamedTuple):
    """The scans in one line before another, the oldest first, and whether they end at one told."""

    scans: list[Scan]
    is_through: bool


def _back(scan: Scan, known: Known, of: Callable[[str], Scan | None], most: int) -> _Back:
    found = deque[Scan]()
    with suppress(SnapshotError):
        while scan.after and scan.after not in known.told_scans and len(found) < most:
            one = of(scan.after)
            if one is None:
                break
            if known.tells_of(one):
                return _Back(list(found), True)
            found.appendleft(scan := one)
    return _Back(list(found), scan.after in known.told_scans)


def _in_all_lines(scan: Scan, known: Known, of: Callable[[str], Scan | None]) -> Untold:
    """Return the same of each line that the scan was made after, as in copies put together."""
    told = _told_line(known, of)
    found, lost, todo = dict[str, Scan](), dict[str, str](), _before(scan)
    while todo:
        id = todo.pop()
        if not id or id in told or id in found or id in lost:
            continue
        try:
            one = of(id)
        except SnapshotError as error:
            lost[id] = str(error)
            continue
        if one is None:
            lost[id] = _GONE
        elif not known.tells_of(one):
            found[id] = one
            # Those that were left out are no reason to go on beyond the latest.
            todo += _before(one) if len(found) <= _LOOKED_AT else []
    every = sorted(found.values(), key=lambda one: one.ended_at)
    lost |= {one.id: _MORE for one in every[:-_MOST]}
    # What was told long ago may have been pruned since: only what came after it is missed.
    last_told = max(known.told_scans, default="")
    missed = sorted(((id, why) for id, why in lost.items() if id > last_told > ""), reverse=True)
    return Untold(every[-_MOST:], missed[0] if missed else None)


def _before(scan: Scan) -> list[str]:
    """Return the scans that one was made after, also those of which it could not read all."""
    return [scan.after, *scan.beside, *scan.lost]


def _told_line(known: Known, of: Callable[[str], Scan | None]) -> set[str]:
    """Return the scans that are told, and those that they were made after, as far as is needed."""
    line, todo = set[str](), [*known.told_scans]
    while todo and len(line) < _LOOKED_AT:
        id = todo.pop(0)
        if id and id not in line:
            line.add(id)
            with suppress(SnapshotError):
                one = of(id)
                todo += _before(one) if one else []
    return line
