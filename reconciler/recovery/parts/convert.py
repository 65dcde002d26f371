"""Columns of Python values to Arrow's, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from reconciler.platform import InventoryRow
from reconciler.recovery.parts import schema
from reconciler.recovery.rows import (
    CONTENT_COLUMNS,
    FIRST_NS,
    LAST_NS,
    STAMP_COLUMNS,
    Content,
    Rows,
)


def to_batches(rows: Rows) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Return the columns of a snapshot (`CONTENTS`), and those of scans beside them (`STAMPS`).

    A time that 64 bits can't hold becomes the nearest that they do.
    """
    return _batch(rows, schema.CONTENTS), _batch(rows, schema.STAMPS)


def scanned(rows: Rows) -> pa.RecordBatch:
    """Return all columns in one batch (`SCANNED`)."""
    return _batch(rows, schema.SCANNED)


def rows_of(contents: pa.RecordBatch, stamps: pa.RecordBatch | None = None) -> Rows:
    """Return rows as Python values; without stamps, those columns are None.

    `contents` alone may have the columns of both (`SCANNED`).
    """
    rows = Rows()
    nothing: list[Any] = [None] * contents.num_rows
    for column in CONTENT_COLUMNS:
        setattr(rows, column, values(contents.column(column)))
    if stamps is None and "inode" in contents.schema.names:
        stamps = contents
    for column in STAMP_COLUMNS:
        known = list(nothing) if stamps is None else values(stamps.column(column))
        setattr(rows, column, known)
    return rows


def contents(batch: pa.RecordBatch) -> list[Content]:
    """Return each row as an object."""
    if not batch.num_rows:
        return []
    return list(map(Content, *(values(batch.column(name)) for name in CONTENT_COLUMNS)))


def values(column: pa.Array) -> list[Any]:
    """Return a column's values; of references and hashes Arrow itself makes them very slowly."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    elif pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.binary())
    found: list[Any] = column.to_pylist()
    return found


def _batch(rows: Rows, columns: pa.Schema) -> pa.RecordBatch:
    arrays = [_array(getattr(rows, field.name), field) for field in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    try:
        return pa.array(values, field.type)
    except OverflowError:
        if not field.name.endswith("_ns"):
            raise
    nearest = [v if v is None else min(max(v, FIRST_NS), LAST_NS) for v in values]
    return pa.array(nearest, field.type)


def inventory(rows: Sequence[InventoryRow]) -> pa.RecordBatch:
    """Return rows of an inventory as a batch (`INVENTORY`), as they stand."""
    columns: Iterable[Sequence[str]] = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.RecordBatch.from_arrays(list(map(_encoded, columns)), schema=schema.INVENTORY)


def inventory_rows(batch: pa.RecordBatch) -> list[InventoryRow]:
    """Return rows of an inventory as texts."""
    columns = (
        [value.decode("utf-8", "surrogatepass") for value in batch.column(name).to_pylist()]
        for name in schema.INVENTORY.names
    )
    return list(zip(*columns, strict=True))


def _encoded(texts: Sequence[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.string()).cast(pa.binary())
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 has no bytes for
        return pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.binary())
