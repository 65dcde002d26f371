"""What reports of the cloud attest of a listing, held against what is known.

A sum that was computed at rest is a proof, but no reading: what a later reading found is never
replaced by it, and where it is not the hash that was recorded, what can be read is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import convert
from reconciler.recovery.rows import (
    ARCHIVED,
    ATTESTED,
    DISPUTED,
    FILE,
    IDENTITY,
    READ,
    TWO_SUMS,
    UNREADABLE,
    Content,
    Rows,
)
from reconciler.recovery.scanning.known.comparing.pairs import is_same, replaced, unwritten

_COLUMNS = ("sha256", "proof", "proved_at")
_NOTHING: Mapping[str, object] = {"sha256": None, "proof": "", "proved_at": None}
#: What is known of an archived object that is disputed.
_UNKNOWN: Mapping[str, object] = {**_NOTHING, "kind": UNREADABLE, "detail": TWO_SUMS}
_TOLD = pa.array([ATTESTED, DISPUTED])
#: What is told of what is disputed, in place of a sum.
_DISPUTED: Mapping[str, object] = {"sha256": None, "proof": DISPUTED}
#: What shows, all of it, that an archived object is the one that it was.
_SAME = ("kind", *IDENTITY)


class Before(NamedTuple):
    """What is known of the files of a batch without its reports."""

    #: What earlier scans and runs have, the newest first; rows as in the batch, null for none.
    each: Sequence[pa.RecordBatch]
    #: What is remembered of how they should be, as such rows; or nothing.
    remembered: Sequence[pa.RecordBatch] = ()
    #: Paths of which something was found wrong that is not over.
    wrong: pa.Array | None = None
    #: Paths of which a report was found to doubt what is known, and that nobody has read since.
    in_doubt: pa.Array | None = None
    #: What earlier reports say otherwise than the last one that is given, as such rows; or nothing.
    claimed: Sequence[pa.RecordBatch] = ()


class Held(NamedTuple):
    """A batch of a listing in which what is attested stands where it may."""

    batch: pa.RecordBatch
    #: Files whose bytes must be read, and the hashes that they should have.
    unknown: pa.Array
    should: pa.Array
    #: How many hashes that had been kept are not.
    dropped: int = 0
    #: What is other than was recorded or attested, and is not read: as it should be, and as it is.
    rotten: Sequence[tuple[Content, Content]] = ()
    #: Paths of files that are read since they are attested to be others than was recorded.
    doubted: Sequence[bytes] = ()
    #: What is attested of each row, for where reading is refused: hash and date, as `_COLUMNS`.
    sums: pa.RecordBatch | None = None


def apart(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """Return a listing without what is attested, and with it; None if nothing is."""
    attested = pc.is_in(batch["proof"].dictionary_decode(), value_set=_TOLD)
    if not pc.any(attested).as_py():
        return batch, None
    return replaced(batch, attested, _NOTHING), batch


def hold(
    told: pa.RecordBatch | None,
    batch: pa.RecordBatch,
    unknown: pa.Array,
    should: pa.Array,
    before: Before,
) -> Held:
    """Take what is `told` of a batch where no later reading of what is known says otherwise.

    What was found wrong in a file that can be read is over once it was read, and no sooner.
    """
    each, remembered, wrong, in_doubt, claimed = before
    for was in each if ARCHIVED in batch["kind"].dictionary.to_pylist() else ():
        batch = _kept(batch, was)
    if told is None:
        return Held(batch, unknown, should, sums=_sums(batch, unknown, each))
    newest, earliest = _newest(told, batch, each), [*remembered, *first_of(claimed, each)]
    overtaken, should, rotten = _overtaken(told, batch, should, each, remembered)
    disputed = _disputed(told, batch, [*each, *remembered])
    expected = pc.if_else(unknown, should, batch["sha256"])
    other = _other(told, batch, expected, each)
    files = pc.and_(newest, pc.equal(batch["kind"], FILE))
    as_old = pc.fill_null(pc.less_equal(told["proved_at"], batch["proved_at"]), False)
    doubted = pc.and_(files, pc.or_(pc.or_(other, disputed), _is_in(batch, in_doubt)))
    doubted = pc.or_(doubted, overtaken)
    read = pc.or_(doubted, pc.and_(pc.and_not(files, as_old), _is_in(batch, wrong)))
    taken = pc.and_not(pc.and_not(files, read), as_old)
    anew = pc.and_not(read, unknown)
    archived = pc.and_(newest, pc.equal(batch["kind"], ARCHIVED))
    sums = {name: told[name] for name in _COLUMNS}
    after = replaced(batch, pc.or_(taken, archived), sums)
    after = replaced(after, pc.and_(archived, disputed), _UNKNOWN)
    unread = pc.or_(pc.and_not(unknown, taken), anew)
    known = _sums(batch, unread, each)
    return Held(
        after,
        unread,
        pc.if_else(anew, pc.coalesce(should, expected), should),
        _number(anew),
        [*rotten, *_rotten(after, [*earliest, *each[-1:], *claimed], archived)],
        convert.values(batch["path"].filter(doubted)),
        replaced(replaced(batch if known is None else known, newest, sums), disputed, _DISPUTED),
    )


def _other(
    told: pa.RecordBatch, batch: pa.RecordBatch, expected: pa.Array, each: Sequence[pa.RecordBatch]
) -> pa.Array:
    """Say for each row whether it is told otherwise than it is expected, or was found. Never null.

    What was found in its place is no more believed to be over than to be there.
    """
    other = pc.fill_null(pc.not_equal(told["sha256"], expected), False)
    for was in each:
        differs = pc.fill_null(pc.not_equal(told["sha256"], was["sha256"]), False)
        other = pc.or_(other, pc.and_(unwritten(batch, was), differs))
    return other


def _newest(
    told: pa.RecordBatch, batch: pa.RecordBatch, each: Sequence[pa.RecordBatch]
) -> pa.Array:
    """Say for each row whether something is `told` of it, and nobody has read it since."""
    newest = pc.is_in(told["proof"].dictionary_decode(), value_set=_TOLD)
    for was in each:
        later = pc.and_(unwritten(batch, was), pc.greater(was["proved_at"], told["proved_at"]))
        newest = pc.and_not(newest, pc.fill_null(later, False))
    return newest


def _overtaken(
    told: pa.RecordBatch,
    batch: pa.RecordBatch,
    should: pa.Array,
    each: Sequence[pa.RecordBatch],
    remembered: Sequence[pa.RecordBatch],
) -> tuple[pa.Array, pa.Array, list[tuple[Content, Content]]]:
    """Find what was proved later than is `told` of it, with other bytes, though nobody wrote it.

    Returns which files are to be read for that, with the hashes that all should have, and what is
    told without. What this very scan has read is not read again: it would not come to its end.
    """
    known = [pc.if_else(unwritten(batch, one), one["sha256"], None) for one in remembered]
    good = pc.coalesce(*known, told["sha256"])
    left = pc.and_(pc.equal(told["proof"], ATTESTED), pc.is_valid(told["sha256"]))
    for one in known:  # then it is told already
        left = pc.and_not(left, pc.fill_null(pc.equal(one, told["sha256"]), False))
    readable = pc.and_(pc.equal(batch["kind"], FILE), pc.not_equal(batch["proof"], READ))
    overtaken, pairs = pa.repeat(False, batch.num_rows), list[tuple[Content, Content]]()
    for was in each:
        later = pc.and_(unwritten(batch, was), pc.greater(was["proved_at"], told["proved_at"]))
        other = pc.and_(later, pc.not_equal(was["sha256"], told["sha256"]))
        other = pc.and_(left, pc.fill_null(other, False))
        overtaken = pc.or_(overtaken, pc.and_(other, readable))
        pairs += _rotten(was, [*remembered, told], pc.and_not(other, readable))
        left = pc.and_not(left, other)
    return overtaken, pc.if_else(overtaken, good, should), pairs


def first_of(
    claimed: Sequence[pa.RecordBatch], each: Sequence[pa.RecordBatch]
) -> list[pa.RecordBatch]:
    """Return what is `claimed`, without hashes of what any of `each` has proved before."""
    found = []
    for one in claimed:
        before = pa.repeat(False, one.num_rows)
        for was in each:
            older = pc.less_equal(was["proved_at"], one["proved_at"])
            before = pc.or_(before, pc.and_(unwritten(one, was), pc.fill_null(older, False)))
        found.append(replaced(one, before, {"sha256": None}))
    return found


def _disputed(
    told: pa.RecordBatch, batch: pa.RecordBatch, each: Sequence[pa.RecordBatch]
) -> pa.Array:
    """Say for each row whether reports of one moment have two sums of it, given now or earlier."""
    disputed = pc.equal(told["proof"], DISPUTED)
    for was in each:
        other = pc.and_(unwritten(batch, was), pc.equal(was["proof"], ATTESTED))
        other = pc.and_(other, pc.equal(was["proved_at"], told["proved_at"]))
        other = pc.and_(other, pc.not_equal(was["sha256"], told["sha256"]))
        disputed = pc.or_(disputed, pc.fill_null(other, False))
    return disputed


def _is_in(batch: pa.RecordBatch, paths: pa.Array | None) -> pa.Array:
    """Say for each row whether its path is one of these. Never null."""
    if paths is None or not len(paths):
        return pa.repeat(False, batch.num_rows)
    return pc.is_in(batch["path"], value_set=paths)


def unread(files: Rows, sums: pa.RecordBatch | None) -> Rows:
    """Return rows of files that are to be read, with what is attested of them, row by row.

    It stands there as the word that is left where reading is refused (`refused`).
    """
    count = len(files)
    files.sha256, files.proof, files.proved_at = [None] * count, [""] * count, [None] * count
    if sums is None:
        return files
    words, hashes, dates = (convert.values(sums[name]) for name in ("proof", "sha256", "proved_at"))
    for i, word in enumerate(words):
        if word in (ATTESTED, DISPUTED):
            files.proof[i], files.sha256[i], files.proved_at[i] = word, hashes[i], dates[i]
    return files


def rotten(now: pa.RecordBatch, good: pa.RecordBatch) -> pa.Array:
    """Say for each row whether an archived object is attested to have other bytes. Never null.

    Though nobody wrote it: of one that can be read its bytes tell (`pairs.rotten`).
    """
    other = pc.and_(in_archive(now), pc.not_equal(now["sha256"], good["sha256"]))
    return pc.and_(pc.fill_null(other, False), unwritten(now, good))


def in_archive(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it is an archived object with a sum in a report. Never null."""
    told = pc.and_(pc.equal(rows["kind"], ARCHIVED), pc.equal(rows["proof"], ATTESTED))
    return pc.fill_null(pc.and_(told, pc.is_valid(rows["sha256"])), False)


