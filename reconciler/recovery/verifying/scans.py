"""Two scans of one storage, compared: what every way to verify contents comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import DELETED, FOLDER
from reconciler.recovery.verifying.comparing.comparison import Comparison
from reconciler.recovery.verifying.comparing.emptied import FEWEST, WHOLE, emptied
from reconciler.recovery.verifying.comparing.sides import Circumstances
from reconciler.recovery.verifying.comparing.spool import Spool
from reconciler.recovery.verifying.comparing.unproved import unproved
from reconciler.recovery.verifying.earlier import CameFirst
from reconciler.recovery.verifying.recorded import Recorded, moved_on, rows_of
from reconciler.recovery.verifying.results import StorageVerified
from reconciler.recovery.verifying.telling.concluding import Concluded
from reconciler.recovery.verifying.telling.means import Means, Present


def compare(
    was: Recorded,
    now: Recorded,
    storage: str,
    means: Means,
    homes: tuple[Repository, Repository],
    *,
    is_copy: bool = False,
    afresh: bool = False,
) -> StorageVerified:
    """Compare what was with what is, which lie in `homes`; raises `RepositoryError`.

    What is found is kept, unless `now` is the older one. In what `is_copy` nothing is expected to
    have changed, however lately it was written. Where only what is read `afresh` counts, what a
    cloud attests is not verified.
    """
    settled_ns = means.settled_of.get(now.place, means.settled_ns)
    by = Circumstances(storage, now.place, was.side(), now.side(), settled_ns, is_copy, afresh)
    with Spool() as spool, _part(homes[0], was) as one, _part(homes[1], now) as other:
        comparison = Comparison(by, spool, everything=means.everything)
        found = merge.differences(
            _rows(one, was), _rows(other, now), anyway=partial(unproved, afresh=afresh)
        )
        comparison.take(found)
        comparison.same(found.compared - found.changed)
        comparison.finish(partial(moved_on, homes[1], now))
        so_far = _so_far(storage, comparison, was, now)
        present = None
        if by.was.taken_ns <= by.now.taken_ns:
            present = Present(now.ended_at, by.now, lambda paths: rows_of(other, paths))
        before = CameFirst(homes[0], was)
        concluded = Concluded(
            now.place, means, present, was.place, came_first=before, is_copy=is_copy
        )
        told = concluded.conclude(so_far, comparison.findings)
        if means.redaction or told.accepted_count > len(told.accepted):
            return told  # which files are meant can't be told
        if any(each.files or each.folders for each in now.taken().left_out):
            return told  # whether any file is left in a folder, nobody knows
        if max(told.found.get(what, 0) for what in WHOLE) < FEWEST:
            return told  # to read all findings once more costs as much as to tell them
        accepted = {finding.path for finding in told.accepted}
        gone = (each.finding for each in comparison.findings() if each.listed)
        return replace(told, emptied=emptied(gone, accepted, lambda path: _holds(other, path)))


def _holds(part: Path, folder: bytes) -> bool:
    """Return whether a scan has any file below a folder: neither a mark of a deletion nor a name.

    Raises `SnapshotError`.
    """
    nothing = pa.array([DELETED, FOLDER])
    found = read.below(part, CONTENTS, folder, columns=["path", "kind"])
    return any(
        pc.any(pc.invert(pc.is_in(batch["kind"].cast(pa.string()), value_set=nothing))).as_py()
        for batch in found
    )


def _so_far(storage: str, comparison: Comparison, was: Recorded, now: Recorded) -> StorageVerified:
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
        was.taken(),
        now.taken(),
        incomplete=not (was.complete and now.complete),
        notes=tuple(notes),
    )


@contextmanager
def rows(repository: Repository, side: Recorded) -> Iterator[Iterator[pa.RecordBatch]]:
    """Give the rows of one side; raises `RepositoryError`, `SnapshotError`."""
    with _part(repository, side) as path:
        yield _rows(path, side)


@contextmanager
def _part(repository: Repository, side: Recorded) -> Iterator[Path]:
    with repository.local(layout.part(side.contents)) as path:
        yield path


def _rows(path: Path, side: Recorded) -> Iterator[pa.RecordBatch]:
    """Read a part, after it was proved to be the one that was written."""
    return read.batches(path, CONTENTS, sha256=side.contents)
