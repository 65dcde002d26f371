"""What differs between two batches of rows that cover the same range of keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from reconciler.recovery.parts.align import Aligning

#: Says of rows which of them are told also where nothing differs; None: none of them.
Marking: TypeAlias = Callable[[pa.RecordBatch], pa.Array | None]


class Difference(Struct):
    """The rows that were found to differ, each kind in the order of keys; no batch is empty."""

    #: Keys that both have.
    compared: int = 0
    gone: list[pa.RecordBatch] = []
    came: list[pa.RecordBatch] = []
    #: Row by row the same keys.
    changed_was: list[pa.RecordBatch] = []
    changed_now: list[pa.RecordBatch] = []

    def rows(self) -> int:
        """Return how many keys differ."""
        return sum(map(len, (*self.gone, *self.came, *self.changed_was)))


def compare(
    was: pa.RecordBatch,
    now: pa.RecordBatch,
    aligning: Aligning,
    columns: Sequence[str],
    into: Difference,
    anyway: Marking = lambda _now: None,
) -> None:
    """Compare rows by their key, and those that both have by `columns`; `into` is added to.

    Rows of `now` that `anyway` marks count as different.
    """
    aligned = aligning.align(was, now)
    into.gone += aligned.gone
    into.came += aligned.came
    for one, other in aligned.pairs:
        into.compared += one.num_rows
        differs = _either(_differing(one.rows, other.rows, columns), anyway(other.rows))
        if differs is not None and len(these := pc.indices_nonzero(differs)):
            into.changed_was.append(one.whole(these))
            into.changed_now.append(other.whole(these))


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