def _sums(
    batch: pa.RecordBatch, unread: pa.Array, each: Sequence[pa.RecordBatch]
) -> pa.RecordBatch | None:
    """Return a listing with what `each` has of it as attested, and nobody has read later.

    None where there is none, or nothing is to be read.
    """
    told = any(ATTESTED in was["proof"].dictionary.to_pylist() for was in each)
    if not (told and pc.any(unread).as_py()):
        return None
    found, at = batch, pa.repeat(-1, batch.num_rows)
    for was in each:
        later = pc.greater(pc.fill_null(was["proved_at"], -1), at)
        later = pc.and_(later, unwritten(batch, was))
        same = pc.fill_null(pc.equal(was["proof"], ATTESTED), False)
        same = pc.and_(same, is_same(batch, was, IDENTITY))
        found = replaced(found, pc.and_not(later, same), _NOTHING)
        found = replaced(found, pc.and_(later, same), {name: was[name] for name in _COLUMNS})
        at = pc.if_else(later, was["proved_at"], at)
    return found


def _kept(batch: pa.RecordBatch, was: pa.RecordBatch) -> pa.RecordBatch:
    """Keep what was attested of archived objects that are the same: nobody can read them."""
    same = pc.and_(pc.equal(batch["kind"], ARCHIVED), pc.equal(was["proof"], ATTESTED))
    same = pc.and_(pc.fill_null(same, False), is_same(batch, was, _SAME))
    if not pc.any(same).as_py():
        return batch
    return replaced(batch, same, {name: was[name] for name in _COLUMNS})


def _rotten(
    now: pa.RecordBatch, each: Sequence[pa.RecordBatch], which: pa.Array
) -> list[tuple[Content, Content]]:
    """Return what is otherwise than the first of `each` has it that knows the bytes."""
    pairs: list[tuple[Content, Content]] = []
    for was in each:
        known = pc.and_(which, unwritten(now, was))
        rotten = pc.and_(known, pc.fill_null(pc.not_equal(now["sha256"], was["sha256"]), False))
        pairs += zip(*(convert.contents(rows.filter(rotten)) for rows in (was, now)), strict=True)
        which = pc.and_not(which, known)
    return pairs


def _number(which: pa.Array) -> int:
    return pc.sum(which).as_py() or 0
