"""What a scan has read that another one overtook: it began first, and ended last.

Its listing is older than that of the scan that is the last now, so that what is new in this would
look as if it had gone. It therefore lists the storage again, after the other one; what it has read
it need not read again, as long as the files show no change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import read
from reconciler.recovery.parts.write import Written
from reconciler.recovery.rows import READ
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.scanning.known.pieces import Begun


class Overtaken(NamedTuple):
    """How the attempt began, and its contents and stamps: there as long as its workspace is."""

    begun: Begun
    parts: tuple[Written, Written]

    def earlier(self, last: Last | None, agreeing: Sequence[str]) -> Earlier:
        """Return what was read, but for what the scan `last` has read later, and otherwise."""
        return Earlier(self._rows(last), clock=self.begun.clock_ns, agreeing=agreeing, own=True)

    def _rows(self, last: Last | None) -> Iterator[pa.RecordBatch]:
        others = contents_of(last.contents) if last else None
        for batch in read.scanned(*(part.path for part in self.parts)):
            rows = batch.filter(pc.fill_null(pc.equal(batch["proof"], READ), False))
            yield unless_read_since(rows, others)


def unless_read_since(batch: pa.RecordBatch, others: Earlier | None) -> pa.RecordBatch:
    """Return rows but for those that another scan has read later, and otherwise."""
    if others is None:
        return batch
    other = others.beside(batch["path"])
    later = pc.greater_equal(other["proved_at"], batch["proved_at"])
    later = pc.and_(pc.equal(other["proof"], READ), later)
    later = pc.and_(pc.not_equal(other["sha256"], batch["sha256"]), later)
    return batch.filter(pc.invert(pc.fill_null(later, False)))
