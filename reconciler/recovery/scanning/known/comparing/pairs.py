"""Two batches with the same paths, row by row: what shows that the files are the same.

The columns are those of `SCANNED`; a row of which nothing is known is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.parts.times import same_time


def is_same(batch: pa.RecordBatch, was: pa.RecordBatch, names: Sequence[str]) -> pa.Array:
    """Say for each row whether some columns are what they were. Never null."""
    same = pa.repeat(True, batch.num_rows)
    for name in names:
        one, other = batch[name], was[name]
        if name == "version":  # a bucket that keeps none has none
            one, other = pc.fill_null(one, ""), pc.fill_null(other, "")
        same = pc.and_(same, pc.fill_null(pc.equal(one, other), False))
    return same


def unwritten(now: pa.RecordBatch, was: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it has a hash in `was`, and nobody wrote it since. Never null."""
    same = pc.and_(pc.is_valid(was["sha256"]), same_time(now, was))
    written = pc.not_equal(now["version"], was["version"])
    return pc.and_not(pc.fill_null(same, False), pc.fill_null(written, False))


def replaced(batch: pa.RecordBatch, which: pa.Array, by: Mapping[str, object]) -> pa.RecordBatch:
    """Return a batch with other values in some columns of those rows: for all one, or an array."""
    columns = []
    for field, column in zip(SCANNED, batch.columns, strict=True):
        if field.name in by:
            value = by[field.name]
            is_word = pa.types.is_dictionary(field.type)
            plain = column.dictionary_decode() if is_word else column
            if not isinstance(value, pa.Array):
                value = pa.scalar(value, plain.type)
            elif is_word:
                value = value.dictionary_decode()
            column = pc.if_else(which, value, plain)  # noqa: PLW2901
            column = column.dictionary_encode() if is_word else column  # noqa: PLW2901
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=SCANNED)
