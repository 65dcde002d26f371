"""The inventory of a platform, which comes in any order, sorted: on disk, in bounded memory."""

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
    with _private(folder) as inside:
        spool = inside / "rows"
        in_order = _put_aside(rows, spool)
        if in_order:
            yield from _read(spool)
        else:
            small = spool.stat().st_size <= _SMALL
            yield from _distinct(_sorted_here(spool) if small else _sorted(spool, inside))


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


def _put_aside(rows: Iterable[InventoryRow], spool: Path) -> bool:
    """Write rows as they come, and say whether they came in order.

    The platform is asked by this thread alone: the engine has others of its own.
    """
    in_order, before = True, None
    left = iter(rows)
    with _writing(spool) as write:
        while some := list(islice(left, _BATCH)):
            batch = convert.inventory(some)
            keys = batch.column(_KEY)
            in_order = in_order and ascends(keys, before)
            before = keys[-1].as_py()
            write(batch)
    return in_order


@contextlib.contextmanager
def _writing(spool: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    folder = spool.parent.parent
    with failing_in_words(folder):
        file = NewFile(spool)
        writer = pa.ipc.new_stream(file, INVENTORY)

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
    yield rows.take(pc.sort_indices(rows.column(_KEY)))


def _sorted(spool: Path, folder: Path) -> Iterator[pa.RecordBatch]:
    settings = {**_SETTINGS, "memory_limit": MEMORY, "temp_directory": str(folder)}
    with spool.open("rb") as file, duckdb.connect(config=settings) as engine:
        engine.register("inventory", pa.ipc.open_stream(file))
        try:
            found = engine.sql(f"SELECT * FROM inventory ORDER BY {_KEY}").to_arrow_reader(_BATCH)  # noqa: S608
            for batch in found:
                yield batch.cast(INVENTORY)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise RepositoryError(
                f"can't sort an inventory in {quoted(str(folder.parent))}: there is not enough "
                f"room in it, or not {MEMORY} of memory; see to that, then run the command again"
            ) from error
