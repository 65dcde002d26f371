"""Scans that the last one knows nothing of: made apart from it, in a copy of the repository.

Whoever goes on in a copy, and puts both together later, has two scans that were made after the same
one. What only the older one knew would never be looked at again. So it is where a listing was empty
for a while, and a scan took itself for the first. Records alone tell of it: each has the id of the
scan that it was made after, of which in one line of scans there is one alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence

from reconciler.recovery.findings.store import Known
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.values import Scan


def sign(ids: Iterable[str]) -> str:
    """Return what stands for these scans: it is another one if any comes or goes."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def of(
    repository: Repository, last: Scan, ids: Collection[str], *, lost: Collection[str] = ()
) -> list[str]:
    """Return the last scans of each line that `last` knows nothing of, the oldest first.

    But for those of which it is known that something is `lost`. `ids` are those of all scans of
    its place: no record is read if those are the ones that it has seen itself. Raises
    `RepositoryError`.
    """
    if last.seen == sign(id for id in ids if id != last.id):
        return []
    ends = _ends(record.whole(repository, last.place), last)
    return [id for id in ends if id not in lost]


def untold(repository: Repository, last: Scan, ids: Collection[str], known: Known) -> list[Scan]:
    """Return the scans of each line that `last` knows nothing of, and what is `known` neither.

    The oldest first: they were killed before they told what they had found. Raises like `of`.
    """
    if last.seen == sign(id for id in ids if id != last.id):
        return []
    return untold_among(record.whole(repository, last.place), last, known)


def untold_among(scans: Sequence[Scan], last: Scan, known: Known) -> list[Scan]:
    """Return the same of all `scans` of a place, which are sorted by when they began."""
    told = _line(scans, *(scan.id for scan in scans if known.tells_of(scan)), also_lost=True)
    every = _found(scans, last, known.told_scans)
    return [scan for scan in every.values() if scan.id not in told]


def _ends(scans: Sequence[Scan], last: Scan) -> list[str]:
    """Return those from which no other one was made; scans are sorted by when they began."""
    found = _found(scans, last)
    made_after = {id for scan in found.values() for id in (scan.after, *scan.beside)}
    return [id for id in found if id not in made_after]


def _found(scans: Sequence[Scan], last: Scan, told: Collection[str] = ()) -> dict[str, Scan]:
    """Return the scans that `last` knows nothing of.

    Where a record was pruned, nobody knows what it was made after, unless it is one that was
    `told`: then nothing is said.
    """
    known, found = _line(scans, last.id), dict[str, Scan]()
    for scan in scans:
        follows = scan.after and (scan.after in found or scan.after in told)
        if scan.id not in known and (scan.after in known or follows):
            found[scan.id] = scan
    return found


def _line(scans: Sequence[Scan], *last: str, also_lost: bool = False) -> set[str]:
    """Return the scans that the `last` ones were made after, as far back as there are records.

    With `also_lost` also those of which something was lost to them. Among them is the empty id if
    one of them was the first.
    """
    kept = {scan.id: scan for scan in scans}
    line, todo = set[str](), [*last]
    while todo:
        id = todo.pop()
        if id not in line:
            line.add(id)
            scan = kept.get(id)
            todo += (scan.after, *scan.beside, *(scan.lost if also_lost else ())) if scan else ()
    return line
