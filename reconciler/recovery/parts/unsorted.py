"""Rows that come in any order, sorted: on disk, in bounded memory, as a platform's inventory."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import SnapshotError
from reconciler.platform import InventoryRow
from reconciler.printable import quoted
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.file import failing_in_words
from reconciler.recovery.parts.order import ascends
from reconciler.recovery.parts.runs import Runs
from reconciler.recovery.parts.schema import INVENTORY

#: So many rows become columns at once: as values of Python they are few enough to stay where the
#: processor has them at hand.
_BATCH = 2**10
_KEY = INVENTORY.names[0]


def sorted_inventory(rows: Iterable[InventoryRow], folder: Path) -> Iterator[pa.RecordBatch]:
    """Yield rows sorted by upload id as bytes (`INVENTORY`), once all of them have come.

    They wait in a private folder below `folder`, which is gone at the end, also of an iterator
    that is closed early. A row that comes again is one row. Raises `SnapshotError` if an upload
    id comes with other checksums, `RepositoryError` if there is no room, and what `rows` raises.
    """
    yield from _distinct(sorted_rows(_told(rows), INVENTORY, folder))


def sorted_rows(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, folder: Path
) -> Iterator[pa.RecordBatch]:
    """Yield rows with the columns of `schema` sorted by the first one, as bytes.

    Rows of one key come in any order. They wait in a private folder below `folder`, which is gone
    at the end, also of an iterator that is closed early. Raises `RepositoryError` if there is no
    room, and what `batches` raises.
    """
    with _private(folder) as inside, Runs(schema, inside) as runs:
        for batch in filter(len, batches):
            runs.add(batch)
        yield from runs.rows()


def _told(rows: Iterable[InventoryRow]) -> Iterator[pa.RecordBatch]:
    left = iter(rows)
    while some := list(islice(left, _BATCH)):
        yield convert.inventory(some)


def _distinct(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Drop each row that is the one before; the rows are sorted."""
    last = None
    for batch in batches:
        rows = batch
        if not ascends(rows.column(_KEY), last and last.column(_KEY)[0].as_py()):
            rows = _once(rows, last)
        if rows.num_rows:
            yield rows
            last = rows.slice(rows.num_rows - 1)


def _once(rows: pa.RecordBatch, last: pa.RecordBatch | None) -> pa.RecordBatch:
    """Return rows without those that are the one before; `last` is before the first."""
    both = pa.concat_batches([last, rows]) if last else rows
    again = functools.reduce(pc.and_, (pc.equal(c[1:], c[:-1]) for c in both.columns))
    once = both.filter(pa.concat_arrays([pa.array([True]), pc.invert(again)]))
    _check_checksums(once.column(_KEY))
    return once.slice(1) if last else once


def _check_checksums(ids: pa.Array) -> None:
    twice = ids[1:].filter(pc.equal(ids[1:], ids[:-1]))
    if len(twice):
        id = twice[0].as_py().decode("utf-8", "surrogatepass")
        raise SnapshotError(f"the file {quoted(id)} was told twice, with other checksums")


@contextlib.contextmanager
def _private(folder: Path) -> Iterator[Path]:
    with failing_in_words(folder):
        made = tempfile.mkdtemp(dir=folder, prefix=".sorting-")
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
