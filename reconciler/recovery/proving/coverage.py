"""How many files of a scan were proved when: one pass over its rows, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.environment.timestamps import APART
from reconciler.model import Objective
from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.proving.results import Coverage, Much
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import ATTESTED, UNREADABLE, WITH_BYTES
from reconciler.recovery.scanning.due.choosing import is_proved
from reconciler.recovery.scanning.known.comparing.pairs import is_unread
from reconciler.recovery.values import Scan
from reconciler.recovery.walking.exclusions import Exclusions

_BYTES = pa.array(WITH_BYTES)
_COLUMNS = ["path", "kind", "size", "proof", "proved_at", "detail"]


def cover(repository: Repository, scan: Scan, objective: Objective, now: int) -> Coverage:
    """Return how much of a scan was proved within the cycle that ends `now`, and how much not.

    A proof is that the bytes were read, here or by the cloud, which attests what it computed at
    rest: a sum that the storage keeps is none; nor is a reading of a time that has not come yet.
    Raises `RepositoryError`, `SnapshotError`.
    """
    counted, left_out = _Counted(), 0
    with ExitStack() as opened:
        for rows, exempt in _rows(repository, scan, objective, opened):
            counted.take(rows, now - objective.every, now + APART)
            left_out += exempt
    return replace(counted.coverage, exempt=left_out)


class _Counted:
    """What was counted so far."""

    def __init__(self) -> None:
        self.coverage = Coverage()

    def take(self, rows: pa.RecordBatch, since: int, until: int) -> None:
        """Count rows; what was proved before `since` is late, and after `until` ahead."""
        closed = pc.and_(pc.equal(rows["kind"], UNREADABLE), pc.ends_with(rows["path"], b"/"))
        closed = pc.and_(closed, pc.is_null(rows["size"]))  # as `rows.is_closed`
        files = pc.and_not(pc.is_in(rows["kind"].dictionary_decode(), value_set=_BYTES), closed)
        proved = pc.and_(files, is_proved(rows, None))
        ahead = pc.fill_null(pc.greater(rows["proved_at"], until), False)
        latest = [d for d in (self.coverage.latest, _latest(rows, proved)) if d is not None]
        in_time = pc.fill_null(pc.greater_equal(rows["proved_at"], since), False)
        whole, dates = self.coverage, rows["proved_at"].filter(pc.and_not(proved, ahead))
        oldest = [date for date in (whole.oldest, pc.min(dates).as_py()) if date is not None]
        self.coverage = Coverage(
            _with(whole.proved, rows, pc.and_not(pc.and_(proved, in_time), ahead)),
            _with(whole.late, rows, pc.and_not(proved, in_time)),
            _with(whole.never, rows, pc.and_not(files, proved)),
            whole.unread + _number(is_unread(rows)),
            whole.closed + _number(closed),
            min(oldest, default=None),
            _with(whole.ahead, rows, pc.and_(proved, ahead)),
            max(latest, default=None),
            _with(whole.attested, rows, pc.and_(in_time, pc.and_not(_attested(rows), ahead))),
        )


def _rows(
    repository: Repository, scan: Scan, objective: Objective, opened: ExitStack
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield the rows of a scan that need proof, and how many with them need none."""
    path = opened.enter_context(repository.local(layout.part(scan.contents)))
    # What the scan itself has left out is not there.
    globs = [glob for glob in objective.exclude if glob not in scan.excluded]
    covers = Exclusions(globs).covers
    for batch in read.batches(path, CONTENTS, columns=_COLUMNS, sha256=scan.contents):
        if globs:
            kept = [not covers(name) for name in values(batch["path"])]
            yield batch.filter(pa.array(kept, pa.bool_())), kept.count(False)
        else:
            yield batch, 0


def _attested(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether the cloud has read it, and nobody here. Never null."""
    return pc.fill_null(pc.equal(rows["proof"].dictionary_decode(), ATTESTED), False)


def _latest(rows: pa.RecordBatch, proved: pa.Array) -> int | None:
    latest: int | None = pc.max(rows["proved_at"].filter(proved)).as_py()
    return latest


def _with(much: Much, rows: pa.RecordBatch, which: pa.Array) -> Much:
    size = pc.sum(rows["size"].filter(which)).as_py() or 0
    return Much(much.files + _number(which), much.bytes + size)


def _number(which: pa.Array) -> int:
    return pc.sum(which).as_py() or 0
