"""A root that proves little, and holds other files than it did: nothing is concluded from it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery.scanning.outcome import COMPLETE, NOT_REACHABLE, UNFINISHED, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.values import Root
from support.recovery.memory import ROOT, Storage
from support.recovery.scans import names, rows, scan_once

ACCEPTED = Wish(accept_roots=("nas",))
BUCKET = Root("bucket", "s3://raw")
THERE = replace(ROOT, url="file:///there")


def some(count: int = 100, *, first: int = 0, root: Root = ROOT) -> Storage:
    storage = Storage(batch=7, root=root)
    for i in range(first, first + count):
        storage.put(f"{i:04}", b"x" * i)
    return storage


def refused(ended, storage: Storage) -> str:
    assert (ended.status, ended.scan) == (NOT_REACHABLE, None)
    assert storage.closed > 0
    return ended.reason


def test_what_is_read_elsewhere_is_the_same_storage_if_its_files_are_there(repository) -> None:
    scan_once(some(root=THERE), repository)
    assert scan_once(some(10), repository).status == COMPLETE  # a tenth was restored


@pytest.mark.parametrize(
    "other", [some(first=500), some(9), Storage(), some(first=95)], ids=lambda s: len(s.files)
)
def test_what_is_read_elsewhere_and_holds_other_files_is_refused(repository, other) -> None:
    scan_once(some(root=THERE), repository)
    reason = refused(scan_once(other, repository), other)
    assert f"has {len(other.files.keys() & some().files.keys())} of the 100 files" in reason
    assert "'file:///there'" in reason
    assert "--accept-root" in reason
    assert other.read == []
    assert len(names(repository, "scans/")) == 1
    ended = scan_once(other, repository, wish=ACCEPTED)
    assert rows(repository, ended.scan).path == sorted(other.files)
    assert scan_once(other, repository).status == COMPLETE


def test_files_of_the_same_names_are_not_the_same(repository) -> None:
    scan_once(some(root=THERE), repository)
    other = some()
    for file in other.files.values():
        file.data += b"x"
    assert "has 0 of the 100 files" in refused(scan_once(other, repository), other)


def test_a_marker_proves_it_whatever_lies_there(repository) -> None:
    marked = {"marker": "a.jetraw-storage", "marker_sha256": "ab"}
    scan_once(some(root=replace(THERE, **marked)), repository)
    assert scan_once(some(1, root=replace(ROOT, **marked)), repository).status == COMPLETE


def test_without_the_last_listing_there_is_no_proof(repository) -> None:
    first = scan_once(some(root=THERE), repository).scan
    assert first is not None
    repository.remove(f"parts/{first.contents[:2]}/{first.contents}.parquet")
    assert "nothing else to prove" in refused(scan_once(other := some(), repository), other)


def test_an_end_that_is_asked_for_while_it_is_compared_concludes_nothing(repository) -> None:
    scan_once(some(root=THERE), repository)
    asked = iter([False])  # as long as it has not begun
    pace = Pace(asked=lambda: next(asked, True))
    assert scan_once(some(first=500), repository, pace=pace).status == UNFINISHED


def test_a_bucket_that_was_made_again_is_refused(repository) -> None:
    scan_once(some(root=BUCKET), repository)
    other = some(first=500, root=BUCKET)
    assert "has 0 of the 100 files" in refused(scan_once(other, repository), other)
    assert scan_once(some(first=90, root=BUCKET), repository).status == COMPLETE


@pytest.mark.parametrize("full", [False, True])
def test_one_object_that_is_as_it_was_proves_the_bucket(repository, full) -> None:
    scan_once(some(root=BUCKET), repository)
    left = some(1, root=BUCKET)
    assert scan_once(left, repository, wish=Wish(full=full)).status == COMPLETE
    (file,) = left.files.values()
    file.mtime_ns += 1
    scan_once(some(root=BUCKET), repository)
    refused(scan_once(left, repository, wish=Wish(full=full)), left)


def test_a_folder_whose_file_system_proves_it_may_have_lost_all(repository) -> None:
    scan_once(some(), repository)
    assert scan_once(some(first=500), repository).status == COMPLETE


@pytest.mark.parametrize("kind", ["fuse.mergerfs", "overlay"])
def test_several_file_systems_as_one_of_which_one_is_away(repository, kind) -> None:
    union = replace(ROOT, file_system=kind)
    scan_once(some(200, root=union), repository)
    assert scan_once(some(191, root=union), repository).status == COMPLETE
    branch = some(181, root=union)
    reason = refused(scan_once(branch, repository), branch)
    assert "lacks 10 of the 191 files of the last scan, and shows several file systems" in reason
    assert kind in reason
    # What is left out on purpose is not away.
    assert scan_once(branch, repository, wish=Wish(excluded=("x/",))).status == COMPLETE
