"""What a scan comes to, and how much that could not be read is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.parts.read import scanned as read
from reconciler.recovery.rows import KEPT, READ
from reconciler.recovery.scanning.finishing import pair as finishing
from reconciler.recovery.scanning.finishing.pair import Like, PartPair, gathered
from reconciler.recovery.values import Counts, Unproved
from support.recovery.memory import File, rows_with


def test_rows_are_written_and_counted(tmp_path) -> None:
    kept = scanned(
        rows_with({b"a": File(b"12"), b"b": File(b"3")}, sha256=b"h" * 32, proof=KEPT, proved_at=7)
    )
    new = scanned(rows_with({b"c": File(b"4567")}, sha256=b"h" * 32, proof=READ, proved_at=9))
    other = scanned(
        rows_with(
            {b"d": File(kind="link", detail=b"x"), b"e/": File(kind="unreadable", detail=b"EIO")}
        )
    )
    with PartPair(tmp_path) as pair:
        for batch in (kept, new, other, other.slice(0, 0)):
            pair.write(batch)
        contents, stamps = pair.finish()
    assert pair.counts == Counts(
        5, {"file": 3, "link": 1, "unreadable": 1}, {KEPT: 2, READ: 1}, 7, 4, 7
    )
    assert pair.unproved == [Unproved(b"e/", "EIO", "e/ could not be listed: EIO")]
    assert [
        row for batch in read(contents.path, stamps.path) for row in batch["path"].to_pylist()
    ] == [b"a", b"b", b"c", b"d", b"e/"]


def batches_of(*names: bytes) -> list:
    return [scanned(rows_with({name: File(mtime_ns=len(names), inode=1)})) for name in names]


@pytest.mark.parametrize("alike", range(5))
@pytest.mark.parametrize("rest", [(), (b"x", b"y")])
def test_rows_that_are_there_already_are_written_only_if_something_differs(
    tmp_path, alike, rest
) -> None:
    old = batches_of(b"a", b"b", b"c", b"d")
    batches = [*old[:alike], *batches_of(*rest)]
    parts = []
    with PartPair(tmp_path) as first, PartPair(tmp_path) as expected:
        for batch in old:
            first.write(batch)
        parts += first.finish()
        for batch in batches:
            expected.write(batch)
        parts += expected.finish()
    contents, stamps, *should = parts
    like = Like(contents, stamps, lambda: read(contents.path, stamps.path))
    with PartPair(tmp_path, like) as pair:
        for number, batch in enumerate(batches):
            pair.write(batch, alike=number < alike)
        found = pair.finish()
    assert [part.sha256 for part in found] == [part.sha256 for part in should]
    assert pair.counts == expected.counts
    assert (found == (contents, stamps)) is (alike == 4 and not rest)


def test_nothing_is_left_of_what_was_not_finished(tmp_path) -> None:
    with PartPair(tmp_path) as pair:
        pair.write(scanned(rows_with({b"a": File()})))
    assert list(tmp_path.iterdir()) == []


def covers(told: list[Unproved], path: bytes, reason: str) -> bool:
    return any(
        each.reason == reason
        and (each.path in (path, b"") or (each.path.endswith(b"/") and path.startswith(each.path)))
        for each in told
    )


PATHS = st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=4).map(b"/".join)


@given(st.lists(st.tuples(PATHS, st.sampled_from(["EIO", "EACCES"])), max_size=60))
def test_what_is_too_much_is_gathered_in_folders_and_nothing_is_lost(parts) -> None:
    told = [Unproved(path, reason) for path, reason in parts]
    few = finishing._TOLD
    try:
        finishing._TOLD = 5
        found = gathered(told)
    finally:
        finishing._TOLD = few
    assert len(found) <= 5
    for path, reason in parts:
        assert covers(found, path, reason)


def test_few_are_told_one_by_one() -> None:
    told = [Unproved(b"a/%d" % i, "EIO") for i in range(1000)]
    assert gathered(told) == told
    (much,) = gathered([*told, Unproved(b"a/b", "EIO")])
    assert much == Unproved(b"a/", "EIO", "much in a/ could not be read: EIO", is_object=True)
    assert not much.is_folder
    folders = [Unproved(b"a/%d/" % i, "EACCES") for i in range(1001)]
    assert [part.is_folder for part in gathered(folders)] == [True]


def test_what_a_limit_left_unread_hides_nothing_that_could_not_be_read(tmp_path) -> None:
    """Thousands of them would else be told as their folder, and all else that is in it too."""
    files = {b"raw/%04d" % i: File(kind="unreadable", detail=b"limit") for i in range(2_500)}
    files[b"raw/broken"] = File(kind="unreadable", detail=b"EIO")
    with PartPair(tmp_path) as pair:
        pair.write(scanned(rows_with(files)))
    assert pair.unread == 2_500
    assert pair.unproved[:1] == [Unproved(b"raw/0000", "limit", "raw/0000 was not read yet: limit")]
    assert [part.path for part in pair.unproved if part.reason == "EIO"] == [b"raw/broken"]


def test_an_object_whose_key_ends_like_a_folder_is_none(tmp_path) -> None:
    refused = rows_with({b"x/": File(b"123")}, kind="unreadable", detail=b"403")
    with PartPair(tmp_path) as pair:
        pair.write(scanned(refused))
        pair.finish()
    (part,) = pair.unproved
    assert part == Unproved(b"x/", "403", "x/ could not be read: 403", is_object=True)
    assert not part.is_folder
