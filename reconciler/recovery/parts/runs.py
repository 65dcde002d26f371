"""Sorting more rows than memory holds: runs on disk, each sorted, and merged when all are there."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import RepositoryError
from reconciler.printable import quoted
from reconciler.recovery.parts.file import NewFile, failing_in_words
from reconciler.recovery.parts.order import ascends, rows_up_to

#: So many bytes of rows are sorted in memory, which takes two to three times as much.
RUN = 2**26
#: A batch of a run ends after so many rows, or half of them and so on where they are long: when
#: runs are merged, one batch of each is in memory.
BATCH_ROWS, BATCH_BYTES = 2**12, 2**20
#: So many runs are merged at once; each is an open file.
MERGED = 64


class Runs:
    """Rows that are being sorted by the first column, as bytes; its keys may be there repeatedly.

    To be used in a `with`. Files stand in the folder that was given, and stay there. What writes
    or reads them raises `RepositoryError`.
    """

    def __init__(self, schema: pa.Schema, folder: Path) -> None:
        self._schema, self._folder = schema, folder
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._run: _Run | None = None
        #: Finished runs, by how often their rows were merged.
        self._levels: list[list[Path]] = [[]]
        self._made = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        if self._run:
            self._run.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Take more rows."""
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        if self._waiting_bytes >= RUN:
            self._put_aside()

    def rows(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows, sorted; to be called once."""
        if self._made == 0:  # few: they have never left memory
            yield from self._sorted()
            return
        self._put_aside()
        self._end_run()
        yield from _merged_files([run for level in reversed(self._levels) for run in level])

    def _put_aside(self) -> None:
        """Write what waits to the run that is open, if it may follow there; else to a new one.

        So rows that come in order are one run, however many they are, and never merged.
        """
        for batch in self._sorted():
            if self._run is None or not self._run.takes(batch):
                self._end_run()
                self._run = self._new_run()
            self._run.write(batch)

    def _sorted(self) -> Iterator[pa.RecordBatch]:
        """Yield what waits, sorted, in batches of a run; from now on nothing waits."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not waiting:
            return
        rows = pa.concat_batches(waiting)
        waiting.clear()
        keys = rows.column(0)
        order = None if ascends(keys) else pc.sort_indices(keys)
        for at in range(0, rows.num_rows, BATCH_ROWS):
            if order is None:
                yield from _small(rows.slice(at, BATCH_ROWS))
            else:
                yield from _small(rows.take(order.slice(at, BATCH_ROWS)))

    def _new_run(self) -> _Run:
        self._made += 1
        return _Run(self._folder / f"run-{self._made}", self._schema)

    def _end_run(self) -> None:
        """Finish the run that is open; merge as many as are merged at once."""
        if self._run is None:
            return
        self._run.finish()
        self._levels[0].append(self._run.path)
        self._run = None
        for level, runs in enumerate(self._levels):
            if len(runs) < MERGED:
                return
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(self._as_one(runs))
            runs.clear()

    def _as_one(self, runs: list[Path]) -> Path:
        with contextlib.closing(self._new_run()) as one:
            for batch in _merged_files(runs):
                for small in _small(batch):
                    one.write(small)
            one.finish()
        for run in runs:
            run.unlink()
        return one.path


class _Run:
    """A sorted run that is being written."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._last: bytes | None = None
        #: What people know; what is below it is ours.
        self._folder = path.parent.parent
        with failing_in_words(self._folder):
            self._file = NewFile(path)
        with failing_in_words(self._folder, self._file):
            self._writer = pa.ipc.new_stream(self._file, schema)

    def takes(self, batch: pa.RecordBatch) -> bool:
        """Return whether rows may follow those that were written."""
        return self._last is None or batch.column(0)[0].as_py() >= self._last

    def write(self, batch: pa.RecordBatch) -> None:
        """Add sorted rows, at least one."""
        with failing_in_words(self._folder, self._file):
            self._writer.write_batch(batch)
        self._last = batch.column(0)[-1].as_py()

    def finish(self) -> None:
        """Write the end."""
        with failing_in_words(self._folder, self._file):
            self._writer.close()
            self._file.close()

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()


class _Head:
    """The rows of a run that are in memory: one of its batches, or what is left of it."""

    def __init__(self, run: Iterator[pa.RecordBatch]) -> None:
        self._run = run
        #: Whether there are more rows.
        self.more = self._next()

    def _next(self) -> bool:
        rows = next(self._run, None)
        if rows is None:
            return False
        self._rows, self._keys = rows, rows.column(0)
        self.last: bytes = self._keys[-1].as_py()
        return True

    def take(self, until: bytes) -> pa.RecordBatch:
        """Return the rows at hand whose key is not greater than `until`."""
        count = rows_up_to(self._keys, until)
        taken = self._rows.slice(0, count)
        if count < self._rows.num_rows:
            self._rows, self._keys = self._rows.slice(count), self._keys.slice(count)
        else:
            self.more = self._next()
        return taken


def _merged(runs: Iterable[Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """Merge sorted runs. At each step one batch is used up, and of the others what goes with it."""
    heads = [_Head(run) for run in runs]
    while heads := [head for head in heads if head.more]:
        until = min(head.last for head in heads)
        taken = [rows for head in heads if (rows := head.take(until)).num_rows]
        if len(taken) == 1:
            yield taken[0]
        else:
            rows = pa.concat_batches(taken)
            yield rows.take(pc.sort_indices(rows.column(0)))


def _merged_files(runs: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    with contextlib.ExitStack() as opened:
        yield from _merged([opened.enter_context(contextlib.closing(_read(run))) for run in runs])


def _read(run: Path) -> Generator[pa.RecordBatch, None, None]:
    try:
        with run.open("rb") as file, pa.ipc.open_stream(file) as reader:
            yield from reader
    except (pa.ArrowException, OSError) as error:
        raise RepositoryError(
            f"can't read again what was put aside in {quoted(str(run.parent.parent))} to be "
            "sorted: see to it that its disk is well, then run the command again"
        ) from error


def _small(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut rows until each piece is small."""
    if batch.nbytes <= BATCH_BYTES or batch.num_rows == 1:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _small(batch.slice(0, half))
    yield from _small(batch.slice(half))
