"""Sorted streams side by side: what differs between two, and many as one. Memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Generic, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.platform import InventoryRow
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.align import Aligning
from reconciler.recovery.parts.stream import Stream
from reconciler.recovery.parts.window import Difference, Marking, compare
from reconciler.recovery.rows import Content

#: A file differs if one of these does. When and how its bytes were proved is no property of it.
COMPARED = ("kind", "size", "mtime_ns", "sha256", "version", "detail")
#: So many rows are looked at together: what Python holds at once, where all of them differ.
WINDOW = 2**13
#: What differs in so many windows is told together: most of the cost of a few rows is the same as
#: of many.
TOGETHER = 16
_WAS, _NOW = "what was recorded earlier", "what was recorded later"

Row = TypeVar("Row", Content, InventoryRow)


class Differences(Generic[Row]):
    """What differs between two streams, in the order of keys: each is `(key, was, now)`.

    `was` or `now` is None where only the other has the key. It is iterated once, and raises
    `SnapshotError` if a stream is not sorted, or has a key twice; the counters are right after.
    """

    def __init__(
        self,
        was: Iterator[pa.RecordBatch],
        now: Iterator[pa.RecordBatch],
        key: str,
        columns: Sequence[str],
        rows: Callable[[pa.RecordBatch], Sequence[Row]],
        anyway: Marking = lambda _now: None,
    ) -> None:
        self._was, self._now = Stream(was, key, _WAS), Stream(now, key, _NOW)
        self._key = key
        self._aligning = Aligning(key)
        self._columns = columns
        self._anyway = anyway
        self._rows: Callable[[pa.RecordBatch], Sequence[Row]] = rows
        #: Keys that both have; of these, how many differ.
        self.compared = 0
        self.changed = 0
        self.only_was = 0
        self.only_now = 0

    def __iter__(self) -> Iterator[tuple[bytes, Row | None, Row | None]]:
        """Yield what differs."""
        was, now = self._was, self._now
        found, windows = Difference(), 0
        while was.more() and now.more():
            until = min(was.key_within(WINDOW), now.key_within(WINDOW))
            both = was.take(until), now.take(until)
            compare(*both, self._aligning, self._columns, found, self._anyway)
            windows += 1
            if windows == TOGETHER or found.rows() >= WINDOW:
                yield from self._told(found)
                found, windows = Difference(), 0
        yield from self._told(found)
        yield from self._alone()

    def _alone(self) -> Iterator[tuple[bytes, Row | None, Row | None]]:
        """Yield what is left of the one stream when the other has ended."""
        while self._was.more():
            rows = self._was.take(self._was.key_within(WINDOW))
            self.only_was += rows.num_rows
            for key, row in self._keyed(rows):
                yield key, row, None
        while self._now.more():
            rows = self._now.take(self._now.key_within(WINDOW))
            self.only_now += rows.num_rows
            for key, row in self._keyed(rows):
                yield key, None, row

    def _told(self, found: Difference) -> list[tuple[bytes, Row | None, Row | None]]:
        self.compared += found.compared
        was, now = self._keyed(*found.changed_was), self._values(*found.changed_now)
        gone, came = self._keyed(*found.gone), self._keyed(*found.came)
        self.changed += len(was)
        self.only_was += len(gone)
        self.only_now += len(came)
        told: list[tuple[bytes, Row | None, Row | None]] = []
        told += ((key, row, None) for key, row in gone)
        told += ((key, None, row) for key, row in came)
        told += ((key, one, other) for (key, one), other in zip(was, now, strict=True))
        told.sort(key=itemgetter(0))
        return told

    def _keyed(self, *batches: pa.RecordBatch) -> list[tuple[bytes, Row]]:
        if not batches:
            return []
        rows = pa.concat_batches(batches)
        return list(zip(rows.column(self._key).to_pylist(), self._rows(rows), strict=True))

    def _values(self, *batches: pa.RecordBatch) -> Sequence[Row]:
        return self._rows(pa.concat_batches(batches)) if batches else ()


def differences(
    was: Iterator[pa.RecordBatch],
    now: Iterator[pa.RecordBatch],
    *,
    anyway: Marking = lambda _now: None,
) -> Differences[Content]:
    """Compare contents (`CONTENTS` or `SCANNED`) by path; a file differs in one of `COMPARED`.

    Rows of `now` that `anyway` marks are told, and counted as changed, also if they do not differ.
    """
    return Differences(was, now, "path", COMPARED, convert.contents, anyway)


def inventory_differences(
    was: Iterator[pa.RecordBatch], now: Iterator[pa.RecordBatch]
) -> Differences[InventoryRow]:
    """Compare inventories (`INVENTORY`) by upload id."""
    columns = ("checksum", "checksum_on_disk")
    return Differences(was, now, "upload_id", columns, convert.inventory_rows)


def joined(
    parts: Sequence[Iterator[pa.RecordBatch]],
    key: str = "path",
    *,
    chosen: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Merge sorted streams of one schema into one; of rows with one key the last stream's wins.

    Or the one that is `chosen`, of sorted rows in which those of one key have the order of streams.
    Raises `SnapshotError` if a stream is not sorted, or has a key twice.
    """
    streams = [Stream(part, key, f"piece {at + 1}") for at, part in enumerate(parts)]
    while streams := [stream for stream in streams if stream.more()]:
        until = min(stream.key_within(WINDOW) for stream in streams)
        taken = [batch for stream in streams if (batch := stream.take(until)).num_rows]
        yield taken[0] if len(taken) == 1 else _merged(taken, key, chosen)


def _merged(
    batches: Sequence[pa.RecordBatch],
    key: str,
    chosen: Callable[[pa.RecordBatch], pa.RecordBatch] | None,
) -> pa.RecordBatch:
    rows = pa.concat_batches(batches)
    # The sort is stable, so that the last of the rows with one key is the last stream's.
    rows = rows.take(pc.sort_indices(rows.column(key)))
    if chosen is not None:
        return chosen(rows)
    keys = rows.column(key)
    last = pa.concat_arrays([pc.not_equal(keys[:-1], keys[1:]), pa.array([True])])
    return rows.filter(last)
