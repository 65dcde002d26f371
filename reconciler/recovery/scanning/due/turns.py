"""A storage is listed first, and then read: first what has been unproved for the longest time.

Whatever a limit leaves unread stands in the record as it was known before. So each run ends with a
record of all that is there, and the next one begins with what is then the oldest.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.rows import ATTESTED, KEPT, LIMIT, STORED, UNREADABLE, Rows
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.due.choosing import (
    MINUTE,
    Choice,
    Marking,
    aged,
    choose,
    minutes_of,
)
from reconciler.recovery.scanning.due.waiting import Waiting
from reconciler.recovery.scanning.known.comparing import attested, pairs
from reconciler.recovery.scanning.known.comparing.kept_hashes import Compared
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import Crew

#: A turn is the minute since which the bytes are unproved: in which they were read last or, where
#: they never were, the day on which they came there. What could not be read the last time waits
#: until all else was read: it may cost whole nights.
_LAST = 2**62
_DAY = 1_440
#: How a hash is known that stays known so, whoever keeps it.
_LASTING = pa.array(["", STORED, ATTESTED])


class Turns:
    """Who comes when, on one storage."""

    def __init__(
        self,
        last: Last | None,
        means: Means,
        every: int,
        folder: Path,
        opened: ExitStack,
    ) -> None:
        """Look up what is due now; raises `SnapshotError`."""
        self._pace = pace = means.pace
        self._waiting = Waiting(folder, opened)
        self._choice = Choice()
        self._was = self._should_be = None
        self._now = now = means.here.now().timestamp()
        if last is not None:
            self._choice = choose(aged(last.contents, pace.most, now), now, every, pace.most)
            rows = last.rows_again()
            self._was = Earlier(rows, clock=0, agreeing=())
            self._should_be = last.should_be()
        self._marking = Marking(self._choice, pace.most, now)
        #: Whether all was listed: from then on a limit ends the reading, and not the scan.
        self.is_listed = False
        #: How many files a limit leaves for the next run, but for those that can't be read.
        self.left = self._choice.beyond

    def put_off(self, compared: Compared) -> Compared:
        """Put off what is to be read, and return all rows as they stand if it never will be."""
        settled = compared.settled
        due = self._marking.of(settled)
        wanted = scanned(compared.wanted)
        number = (pc.sum(due).as_py() or 0) + wanted.num_rows
        if not number:
            return compared
        chosen = settled.filter(due)
        listed, _ = attested.apart(wanted)
        turns, instead = self._unread(listed, compared.doubted)
        minutes = minutes_of(chosen, self._now)
        known = pa.array(compared.known, pa.binary(32))
        self._add(
            pa.concat_batches([chosen, wanted]),
            pa.concat_arrays([minutes, turns]),
            pa.concat_arrays([self._hashes(chosen), known]),
        )
        rows = _sorted(pa.concat_batches([settled, *instead])) if wanted.num_rows else settled
        return compared._replace(
            settled=rows,
            wanted=Rows(),
            known=[],
            kept=max(0, compared.kept - chosen.num_rows),
            size=compared.size - (pc.sum(chosen["size"]).as_py() or 0),
            put_off=number,
        )

    def read(self, crew: Crew) -> None:
        """Have all read whose turn comes before a limit."""
        self.is_listed = True
        after = -1
        for until in (*(step for step in self._waiting.steps() if step < _LAST), _LAST):
            before = _done(crew)
            for rows, known in self._waiting.taken(after, until):
                if self._pace.stopping:
                    break
                crew.want(rows, known)
            crew.anew()
            if until != _LAST:
                self.left += self._waiting.count(after, until) - (_done(crew) - before)
            after = until

    def tell(self, result: Scanned, unread: int) -> None:
        """Tell how much was left, of which `unread` files have no hash."""
        result.unread = unread
        result.due_left = max(0, self.left - unread)
        result.files_kept += max(0, result.due_left - self._choice.beyond)
        if result.due_left:
            result.notes.append(reasons.not_kept_up(result.due_left))
        if self._choice.too_large:
            result.notes.append(reasons.never_again(self._choice.too_large))

    def _hashes(self, rows: pa.RecordBatch) -> pa.Array:
        """Return what each of these should have; what is remembered counts more than what is."""
        kept = rows["sha256"]
        if self._should_be is None or not rows.num_rows:
            return kept
        was = self._should_be.beside(rows["path"])
        return pc.if_else(pairs.alike(rows, was), was["sha256"], kept)

    def _unread(
        self, wanted: pa.RecordBatch, doubted: Sequence[bytes]
    ) -> tuple[pa.Array, list[pa.RecordBatch]]:
        """Return the turns of what is new or was written, and its rows if it is not read.

        What is `doubted` comes first, and is not known until it was read.
        """
        turns = _since(wanted)
        in_doubt = pc.is_in(wanted["path"], value_set=pa.array(doubted, pa.binary()))
        turns = pc.if_else(in_doubt, pa.scalar(0, pa.int64()), turns)
        if self._was is None or not wanted.num_rows:
            return turns, [_unknown(wanted)]
        was = self._was.beside(wanted["path"])
        failed = pc.and_not(pc.equal(was["kind"], UNREADABLE), pairs.is_unread(was))
        # Nobody has tried what was written since.
        as_failed = pairs.is_same(wanted, was, ("size", "mtime_ns", "version"))
        failed = pc.and_(pc.fill_null(failed, False), as_failed)
        same = pc.and_(pairs.alike(wanted, was), pairs.shows_no_change(wanted, was))
        stays = pc.or_(failed, pc.and_not(pc.fill_null(same, False), in_doubt))
        turns = pc.if_else(failed, pa.scalar(_LAST, pa.int64()), turns)
        return turns, [_unknown(wanted.filter(pc.invert(stays))), _kept(was.filter(stays))]

    def _add(self, rows: pa.RecordBatch, turns: pa.Array, known: pa.Array) -> None:
        order = pc.sort_indices(rows["path"])
        self._waiting.add(rows.take(order), turns.take(order), known.take(order))


def turns_of(last: Last | None, means: Means, folder: Path, opened: ExitStack) -> Turns | None:
    """Return who comes when, if this is asked for; raises `SnapshotError`."""
    every = means.wish.every
    return None if every is None else Turns(last, means, every, folder, opened)


def _since(rows: pa.RecordBatch) -> pa.Array:
    """Return the day on which files came there, as the number of its first minute."""
    moment = pc.fill_null(pc.coalesce(rows["ctime_ns"], rows["mtime_ns"]), 0)
    days = pc.divide(moment, _DAY * MINUTE * 10**9)
    return pc.multiply(pc.max_element_wise(days, 0), _DAY)


def _done(crew: Crew) -> int:
    return crew.brought.files + len(crew.brought.gone)


def _unknown(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows of files about which nothing is known, as nobody had time to read them."""
    return _with(rows, kind=UNREADABLE, detail=LIMIT)


def _kept(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows of an earlier scan: with what shows, the next time, that they were touched."""
    proof = pc.if_else(
        pc.is_in(rows["proof"].dictionary_decode(), value_set=_LASTING),
        rows["proof"].dictionary_decode(),
        KEPT,
    )
    return _with(rows, proof=proof)


def _with(rows: pa.RecordBatch, **columns: object) -> pa.RecordBatch:
    arrays = []
    for field, column in zip(SCANNED, rows.columns, strict=True):
        value = columns.get(field.name)
        if value is None:
            arrays.append(column)
        elif isinstance(value, pa.Array):
            arrays.append(value.cast(pa.string()).dictionary_encode())
        else:
            plain = pa.string() if isinstance(value, str) else field.type
            array = pa.repeat(pa.scalar(value, plain), rows.num_rows)
            arrays.append(array.dictionary_encode() if isinstance(value, str) else array)
    return pa.RecordBatch.from_arrays(arrays, schema=SCANNED)


def _sorted(rows: pa.RecordBatch) -> pa.RecordBatch:
    return rows.take(pc.sort_indices(rows["path"]))
