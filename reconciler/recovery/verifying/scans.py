"""Two scans of one storage, compared: what every way to verify contents comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.environment.timestamps import timestamp
from reconciler.recovery import rows
from reconciler.recovery.parts import convert, merge, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Scan
from reconciler.recovery.verifying.comparison import Comparison
from reconciler.recovery.verifying.concluding import Concluded, Means, Present
from reconciler.recovery.verifying.results import Proofs, StorageVerified, Taken
from reconciler.recovery.verifying.sides import Circumstances, Lost, Side
from reconciler.recovery.verifying.spool import Spool
from reconciler.recovery.verifying.unproved import unproved
from reconciler.recovery.walking.exclusions import Exclusions


def compare(
    was: Scan, now: Scan, storage: str, means: Means, homes: tuple[Repository, Repository]
) -> StorageVerified:
    """Compare two scans, which lie in `homes`; raises `RepositoryError`.

    What is found is kept, unless `now` is the older one.
    """
    by = Circumstances(storage, now.place, side_of(was), side_of(now), settled_ns=means.settled_ns)
    with Spool() as spool, _part(homes[0], was) as one, _part(homes[1], now) as other:
        comparison = Comparison(by, spool, everything=means.everything)
        found = merge.differences(_rows(one, was), _rows(other, now), anyway=unproved)
        comparison.take(found)
        comparison.same(found.compared - found.changed)
        comparison.finish()
        so_far = _so_far(storage, comparison, was, now)
        present = None
        if by.was.taken_ns <= by.now.taken_ns:
            present = Present(now.ended_at, by.now, lambda paths: _look(other, paths))
        return Concluded(now.place, means, present).conclude(so_far, comparison.findings)


def side_of(scan: Scan) -> Side:
    """Return what a scan can say anything about; folders that it could not list are in its rows."""
    began = datetime.fromisoformat(scan.started_at)
    return Side(int(began.timestamp() * 10**9), Lost(), Exclusions(scan.excluded).covers)


def taken(scan: Scan) -> Taken:
    """Return on what a scan rests."""
    counts = scan.counts
    oldest = counts.oldest_proof
    since = "" if oldest is None else timestamp(datetime.fromtimestamp(oldest, UTC), "seconds")
    number = counts.proofs.get
    proofs = Proofs(number(rows.READ, 0), number(rows.KEPT, 0), number(rows.STORED, 0), since)
    return Taken(scan.started_at, scan.id, proofs)


def _so_far(storage: str, comparison: Comparison, was: Scan, now: Scan) -> StorageVerified:
    tally, notes = comparison.tally, []
    if comparison.overflowed:
        notes.append("too much is gone or new for all of it to be looked for under other names")
    return StorageVerified(
        storage,
        tally.of,
        tally.compared,
        tally.not_verified,
        dict(sorted(tally.found.items())),
        dict(sorted(tally.quiet.items())),
        taken(was),
        taken(now),
        notes=tuple(notes),
    )


@contextmanager
def _part(repository: Repository, scan: Scan) -> Iterator[Path]:
    with repository.local(layout.part(scan.contents)) as path:
        yield path


def _rows(path: Path, scan: Scan) -> Iterator[pa.RecordBatch]:
    """Read a part, after it was proved to be the one that was written."""
    return read.batches(path, CONTENTS, sha256=scan.contents)


def _look(path: Path, wanted: Collection[bytes]) -> dict[bytes, Content]:
    """Find the rows of a few paths."""
    names = pa.array(sorted(wanted), pa.binary())
    found: dict[bytes, Content] = {}
    for batch in read.batches(path, CONTENTS):
        these = batch.filter(pc.is_in(batch["path"], value_set=names))
        found.update((content.path, content) for content in convert.contents(these))
    return found
