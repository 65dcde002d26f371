"""Rows whose bytes nobody read: however like the snapshot they are, they prove nothing."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery import rows


def unproved(batch: pa.RecordBatch, *, afresh: bool = False) -> pa.Array | None:
    """Return which rows have bytes that were not read; None if none has.

    What a cloud attests was read, unless only what is read `afresh` counts.

    A deletion is among them: it is no file, and must not be counted as one that is the same.
    """
    marks = [
        _with_words(batch["proof"], (rows.STORED, *((rows.ATTESTED,) if afresh else ()))),
        _with_words(batch["kind"], (rows.DELETED,)),
    ]
    if batch["sha256"].null_count:
        unhashed = _with_words(batch["kind"], rows.WITH_BYTES)
        if unhashed is not None:
            marks.append(pc.and_(unhashed, batch["sha256"].is_null()))
    found = [mark for mark in marks if mark is not None]
    if not found:
        return None
    whole = found[0]
    for mark in found[1:]:
        whole = pc.or_(whole, mark)
    return whole


def _with_words(column: pa.DictionaryArray, words: Collection[str]) -> pa.Array | None:
    """Return where one of the words stands; None if the batch knows none of them."""
    codes = [at for at, word in enumerate(column.dictionary.to_pylist()) if word in words]
    if not codes:
        return None
    return pc.is_in(column.indices, value_set=pa.array(codes, column.indices.type))
