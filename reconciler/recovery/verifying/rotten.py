"""What a scan finds rotten: kept as findings, for its own contents have the rotten bytes.

The next snapshot takes those for what should be. What the scan remembers of the good ones is what
tells: as long as they are not back, the scans after it find the same, so that a run that is killed
before its findings are kept loses nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.known import keeping
from reconciler.recovery.scanning.known.earlier import contents_of, fetched
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import TOLD
from reconciler.recovery.values import DAMAGED, FileFinding, Scan
from reconciler.recovery.verifying.telling.apart import has_good_bytes


def keep(repository: Repository, scanned: Scanned, clock: Callable[[], datetime]) -> None:
    """Keep which files have other bytes than they should, though nobody wrote them.

    `scanned` then counts those that nobody has accepted. That they can't be kept is a note of it.
    """
    if scanned.scan is None or not scanned.scan.remembered:
        return
    try:
        _keep(repository, scanned, scanned.scan, clock)
    except (RepositoryError, SnapshotError) as error:
        scanned.notes.append(f"Which files are damaged could not be kept: {error}")


def _keep(
    repository: Repository, scanned: Scanned, scan: Scan, clock: Callable[[], datetime]
) -> None:
    known = store.read(repository, scan.place)
    rotten = _Rotten(episodes.open_ones(known.episodes))
    for finding in _damaged(repository, scan):
        rotten.take(finding)
    scanned.altered, scanned.altered_first = rotten.number, rotten.first
    if rotten.by_key:
        after = episodes.observed(
            known.episodes, rotten.by_key, scan.ended_at, lambda _finding: False
        )
        store.keep(repository, scan.place, after, known, clock())


class _Rotten(Struct):
    """Files that are rotten, held against what is known to be wrong."""

    lasting: dict[Key, FileFinding]
    #: As many as are kept.
    by_key: dict[Key, FileFinding] = field(default_factory=dict)
    #: How many there are that nobody has accepted, and the first of them.
    number: int = 0
    first: list[bytes] = field(default_factory=list)

    def take(self, finding: FileFinding) -> None:
        known = self.lasting.get(episodes.key(finding))
        # Where what should be was lost, the rotten bytes were remembered for the good ones.
        if known is not None and has_good_bytes(known, finding.now):
            return  # `verify` will say that it is over
        if len(self.by_key) < episodes.MOST_OPEN:
            self.by_key[episodes.key(finding)] = finding
        if known is not None and episodes.is_accepted(known, finding.now):
            return
        self.number += 1
        self.first = heapq.nsmallest(TOLD, [*self.first, finding.path])


def _damaged(repository: Repository, scan: Scan) -> Iterator[FileFinding]:
    with ExitStack() as opened:
        remembered = fetched(repository, scan.remembered, opened)
        there = contents_of(fetched(repository, scan.contents, opened))
        for good in read.batches(remembered, CONTENTS):
            now = there.beside(good["path"])
            rotten = keeping.rotten(now, good)
            found = convert.contents(good.filter(rotten)), convert.contents(now.filter(rotten))
            for one, other in zip(*found, strict=True):
                yield FileFinding(DAMAGED, scan.name, scan.place, one.path, _plain(one), other)


def _plain(remembered: Content) -> Content:
    """Return a row as the scan had it that saw it: without since when it is only remembered."""
    return replace(remembered, detail=None)
