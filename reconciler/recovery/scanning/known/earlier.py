"""What earlier scans know, as streams of rows that go along with a listing."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS, SCANNED, STAMPS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Scan

_NOTHING = pa.RecordBatch.from_arrays(
    [pa.array([], field.type) for field in SCANNED], schema=SCANNED
)
_NULLABLE = pa.schema([field.with_nullable(True) for field in SCANNED])


class Earlier:
    """The rows of one earlier scan, or run, handed out along with a listing."""

    def __init__(
        self,
        rows: Iterator[pa.RecordBatch],
        *,
        clock: int,
        agreeing: Sequence[str],
        own: bool = False,
        since: int = 0,
    ) -> None:
        """Take rows with the columns of `SCANNED`, sorted by path.

        `clock` is when their hashes began to be read; a file whose columns are `agreeing` keeps
        its hash (no columns: none does), if it was read `since` then: whole seconds since 1970.
        `own` says that this very scan has read them.
        """
        self.clock = clock
        self.own = own
        self.agreeing = agreeing
        self.since = since
        #: How many of its hashes were taken; and how many only were not for their age.
        self.taken = self.aged = 0
        #: How many of its paths were asked for.
        self.met = 0
        self._rows = rows
        self._batch = _NOTHING

    def beside(self, paths: pa.Array) -> pa.RecordBatch:
        """Return what is known of each of these paths, row by row; null where nothing is.

        The paths are sorted, and follow those that were asked for before.
        """
        if not len(paths):
            return _NOTHING
        known = self._until(paths[-1].as_py())
        if known["path"].equals(paths):
            self.met += len(paths)
            return known
        where = pc.index_in(paths, value_set=known["path"])
        self.met += len(where) - where.null_count
        columns = [column.take(where) for column in known.columns]
        return pa.RecordBatch.from_arrays(columns, schema=_NULLABLE)

    def _until(self, last: bytes) -> pa.RecordBatch:
        """Return the rows up to this path, and be done with them."""
        taken = []
        while True:
            paths = self._batch["path"]
            if len(paths):
                count = _up_to(paths, last)
                taken.append(self._batch.slice(0, count))
                self._batch = self._batch.slice(count)
                if count < len(paths):
                    break
            following = next(self._rows, None)
            if following is None:
                break
            self._batch = following
        return taken[0] if len(taken) == 1 else _joined(taken)


def rows_of(repository: Repository, scan: Scan, opened: ExitStack) -> Iterator[pa.RecordBatch]:
    """Return the rows of a scan, with the columns of `SCANNED`; they are there as long as `opened`.

    Raises `RepositoryError`; `SnapshotError` if its parts are not what was written.
    """
    contents, stamps = (fetched(repository, s, opened) for s in (scan.contents, scan.stamps))
    return read.scanned(contents, stamps)


def fetched(repository: Repository, sha256: str, opened: ExitStack) -> Path:
    """Return where a part is, proved to be what was written, as long as `opened`.

    Raises `RepositoryError`; `SnapshotError` if it is not.
    """
    path = opened.enter_context(repository.local(layout.part(sha256)))
    check(path, sha256)
    return path


def contents_of(path: Path) -> Earlier:
    """Return the contents of a scan alone, to be held against other rows: no hash is kept."""
    return Earlier(rows_without_stamps(path), clock=0, agreeing=())


def rows_without_stamps(path: Path) -> Iterator[pa.RecordBatch]:
    """Return contents with the columns of `SCANNED`; null where only stamps would say it."""
    return map(_without_stamps, read.batches(path, CONTENTS))


def check(path: Path, sha256: str) -> None:
    """Raise `SnapshotError` if a file is not the one of this SHA-256."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise SnapshotError(
            f"the part {sha256} is corrupt: its SHA-256 is {found} ({quoted(str(path))})"
        )


def _without_stamps(batch: pa.RecordBatch) -> pa.RecordBatch:
    nothing = (pa.nulls(batch.num_rows, field.type) for field in STAMPS)
    return pa.RecordBatch.from_arrays([*batch.columns, *nothing], schema=SCANNED)


def _up_to(paths: pa.Array, last: bytes) -> int:
    """Return how many of the sorted paths do not come after `last`."""
    if paths[-1].as_py() <= last:
        return len(paths)
    return bisect_right(range(len(paths)), last, key=lambda i: paths[i].as_py())


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if not batches:
        return _NOTHING
    return pa.concat_batches(batches)
