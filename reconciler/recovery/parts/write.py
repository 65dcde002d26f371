"""Writing a part: the same rows give the same bytes, however they come in."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reconciler.recovery.parts import schema as parts
from reconciler.recovery.parts.file import HashedFile, failing_in_words
from reconciler.recovery.parts.order import ascends

#: A group ends after so many rows, or with the row that brings its texts to so many bytes: one
#: group is what a reader holds in memory.
GROUP_ROWS, GROUP_BYTES = 2**16, 2**25
_ZSTD_LEVEL = 3


class Written(NamedTuple):
    """A finished part."""

    #: A file in the folder that was given; whoever asked for it moves or removes it.
    path: Path
    #: SHA-256 of the whole file, in hex: its name in a repository.
    sha256: str
    rows: int
    #: Bytes.
    size: int


class PartWriter:
    """Writes one part into a new file of a folder, mode 0600.

    To be used in a `with`: unless `finish` was reached, nothing is left of it. Every method raises
    `RepositoryError` if the disk is full or fails.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._plain = parts.plain(schema)
        self._key = parts.key(schema)
        self._last: bytes | None = None
        self._rows = 0
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._finished = False
        with failing_in_words(folder):
            self._file = HashedFile(folder / f".part-{os.urandom(8).hex()}.tmp")
        try:
            with failing_in_words(folder, self._file):
                self._parquet = self._opened()
        except BaseException:
            self._file.remove()
            raise

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows with the writer's schema, which follow those before in the order of its key.

        Raises `ValueError` if they do not.
        """
        if not batch.schema.equals(self._schema):
            raise ValueError(f"rows of a {parts.name(self._schema)} part have other columns")
        self._check_order(batch)
        while batch.num_rows:
            taken = batch.slice(0, self._room_for(batch))
            self._waiting.append(taken)
            self._waiting_rows += taken.num_rows
            self._waiting_bytes += _bytes(taken)
            if self._waiting_rows == GROUP_ROWS or self._waiting_bytes >= GROUP_BYTES:
                self._flush()
            batch = batch.slice(taken.num_rows)

    def finish(self) -> Written:
        """Write the rest, and make the file outlast a power cut."""
        self._flush()
        with failing_in_words(self._file.path.parent, self._file):
            self._parquet.add_key_value_metadata({parts.MARK: parts.mark(self._schema)})
            self._parquet.close()
            self._file.finish()
        self._finished = True
        file = self._file
        return Written(file.path, file.hash.hexdigest(), self._rows, file.size)

    def abandon(self) -> None:
        """Leave nothing of it; also after an error, and as often as one likes."""
        self._waiting.clear()
        self._file.remove()
        with contextlib.suppress(pa.ArrowException, OSError, ValueError):
            self._parquet.close()  # its footer has no file to go to

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of it, unless it was finished."""
        if not self._finished:
            self.abandon()

    def _opened(self) -> pq.ParquetWriter:
        compression = parts.compressions(self._schema)
        return pq.ParquetWriter(
            self._file,
            self._plain,
            compression=compression,
            compression_level={name: _ZSTD_LEVEL for name in compression if name != "sha256"},
            use_dictionary=parts.words(self._schema),
            column_encoding=parts.encodings(self._schema),
            write_statistics=[self._key] if self._key else False,
            sorting_columns=[pq.SortingColumn(0)] if self._key else None,
            write_page_checksum=True,
            # Arrow's own description of a schema differs from version to version.
            store_schema=False,
        )

    def _room_for(self, batch: pa.RecordBatch) -> int:
        """Return how many of the rows belong to the group that is waiting: at least one."""
        most: int = min(GROUP_ROWS - self._waiting_rows, batch.num_rows)
        room = GROUP_BYTES - self._waiting_bytes
        if _bytes(batch) < room:
            return most
        sums = pc.cumulative_sum(_lengths(batch.slice(0, most)))
        below: int = pc.sum(pc.less(sums, room)).as_py()
        return min(below + 1, most)

    def _check_order(self, batch: pa.RecordBatch) -> None:
        if self._key is None or not batch.num_rows:
            return
        keys = batch.column(self._key)
        if not ascends(keys, self._last):
            raise ValueError(f"rows of a part are not sorted by {self._key}, or one is there twice")
        self._last = keys[-1].as_py()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting).cast(self._plain).combine_chunks()
        with failing_in_words(self._file.path.parent, self._file):
            self._parquet.write_table(table, row_group_size=table.num_rows)
        self._rows += table.num_rows
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0


def _bytes(batch: pa.RecordBatch) -> int:
    total: int = pc.sum(_lengths(batch)).as_py()
    return total


def _lengths(batch: pa.RecordBatch) -> pa.Array:
    """Return, for each row, how many bytes its texts have."""
    each = (
        pc.fill_null(pc.binary_length(batch.column(name)), 0).cast(pa.int64())
        for name in parts.texts(batch.schema)
    )
    return functools.reduce(pc.add, each, pa.repeat(pa.scalar(0, pa.int64()), batch.num_rows))
