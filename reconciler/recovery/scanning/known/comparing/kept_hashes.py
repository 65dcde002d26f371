"""Which hashes are kept, and which files must be read.

An earlier hash is kept only where nothing could have changed without a trace.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.convert import scanned, values
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.parts.times import same_time
from reconciler.recovery.rows import ATTESTED, FILE, KEPT, STORED, Content, Rows, chosen
from reconciler.recovery.scanning.known.comparing import attested, undeleted
from reconciler.recovery.scanning.known.comparing.pairs import alike, has_bytes, is_same
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.values import Root

#: What was touched so shortly before it was read may have been touched again with the same times:
#: the coarsest that file systems keep are 2 s.
MARGIN = 2_000_000_000
#: How far the clock of another machine may be behind ours without anybody seeing to it.
SKEW = 3_600_000_000_000
#: File systems that keep the time of the last change themselves, and an inode as long as the file
#: lives; and those among them that keep them by the clock of another machine.
_LOCAL = frozenset(
    {
        *("apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "ffs", "hfs", "jfs"),
        *("nilfs2", "overlay", "overlayfs", "ramfs", "reiserfs", "tmpfs", "ufs", "xfs", "zfs"),
    }
)
_REMOTE = frozenset(
    ("afs", "beegfs", "ceph", "gfs2", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "ocfs2")
)
#: How a hash is known that stays known so, whoever keeps it.
_LASTING = pa.array([STORED, ATTESTED])
_NONE = pa.array([], pa.bool_())


class Compared(NamedTuple):
    """One batch of a listing, after it met what is known."""

    #: Rows that are as they will be kept, with the columns of `SCANNED`.
    settled: pa.RecordBatch
    #: Files whose bytes must be read, with what is attested of them where reading is refused.
    wanted: Rows
    #: The hash that each of those should have, as its time is what it was.
    known: list[bytes | None]
    #: Whether there is a path that the last scan did not have.
    is_new: bool
    #: How many hashes were kept; `is_kept` says of which settled rows.
    kept: int = 0
    #: Bytes of what is settled.
    size: int = 0
    #: How many files are here of which the last scan knows the bytes.
    met: int = 0
    #: Files that nobody wrote since the last scan, as their times say.
    survived: int = 0
    #: Whether all is settled, and as it stands in the last scan, row by row.
    alike: bool = False
    #: How many of them are still to be read, and stand there as they were known before.
    put_off: int = 0
    #: Of what nobody can read: objects as they should be, and as they are attested to be.
    rotten: Sequence[tuple[Content, Content]] = ()
    #: Paths of files that are read since a report attests others than were recorded.
    doubted: Sequence[bytes] = ()
    is_kept: pa.Array = _NONE


def compare(
    listed: Rows,
    earlier: Sequence[Earlier],
    remembered: Earlier | None = None,
    wrong: pa.Array | None = None,
    in_doubt: pa.Array | None = None,
    claimed: Earlier | None = None,
) -> Compared:
    """Take hashes from earlier scans, of which the first that knows one has its way.

    What is `remembered` of a file is what it should be, whatever they say; else what was proved
    first, here or by reports before the last one, which `claimed` it. What is `wrong` (found so,
    and not over) or `in_doubt` is read.
    """
    batch, told = attested.apart(scanned(listed))
    unknown, should = _files(batch), pa.nulls(len(listed), pa.binary(32))
    is_new, met, survived = not earlier, 0, 0
    each = [one.beside(batch["path"]) for one in earlier]
    known, claims = _beside(remembered, batch), _beside(claimed, batch)
    batch = undeleted.chosen(batch, [*each[:-1], *known, *each[-1:]])
    for one, was in zip(earlier, each, strict=True):
        if not one.own:
            is_new = is_new or was["path"].null_count > 0
            met = pc.sum(pc.and_(_files(batch), has_bytes(was))).as_py() or 0
        if one.agreeing:
            same = pc.and_(unknown, untouched(batch, was, one.clock, one.agreeing))
            same = _fresh(same, was, one)
            one.taken += (count := pc.sum(same).as_py() or 0)
            survived += 0 if one.own else count
            batch = _taken(batch, was, same, own=one.own)
            unknown = pc.and_not(unknown, same)
        if pc.any(unknown).as_py():
            like = pc.and_(unknown, alike(batch, was))
            survived += 0 if one.own else pc.sum(like).as_py() or 0
            # What was read first is right: this very scan may have read what had rotted.
            should = pc.coalesce(pc.if_else(like, was["sha256"], None), should)
    should = _expected(batch, should, each, known, claims)
    by = unknown, should, attested.Before(each, known, wrong, in_doubt, claims)
    held, kept = attested.hold(told, batch, *by), pc.and_not(_files(batch), unknown)
    counts = is_new, (pc.sum(kept).as_py() or 0) - held.dropped, _size(held.batch), met, survived
    found = Compared(held.batch, Rows(), [], *counts, rotten=held.rotten, is_kept=kept)
    if pc.any(held.unknown).as_py():
        return _divided(listed, held, found)
    same = len(earlier) == 1 and not earlier[0].own
    return found._replace(alike=same and held.batch.equals(each[0]))


def _expected(
    batch: pa.RecordBatch,
    should: pa.Array,
    each: Sequence[pa.RecordBatch],
    known: Sequence[pa.RecordBatch],
    claims: Sequence[pa.RecordBatch],
) -> pa.Array:
    """Return which hash each row should have: of what is remembered, else what was proved first."""
    first = _hashes(batch, [*known, *attested.first_of(claims, each)])
    return pc.coalesce(*first, should, batch["sha256"], *_hashes(batch, claims))


def _divided(listed: Rows, held: attested.Held, compared: Compared) -> Compared:
    """Return what was compared with what must be read apart."""
    which = [i for i, wanted in enumerate(held.unknown.to_pylist()) if wanted]
    settled = held.batch.filter(pc.invert(held.unknown))
    sums = None if held.sums is None else held.sums.filter(held.unknown)
    return compared._replace(
        settled=settled,
        wanted=attested.unread(chosen(listed, which), sums),
        known=values(held.should.filter(held.unknown)),
        size=_size(settled),
        doubted=held.doubted,
        is_kept=compared.is_kept.filter(pc.invert(held.unknown)),
    )


def distrusted(root: Root) -> str:
    """Return why no earlier hash may be kept of what lies at a root; empty if it may."""
    if root.kind == "bucket":
        return ""
    if sys.platform == "win32":
        return "Windows has no time of the last change that programs can't set"
    if not root.file_system:
        return "the type of its file system is not known"
    if root.file_system not in _LOCAL | _REMOTE:
        return (
            f"the file system {root.file_system} may change inodes, or keep no time of the last "
            "change"
        )
    return ""


def agreeing(root: Root, *, own: bool = False) -> tuple[str, ...]:
    """Return the columns by which a file shows that it was not touched; none if it can't.

    What this very scan has read is as it was found, at one moment: where inodes and times of the
    last change are not to be trusted, size and time tell that much. Else a storage of that kind
    could never be read in more than one run.
    """
    if root.kind == "bucket":
        return ("size", "mtime_ns", "tag", "version")
    if not distrusted(root):
        return ("size", "mtime_ns", "ctime_ns", "inode")
    return ("size", "mtime_ns") if own else ()


def clock_ns(root: Root, now_ns: int) -> int:
    """Return a moment that the clock of a storage has surely reached, by our own clock."""
    return now_ns if root.file_system in _LOCAL else now_ns - SKEW


def untouched(
    listed: pa.RecordBatch, was: pa.RecordBatch, clock: int, agreeing: Sequence[str]
) -> pa.Array:
    """Say for each row whether the hash in `was`, of a scan that began at `clock`, is still its.

    It is if all columns that are `agreeing` do, and it had not just been touched. Both have the
    columns of `SCANNED`, row by row; `was` is null where nothing is known. Never null.
    """
    same = pc.and_(
        pc.and_(pc.equal(listed["kind"], FILE), pc.equal(was["kind"], FILE)),
        pc.and_(pc.is_valid(was["sha256"]), pc.less(listed["mtime_ns"], clock - MARGIN)),
    )
    if "ctime_ns" not in agreeing:
        same = pc.and_(same, same_time(listed, was))
    return pc.fill_null(pc.and_(same, is_same(listed, was, agreeing)), False)


def _fresh(same: pa.Array, was: pa.RecordBatch, one: Earlier) -> pa.Array:
    """Return of which of these rows the hashes are young enough to be taken."""
    if not one.since:
        return same
    fresh = pc.fill_null(pc.greater_equal(was["proved_at"], one.since), False)
    one.aged += pc.sum(pc.and_not(same, fresh)).as_py() or 0
    return pc.and_(same, fresh)


def _beside(one: Earlier | None, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [] if one is None else [one.beside(batch["path"])]


def _hashes(listed: pa.RecordBatch, each: Sequence[pa.RecordBatch]) -> list[pa.Array]:
    """Return the hashes of each of these where the bytes should be the same, else null."""
    return [pc.if_else(alike(listed, was), was["sha256"], None) for was in each]


def _files(batch: pa.RecordBatch) -> pa.Array:
    return pc.equal(batch["kind"], FILE)


def _size(batch: pa.RecordBatch) -> int:
    return pc.sum(batch["size"]).as_py() or 0


def _taken(
    batch: pa.RecordBatch, was: pa.RecordBatch, same: pa.Array, *, own: bool
) -> pa.RecordBatch:
    """Take the hashes of `was` where the rows are the same."""
    if not pc.any(same).as_py():
        return batch
    proof = was["proof"]
    if not own:  # what was read, was read by another scan
        proof = pc.if_else(pc.is_in(proof, _LASTING), proof, KEPT)
    taken = {"sha256": was["sha256"], "proof": proof, "proved_at": was["proved_at"]}
    columns = [
        pc.if_else(same, taken[name], batch[name]) if name in taken else batch[name]
        for name in SCANNED.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCANNED)
