"""What is to be read, put away while a storage is listed: in constant memory, in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import WAITING
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.rows import Rows
from reconciler.recovery.scanning.known.comparing import attested

#: In so many steps all is read, the lowest turns first; within one, in the order of paths.
_STEPS = 16


class Waiting:
    """Files that wait to be read, each with its turn: a number, of which the lowest comes first.

    There are few turns, and perhaps many files of each.
    """

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        """Put them into a file of a folder; it is there as long as what is `opened`."""
        self._writer = opened.enter_context(PartWriter(folder, WAITING))
        self._path: Path | None = None
        #: How many files have which turn.
        self._turns: Counter[int] = Counter()

    def add(self, rows: pa.RecordBatch, turns: pa.Array, known: pa.Array) -> None:
        """Add rows of files, which follow those before, and the hash that each should have."""
        self._turns.update(turns.to_pylist())
        columns = [*rows.columns, turns, known]
        self._writer.write(pa.RecordBatch.from_arrays(columns, schema=WAITING))

    def count(self, after: int, until: int) -> int:
        """Return how many files have a turn after one and up to another."""
        return sum(count for turn, count in self._turns.items() if after < turn <= until)

    def steps(self) -> list[int]:
        """Return the last turn of each step; each has about as many files."""
        whole, so_far, ends = self._turns.total(), 0, dict[int, int]()
        for turn in sorted(self._turns):
            so_far += self._turns[turn]
            ends[so_far * _STEPS // whole] = turn
        return list(ends.values())

    def taken(self, after: int, until: int) -> Iterator[tuple[Rows, Sequence[bytes | None]]]:
        """Yield what has a turn after one and up to another, in the order of paths.

        As it was listed and is attested, with the hashes that it should have. Nothing can be added
        any more.
        """
        if not self.count(after, until):
            return
        if self._path is None:
            self._path = self._writer.finish().path
        for batch in read.batches(self._path, WAITING):
            turns = batch["turn"]
            these = batch.filter(pc.and_(pc.greater(turns, after), pc.less_equal(turns, until)))
            if these.num_rows:
                rows = convert.rows_of(these)
                yield attested.unread(rows, these), convert.values(these["known"])
