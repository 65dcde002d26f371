"""Which rows of two sorted batches have the same key."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

#: Where it takes more steps than this it is cheaper to look at every key; and after how many of
#: them that is guessed from how far they have led.
_STEPS, _GUESS = 64, 8
#: So many batches are walked through once that was cheaper for one.
_AFTER = 15
#: So many keys are compared at once while walking from key to key.
_AHEAD = 16
#: How far to look for the end of a run, at first and then.
_REACH, _FURTHER = 128, 8

#: From where, to where.
_Range = tuple[int, int]


class Run(NamedTuple):
    """Rows that the other batch has as well."""

    #: Without the key where they had to be picked: keys are most of what that copies.
    rows: pa.RecordBatch
    #: What they were picked from, and where they stand there; None: they are all of it.
    of: pa.RecordBatch | None = None
    at: pa.Array | None = None

    @property
    def num_rows(self) -> int:
        """How many there are."""
        return int(self.rows.num_rows)

    def whole(self, these: pa.Array) -> pa.RecordBatch:
        """Return some of the rows with all columns, by their places in `rows`: a copy."""
        if self.of is None or self.at is None:
            return self.rows.take(these)
        return self.of.take(self.at.take(these))


class Aligned(NamedTuple):
    """Two batches, sorted out; each in the order of keys."""

    #: Runs of rows with the same keys, row by row.
    pairs: list[tuple[Run, Run]]
    #: What only the one has, and only the other: copies, so that nobody who keeps them keeps all.
    gone: list[pa.RecordBatch]
    came: list[pa.RecordBatch]


class Aligning:
    """Sorts out batch after batch of two streams; what held for one mostly holds for the next."""

    def __init__(self, key: str) -> None:
        self._key = key
        #: So many batches are walked through before runs are looked for again.
        self._walk = 0

    def align(self, was: pa.RecordBatch, now: pa.RecordBatch) -> Aligned:
        """Sort out which rows have a key that the other batch has; keys ascend in both."""
        one, other = was.column(self._key), now.column(self._key)
        if one.equals(other):
            return Aligned([(Run(was), Run(now))], [], [])
        if self._walk:
            self._walk -= 1
        elif found := _by_runs(was, now, one, other):
            return found
        else:
            self._walk = _AFTER
        return _by_walking(was, now, self._key)


def _by_walking(was: pa.RecordBatch, now: pa.RecordBatch, key: str) -> Aligned:
    """Walk from key to key: quicker than looking them up in a table, which forgets the order."""
    these, those = was.column(key).to_pylist(), now.column(key).to_pylist()
    gone: list[int] = []
    came: list[int] = []
    i = j = 0
    ends, ends_too = len(these), len(those)
    while i < ends and j < ends_too:
        ahead = these[i : i + _AHEAD]
        if ahead == those[j : j + _AHEAD]:
            i, j = i + len(ahead), j + len(ahead)
            continue
        while i < ends and j < ends_too and these[i] == those[j]:
            i, j = i + 1, j + 1
        while i < ends and j < ends_too and these[i] < those[j]:
            gone.append(i)
            i += 1
        while i < ends and j < ends_too and these[i] > those[j]:
            came.append(j)
            j += 1
    gone += range(i, ends)
    came += range(j, ends_too)
    left = _without(was, gone, key), _without(now, came, key)
    return Aligned([left], _at(was, gone), _at(now, came))


def _by_runs(
    was: pa.RecordBatch, now: pa.RecordBatch, one: pa.Array, other: pa.Array
) -> Aligned | None:
    """Walk from one run of equal keys to the next; None if there are too many of them."""
    pairs: list[tuple[Run, Run]] = []
    gone: list[_Range] = []
    came: list[_Range] = []
    i = j = 0
    for step in range(_STEPS):
        if step >= _GUESS and i * _STEPS < step * len(one):
            break
        if length := _same(one, other, i, j):
            pairs.append((Run(was.slice(i, length)), Run(now.slice(j, length))))
            i, j = i + length, j + length
        if i == len(one) or j == len(other):
            gone.append((i, len(one)))
            came.append((j, len(other)))
            return Aligned(pairs, _rows(was, gone), _rows(now, came))
        gone.append((i, i := _first_from(one, i, other[j].as_py())))
        came.append((j, j := _first_from(other, j, one[i].as_py() if i < len(one) else None)))
    return None


def _same(one: pa.Array, other: pa.Array, i: int, j: int) -> int:
    """Return how many keys from `i` and from `j` on are equal, one after the other."""
    most: int = min(len(one) - i, len(other) - j)
    done, reach = 0, _REACH
    while done < most:
        length = min(reach, most - done)
        these, those = one.slice(i + done, length), other.slice(j + done, length)
        if not these.equals(those):
            until: int = pc.index(pc.equal(these, those), False).as_py()
            return done + until
        done, reach = done + length, reach * _FURTHER
    return done


def _first_from(keys: pa.Array, at: int, key: bytes | None) -> int:
    """Return where, from `at` on, the first key is that is not less than `key`."""
    if key is None or keys[at].as_py() >= key:
        return at
    return bisect.bisect_left(range(len(keys)), key, at + 1, key=lambda i: keys[i].as_py())


def _rows(batch: pa.RecordBatch, ranges: Iterable[_Range]) -> list[pa.RecordBatch]:
    return _at(batch, [at for begin, end in ranges for at in range(begin, end)])


def _at(batch: pa.RecordBatch, rows: list[int]) -> list[pa.RecordBatch]:
    return [batch.take(pa.array(rows, pa.int32()))] if rows else []


def _without(batch: pa.RecordBatch, rows: list[int], key: str) -> Run:
    if not rows:
        return Run(batch)
    stays = bytearray(b"\1") * batch.num_rows
    for at in rows:
        stays[at] = 0
    mask = pa.Array.from_buffers(pa.uint8(), len(stays), [None, pa.py_buffer(stays)])
    at = pc.indices_nonzero(mask)
    return Run(batch.drop_columns([key]).take(at), batch, at)
