"""Which files are due: so much, the oldest proofs first, that each night has about as much to do.

If all that was proved at once were read again only when its cycle ends, one night would have all
of it. So some is read each night from the first on: a share of the cycle that has passed.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.environment.timestamps import APART
from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.rows import PROVEN

#: Proofs are told apart by the minute, seconds each: so many numbers are held, whatever there is.
MINUTE = 60
#: What a file costs beside its bytes, in bytes: what a disk reads while it looks for the next one.
EACH = 1 << 18
#: The part of a cycle in which everything is read; the rest is for nights that are missed.
_PART = 0.8
#: So many rows are summed up together: the sums of all are far fewer.
_TOGETHER = 1 << 20
_MINUTES = pa.schema([(name, pa.int64()) for name in ("minute", "files", "size")])
_COLUMNS = ["size", "proof", "proved_at"]


class Choice(Struct, frozen=True):
    """What is due: all that was proved before a minute, and some of what was proved within it."""

    #: Minutes since 1970, UTC.
    before: int = 0
    #: What may be read of that minute, by what it costs.
    within: int = 0
    #: Files that are due beside these, and for which a run has no room; those of them for which no
    #: run ever has.
    beyond: int = 0
    too_large: int = 0


class Ages(Struct):
    """How much was proved in which minute: what it costs, and how many bytes that is."""

    costs: Counter[int] = field(default_factory=Counter)
    bytes: Counter[int] = field(default_factory=Counter)
    #: How many were proved when, of those that no run has room for.
    too_large: Counter[int] = field(default_factory=Counter)

    def add(self, minute: int, files: int, size: int) -> None:
        """Add files that were proved in a minute, and their bytes."""
        self.costs[minute] += size + files * EACH
        self.bytes[minute] += size

    def files(self, minutes: Iterable[int]) -> int:
        """Return how many files were proved in some minutes."""
        return sum((self.costs[minute] - self.bytes[minute]) // EACH for minute in minutes)


def aged(contents: Path, most: int | None, now: float = math.inf) -> Ages:
    """Return when how much of a part was proved, as `minutes_of` says.

    Files of more than `most` bytes are counted apart: no run will ever have room for them. Raises
    `SnapshotError`.
    """
    found = Ages()
    waiting, count, summed = [], 0, [_MINUTES.empty_table()]
    for batch in read.batches(contents, CONTENTS, columns=_COLUMNS):
        proved = is_proved(batch, most)
        minutes = minutes_of(batch, now)
        if most is not None:
            large = pc.and_not(is_proved(batch, None), proved)
            found.too_large.update(minutes.filter(large).to_pylist())
        minutes = minutes.filter(proved)
        sizes = batch["size"].filter(proved)
        waiting.append(pa.table([minutes, pa.repeat(1, len(minutes)), sizes], _MINUTES))
        count += batch.num_rows
        if count >= _TOGETHER:
            summed.append(_summed(waiting))
            waiting, count = [], 0
    for row in zip(*(c.to_pylist() for c in _summed([*summed, *waiting]).columns), strict=True):
        found.add(*row)
    return found


def _summed(tables: list[pa.Table]) -> pa.Table:
    """Return one row for each minute."""
    grouped = pa.concat_tables(tables).group_by("minute", use_threads=False)
    done = grouped.aggregate([("files", "sum"), ("size", "sum")])
    return done.select(["minute", "files_sum", "size_sum"]).rename_columns(_MINUTES.names)


def minutes_of(rows: pa.RecordBatch, now: float) -> pa.Array:
    """Return the minutes since 1970 in which rows were proved.

    What a clock that was ahead dated later than `now` comes first of all, as it proves nothing.
    """
    minutes = pc.divide(rows["proved_at"], MINUTE)
    if now == math.inf:
        return minutes
    ahead = pc.greater(rows["proved_at"], int(now) + APART)
    return pc.if_else(pc.fill_null(ahead, False), pa.scalar(0, minutes.type), minutes)


def is_proved(rows: pa.RecordBatch, most: int | None) -> pa.Array:
    """Say for each row whether its bytes were read once, here or by the cloud.

    And whether they could be within `most` bytes.
    """
    proof = rows["proof"]
    words = [at for at, word in enumerate(proof.dictionary.to_pylist()) if word in PROVEN]
    proved = pc.is_in(proof.indices, value_set=pa.array(words, proof.indices.type))
    if most is not None:
        proved = pc.and_(proved, pc.less_equal(rows["size"], most))
    return pc.fill_null(proved, False)


def choose(proved: Ages, now: float, every: int, most: int | None = None) -> Choice:
    """Return what is due at `now`, seconds since 1970, if all is to be proved in `every` seconds.

    It is as little as leaves no more of any age than an even pace would; and no more than what is
    oldest and has room in `most` bytes, or ends within the minute in which that is spent.
    """
    cycle = every * _PART
    late = (n for minute, n in proved.too_large.items() if now - (minute + 1) * MINUTE > cycle)
    return replace(_choose(proved, now, cycle, most), too_large=sum(late))


def _choose(proved: Ages, now: float, cycle: float, most: int | None) -> Choice:
    minutes = sorted(proved.costs)
    if not minutes:
        return Choice()
    upto = list(accumulate(proved.costs[minute] for minute in minutes))
    ages = (max(0.0, now - (minute + 1) * MINUTE) for minute in minutes)
    spare = (upto[-1] * max(0.0, 1 - age / cycle) for age in ages)
    due = max(0, *(math.ceil(sum - room) for sum, room in zip(upto, spare, strict=True)))
    if due == 0:
        return Choice()
    at, beyond = bisect.bisect_left(upto, due), 0
    if most is not None:
        spent = accumulate((proved.bytes[minute] for minute in minutes), initial=0)
        fit = bisect.bisect_left(list(spent), most)
        if fit <= at:
            beyond = proved.files(minutes[fit : at + 1])
            at = fit - 1
    below = upto[at - 1] if at else 0
    return Choice(minutes[at], due - below, beyond)


class Marking:
    """Says which rows are due, one batch after the other."""

    def __init__(self, choice: Choice, most: int | None, now: float = math.inf) -> None:
        """Mark by a choice of `now`; files of more than `most` bytes are not due."""
        self._now = now
        self._choice = choice
        self._most = most
        self._within = choice.within

    def of(self, rows: pa.RecordBatch) -> pa.Array:
        """Say for each row whether its bytes were read once, and are to be read again."""
        before = self._choice.before
        minutes = minutes_of(rows, self._now)
        proved = is_proved(rows, self._most)
        due = pc.and_(proved, pc.fill_null(pc.less(minutes, before), False))
        if self._within <= 0:
            return due
        edge = pc.and_(proved, pc.fill_null(pc.equal(minutes, before), False))
        if not pc.any(edge).as_py():
            return due
        costs = pc.if_else(edge, pc.add(pc.fill_null(rows["size"], 0), EACH), 0)
        spent = pc.subtract(pc.cumulative_sum(costs), costs)
        due = pc.or_(due, pc.and_(edge, pc.less(spent, self._within)))
        self._within -= pc.sum(costs).as_py()
        return due
