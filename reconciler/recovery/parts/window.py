"""What differs between two batches of rows that cover the same range of keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.align import align

#: Says of rows which of them are told also where nothing differs; None: none of them.
Marking: TypeAlias = Callable[[pa.RecordBatch], pa.Array | None]


class Window(NamedTuple):
    """The rows of two batches that differ, each in the order of keys."""

    #: Keys that both have.
    compared: int
    gone: pa.RecordBatch
    came: pa.RecordBatch
    #: Row by row the same keys.
    changed_was: pa.RecordBatch
    changed_now: pa.RecordBatch


def compare(
    was: pa.RecordBatch,
    now: pa.RecordBatch,
    key: str,
    columns: Sequence[str],
    anyway: Marking = lambda _now: None,
) -> Window:
    """Compare rows by their `key`, and those that both have by `columns`.

    Rows of `now` that `anyway` marks count as different.
    """
    was, now, gone, came = align(was, now, key)
    compared: int = was.num_rows
    differs = _either(_differing(was, now, columns), anyway(now))
    if differs is None:
        return Window(compared, gone, came, was.slice(0, 0), now.slice(0, 0))
    return Window(compared, gone, came, was.filter(differs), now.filter(differs))


def _differing(was: pa.RecordBatch, now: pa.RecordBatch, columns: Sequence[str]) -> pa.Array | None:
    """Return which rows differ; None if no row does."""
    differs = None
    for name in columns:
        one, other = was.column(name), now.column(name)
        if not one.equals(other):
            differs = _either(differs, _unlike(one, other))
    return differs


def _either(one: pa.Array | None, other: pa.Array | None) -> pa.Array | None:
    if one is None or other is None:
        return one if other is None else other
    return pc.or_(one, other)


def _unlike(one: pa.Array, other: pa.Array) -> pa.Array:
    """Return where values differ; what is not known is like itself, and unlike all else."""
    values = pc.fill_null(pc.not_equal(one, other), False)
    return pc.or_(values, pc.xor(one.is_null(), other.is_null()))
