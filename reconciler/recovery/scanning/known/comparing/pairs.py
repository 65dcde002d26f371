"""Two batches with the same paths, row by row: what shows that the files are the same.

The columns are those of `SCANNED`; a row of which nothing is known is null.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.parts.times import same_time
from reconciler.recovery.rows import FILE, LIMIT, UNREADABLE, WITH_BYTES


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


def alike(listed: pa.RecordBatch, was: pa.RecordBatch) -> pa.Array:
    """Say for each row whether nobody wrote it since `was`: then the bytes should be the same.

    Whoever writes a file changes its time, or makes another version. Never null.
    """
    same = pc.and_(pc.equal(listed["kind"], FILE), pc.is_valid(was["sha256"]))
    same = pc.and_(same, same_time(listed, was))
    written = pc.not_equal(listed["version"], was["version"])
    return pc.and_not(pc.fill_null(same, False), pc.fill_null(written, False))


def shows_no_change(listed: pa.RecordBatch, was: pa.RecordBatch) -> pa.Array:
    """Say for each row whether all that tells of a change is what it was. Never null.

    Whoever copies other bytes over a file can give it its old time, but no old inode. What is not
    known of `was`, as its stamps are lost, shows nothing.
    """
    same = pc.fill_null(pc.equal(listed["size"], was["size"]), False)
    for column in ("ctime_ns", "inode", "tag"):
        same = pc.and_(same, pc.fill_null(pc.equal(listed[column], was[column]), True))
    return same


def rotten(now: pa.RecordBatch, good: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it has other bytes, though nobody wrote the file. Never null."""
    other = pc.fill_null(pc.not_equal(now["sha256"], good["sha256"]), False)
    return pc.and_(other, alike(now, good))


def unless_rotten(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return one of the rows of each path: what somebody wrote last, before it was rotten.

    They are sorted by path, and those of one path by when they were found.
    """
    while rows.num_rows > 1:
        one, other = rows.slice(0, rows.num_rows - 1), rows.slice(1)
        same = pc.equal(one["path"], other["path"])
        if not pc.any(same).as_py():
            break
        no = pa.array([False])
        first = pc.and_not(same, pc.and_(same, pa.concat_arrays([no, same[:-1]])))
        worse = pc.and_(first, rotten(other, one))
        without = pc.or_(
            pa.concat_arrays([pc.and_not(first, worse), no]), pa.concat_arrays([no, worse])
        )
        rows = rows.filter(pc.invert(without))
    return rows


def has_bytes(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it is a file whose bytes were read, then or earlier. Never null."""
    return pc.fill_null(pc.and_(pc.equal(rows["kind"], FILE), pc.is_valid(rows["sha256"])), False)


def is_unread(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether a limit left no room for it (`Content.is_unread`). Never null."""
    of_limit = pc.and_(pc.equal(rows["kind"], UNREADABLE), pc.equal(rows["detail"], LIMIT))
    return pc.fill_null(of_limit, False)


def is_there(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it is of something that has bytes, read or not. Never null."""
    kinds = (pc.fill_null(pc.equal(rows["kind"], kind), False) for kind in WITH_BYTES)
    return functools.reduce(pc.or_, kinds)
