"""When an earlier hash is kept: case by case."""

from __future__ import annotations

import sys

import pytest
from msgspec.structs import replace

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.rows import KEPT, READ, STORED
from reconciler.recovery.scanning.known.comparing import kept_hashes
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.values import Root
from support.recovery.memory import LONG_AGO, ROOT, File, rows_with

SECOND = 1_000_000_000
#: When the earlier scan began.
CLOCK = LONG_AGO + 100 * SECOND
FOLDER = kept_hashes.agreeing(ROOT)
BUCKET = kept_hashes.agreeing(Root("bucket", "s3://b"))
HASH = bytes(range(32))


def kept(was: File, now: File, agreeing=FOLDER, **more) -> bool:
    """Say whether a file keeps its hash that was once that, and is now this."""
    known = rows_with({b"a": was}, sha256=HASH, proof=more.pop("proof", READ), proved_at=7)
    if more.pop("unknown", False):
        known.sha256 = [None]
    earlier = Earlier(iter([scanned(known)]), clock=CLOCK, agreeing=agreeing, **more)
    compared = kept_hashes.compare(rows_with({b"a": now}), [earlier])
    assert (compared.settled.num_rows == 1) is (len(compared.wanted) == 0)
    assert compared.kept == compared.settled.num_rows
    return bool(compared.kept)


def file(**more) -> File:
    return File(**{"data": b"abc", "inode": 5, **more})


SAME = file()


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        ({}, True),
        ({"data": b"abcd"}, False),
        ({"mtime_ns": LONG_AGO + 1}, False),
        ({"ctime_ns": LONG_AGO + 1}, False),
        ({"inode": 6}, False),
        ({"inode": None}, False),
        ({"ctime_ns": None}, False),
        ({"tag": b"another"}, True),  # a folder has none
    ],
    ids=str,
)
def test_a_file_keeps_its_hash_only_if_nothing_shows_a_change(change, is_kept) -> None:
    assert kept(SAME, file(**change)) is is_kept


@pytest.mark.parametrize(
    ("mtime", "is_kept"),
    [
        (CLOCK - 2 * SECOND - 1, True),
        (CLOCK - 2 * SECOND, False),
        (CLOCK, False),
        (CLOCK + 3600 * SECOND, False),
    ],
)
def test_what_was_touched_just_before_is_read_again(mtime, is_kept) -> None:
    assert kept(file(mtime_ns=mtime), file(mtime_ns=mtime)) is is_kept


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        ({}, True),
        ({"tag": b"other"}, False),
        ({"tag": None}, False),
        ({"version": "v2"}, False),
        ({"version": None}, False),
        ({"data": b"longer"}, False),
        ({"mtime_ns": LONG_AGO - SECOND}, False),
        ({"inode": 77}, True),  # an object has none
    ],
    ids=str,
)
def test_an_object_keeps_its_hash_only_if_nothing_shows_a_change(change, is_kept) -> None:
    was = file(tag=b"etag", version="v1")
    assert kept(was, file(**{"tag": b"etag", "version": "v1", **change}), BUCKET) is is_kept


def test_an_object_without_versions_keeps_its_hash() -> None:
    assert kept(file(tag=b"etag"), file(tag=b"etag"), BUCKET)


def test_what_has_no_hash_or_is_no_file_keeps_nothing() -> None:
    assert not kept(SAME, SAME, unknown=True)
    known = rows_with({b"a": file(kind="link", detail=b"x")})
    earlier = Earlier(iter([scanned(known)]), clock=CLOCK, agreeing=FOLDER)
    compared = kept_hashes.compare(rows_with({b"a": SAME}), [earlier])
    assert compared.wanted.path == [b"a"]
    earlier = Earlier(iter([scanned(known)]), clock=CLOCK, agreeing=FOLDER)
    compared = kept_hashes.compare(rows_with({b"a": file(kind="link", detail=b"x")}), [earlier])
    assert (compared.settled.num_rows, compared.kept, len(compared.wanted)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("proof", "own", "after"),
    [(READ, False, KEPT), (KEPT, False, KEPT), (STORED, False, STORED), (READ, True, READ)],
)
def test_a_hash_that_is_kept_says_so_and_keeps_its_date(proof, own, after) -> None:
    known = rows_with({b"a": SAME}, sha256=HASH, proof=proof, proved_at=7)
    earlier = Earlier(iter([scanned(known)]), clock=CLOCK, agreeing=FOLDER, own=own)
    settled = kept_hashes.compare(rows_with({b"a": SAME}), [earlier]).settled
    assert settled["proof"].to_pylist() == [after]
    assert settled["sha256"].to_pylist() == [HASH]
    assert settled["proved_at"].to_pylist() == [7]


def test_the_first_that_knows_a_file_has_its_way() -> None:
    newer = rows_with({b"a": SAME}, sha256=b"n" * 32, proof=READ, proved_at=9)
    older = rows_with(
        {b"a": SAME, b"b": SAME, b"c": file(inode=1)}, sha256=b"o" * 32, proof=READ, proved_at=1
    )
    now = rows_with({b"a": SAME, b"b": SAME, b"c": file(inode=2), b"d": SAME})
    earlier = [
        Earlier(iter([scanned(newer)]), clock=CLOCK, agreeing=FOLDER, own=True),
        Earlier(iter([scanned(older)]), clock=CLOCK, agreeing=FOLDER),
    ]
    compared = kept_hashes.compare(now, earlier)
    assert compared.settled["path"].to_pylist() == [b"a", b"b"]
    assert compared.settled["sha256"].to_pylist() == [b"n" * 32, b"o" * 32]
    assert compared.settled["proof"].to_pylist() == [READ, KEPT]
    assert compared.wanted.path == [b"c", b"d"]
    # Size and time are the same: the bytes should be.
    assert compared.known == [b"o" * 32, None]
    assert compared.is_new
    assert compared.size == 6


@pytest.mark.parametrize(
    ("root", "why"),
    [
        (ROOT, ""),
        (replace(ROOT, file_system="nfs4"), ""),
        (Root("bucket", "s3://b"), ""),
        (replace(ROOT, file_system=""), "not known"),
        (replace(ROOT, file_system="cifs"), "cifs may change inodes"),
        (replace(ROOT, file_system="fuse.sshfs"), "fuse.sshfs"),
        (replace(ROOT, file_system="vfat"), "vfat"),
    ],
    ids=lambda value: getattr(value, "file_system", None),
)
def test_where_nobody_can_tell_everything_is_read_and_it_is_said_why(root, why) -> None:
    assert why in kept_hashes.distrusted(root)
    assert bool(kept_hashes.agreeing(root)) is not bool(why)
    # What this very scan has read already it need not read again.
    assert kept_hashes.agreeing(root, own=True)[:2] == ("size", "mtime_ns")


def test_windows_is_not_trusted(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert "Windows" in kept_hashes.distrusted(ROOT)
    assert kept_hashes.agreeing(ROOT) == ()


def test_the_clock_of_another_machine_may_be_behind() -> None:
    assert kept_hashes.clock_ns(ROOT, CLOCK) == CLOCK
    assert kept_hashes.clock_ns(replace(ROOT, file_system="nfs4"), CLOCK) == CLOCK - 3600 * SECOND
    assert kept_hashes.clock_ns(Root("bucket", "s3://b"), CLOCK) == CLOCK - 3600 * SECOND
