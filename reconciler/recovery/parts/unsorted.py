"""Rows that come in any order, sorted: on disk, in bounded memory, as a platform's inventory."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.platform import InventoryRow
from reconciler.printable import quoted
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.file import NewFile, failing_in_words
from reconciler.recovery.parts.order import ascends
from reconciler.recovery.parts.schema import INVENTORY

#: What the engine may hold; with 256 MB it gives up on 10,000,000 rows.
MEMORY = "512MB"
_BATCH = 2**14
#: So many bytes are sorted without the engine, which takes a quarter of a second to start.
_SMALL = 2**24
_KEY = INVENTORY.names[0]
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "preserve_insertion_order": False,
    # Nothing is fetched from anywhere.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


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
    with _private(folder) as inside:
        spool = inside / "rows"
        if _put_aside(batches, schema, spool):
            yield from _read(spool)
        elif spool.stat().st_size <= _SMALL:
            yield from _sorted_here(spool)
        else:
            yield from _sorted(spool, schema, inside)


def _told(rows: Iterable[InventoryRow]) -> Iterator[pa.RecordBatch]:
    left = iter(rows)
    while some := list(islice(left, _BATCH)):
        yield convert.inventory(some)


def _distinct(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Drop each row that is the one before; the rows are sorted."""
    last = None
    for batch in filter(len, batches):
        rows = pa.concat_batches([last, batch]) if last else batch
        if not ascends(rows.column(_KEY)):
            again = functools.reduce(pc.and_, (pc.equal(c[1:], c[:-1]) for c in rows.columns))
            rows = rows.filter(pa.concat_arrays([pa.array([True]), pc.invert(again)]))
            _check_checksums(rows.column(_KEY))
        yield rows.slice(1) if last else rows
        last = rows.slice(rows.num_rows - 1)


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


def _put_aside(batches: Iterable[pa.RecordBatch], schema: pa.Schema, spool: Path) -> bool:
    """Write rows as they come, and say whether they came in order.

    Whoever tells them is asked by this thread alone: the engine has others of its own.
    """
    in_order, before = True, None
    with _writing(spool, schema) as write:
        for batch in filter(len, batches):
            keys = batch.column(0)
            in_order = in_order and ascends(keys, before)
            before = keys[-1].as_py()
            write(batch)
    return in_order


@contextlib.contextmanager
def _writing(spool: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    folder = spool.parent.parent
    with failing_in_words(folder):
        file = NewFile(spool)
        writer = pa.ipc.new_stream(file, schema)

    def write(batch: pa.RecordBatch) -> None:
        with failing_in_words(folder, file):
            writer.write_batch(batch)

    with file:
        yield write
        with failing_in_words(folder, file):
            writer.close()


def _read(spool: Path) -> Iterator[pa.RecordBatch]:
    with spool.open("rb") as file, pa.ipc.open_stream(file) as reader:
        yield from reader


def _sorted_here(spool: Path) -> Iterator[pa.RecordBatch]:
    batches = list(_read(spool))
    rows = pa.concat_batches(batches)
    yield rows.take(pc.sort_indices(rows.column(0)))


def _sorted(spool: Path, schema: pa.Schema, folder: Path) -> Iterator[pa.RecordBatch]:
    settings = {**_SETTINGS, "memory_limit": MEMORY, "temp_directory": str(folder)}
    with spool.open("rb") as file, duckdb.connect(config=settings) as engine:
        engine.register("spool", pa.ipc.open_stream(file))
        try:
            found = engine.sql("SELECT * FROM spool ORDER BY #1").to_arrow_reader(_BATCH)
            for batch in found:
                yield batch.cast(schema)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise RepositoryError(
                f"can't sort what was told in {quoted(str(folder.parent))}: there is not enough "
                f"room in it, or not {MEMORY} of memory; see to that, then run the command again"
            ) from error
