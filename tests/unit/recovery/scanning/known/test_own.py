"""What an earlier run of a scan has read was there: if it is gone by the end, that is told."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from reconciler.recovery.findings import store
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.finishing.displaced import path_of
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_REACHABLE, UNFINISHED, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.values import Root
from reconciler.recovery.verifying import remembered
from support.recovery.memory import LONG_AGO, ROOT, TARGET, Storage
from support.recovery.scans import here, scan_once

BUCKET = Root("bucket", "s3://raw")
BEGAN = datetime(2026, 11, 29, 8, tzinfo=UTC)


class Runs:
    """A storage that is read in several runs of one scan, and what comes of it."""

    def __init__(self, repository, *, first):
        self.repository = repository
        self.storage = Storage()
        self.storage.put("z", b"z" * 9)
        if not first:
            self.scan()
        self.storage.put("a", b"aaaa")

    def scan(self, *, by=None, **more):
        by = by or here()
        ended = scan_once(self.storage, self.repository, by=by, **more)
        remembered.keep(self.repository, ended, by.now)
        return ended

    def part(self, *, most=4, **more):
        """Read as much as there is room for: `a` alone."""
        self.storage.put("z", b"z" * 9, mtime_ns=LONG_AGO + 1)
        ended = self.scan(pace=Pace(most=most), **more)
        assert ended.status == UNFINISHED
        assert ended.files_read == 1

    def remembered(self, scan):
        if not scan.remembered:
            return {}
        with self.repository.local(layout.part(scan.remembered)) as path:
            rows = [row for b in read.batches(path, CONTENTS) for row in convert.contents(b)]
        return {row.path: row.sha256 for row in rows}

    def known(self):
        episodes = store.read(self.repository, TARGET.place).episodes
        return [(f.what, f.path, bool(f.resolved)) for f in episodes]


@pytest.fixture(params=["first", "later"])
def runs(repository, request, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _file: None)
    return Runs(repository, first=request.param == "first")


def sha(data):
    return hashlib.sha256(data).digest()


def test_what_was_read_and_is_gone_before_the_scan_ends_is_missing(runs):
    runs.part()
    del runs.storage.files[b"a"]
    for _ in range(2):
        ended = runs.scan()
        assert (ended.status, ended.missing_first) == (COMPLETE, [b"a"])
        assert runs.remembered(ended.scan) == {b"a": sha(b"aaaa")}
    assert runs.known() == [("missing", b"a", False)]
    runs.storage.put("a", b"aaaa")
    assert runs.scan().found == 0


def test_what_lies_elsewhere_by_then_was_moved(runs):
    runs.part()
    runs.storage.files[b"b"] = runs.storage.files.pop(b"a")
    assert runs.scan().found == 0


@pytest.mark.parametrize("is_lost", [False, True])
def test_where_an_earlier_run_saw_it_on_its_way_it_is_told_once_or_not_at_all(runs, is_lost):
    runs.scan()
    runs.storage.put("a", b"aaaa")
    runs.scan()
    file = runs.storage.files.pop(b"a")
    for name in (b"b", b"c"):
        runs.storage.files[name] = file
        runs.storage.put("z", b"z" * 9, mtime_ns=LONG_AGO + 1)
        assert runs.scan(pace=Pace(most=4)).status == UNFINISHED
        del runs.storage.files[name]
    if not is_lost:
        runs.storage.files[b"d"] = file
    for _ in range(2):
        assert runs.scan().missing_first == [b"a"] * is_lost


def test_a_copy_that_was_there_as_well_is_no_place_to_which_it_was_moved(runs):
    runs.storage.put("b", b"aaaa")
    runs.storage.put("z", b"z" * 9, mtime_ns=LONG_AGO + 1)
    assert runs.scan(pace=Pace(most=8)).files_read == 2
    del runs.storage.files[b"a"]
    assert runs.scan().missing_first == [b"a"]


def test_what_nobody_could_see_by_then_is_remembered(runs):
    runs.part()
    runs.storage.put("a", b"aaaa", inode=7)
    runs.storage.errors[b"a"] = b"EIO"
    ended = runs.scan()
    assert ended.missing == 0
    assert runs.remembered(ended.scan) == {b"a": sha(b"aaaa")}
    runs.storage.errors.clear()
    runs.storage.put("a", b"evil")
    assert runs.scan().altered_first == [b"a"]


def test_what_was_written_last_is_what_should_be(runs):
    runs.part()
    runs.storage.put("a", b"AAAA", mtime_ns=LONG_AGO + 5)
    runs.part()
    del runs.storage.files[b"a"]
    assert runs.remembered(runs.scan().scan) == {b"a": sha(b"AAAA")}


def test_what_was_read_before_it_rotted_is_what_should_be(runs):
    runs.part()
    runs.storage.put("a", b"evil")
    runs.part()
    assert runs.known() == [("damaged", b"a", False)]
    for _ in range(2):
        ended = runs.scan()
        assert ended.altered_first == [b"a"]
        assert runs.remembered(ended.scan) == {b"a": sha(b"aaaa")}


def test_what_was_rotten_for_one_run_and_is_good_again_is_not_damaged(repository):
    runs = Runs(repository, first=False)
    runs.scan()
    runs.storage.put("a", b"evil")
    runs.part()
    assert runs.known() == [("damaged", b"a", False)]
    runs.storage.put("a", b"aaaa")
    ended = runs.scan()
    assert (ended.found, ended.scan.remembered) == (0, "")
    assert runs.known() == [("damaged", b"a", True)]


def test_what_was_gone_and_came_back_for_one_run_is_gone_again(repository):
    runs = Runs(repository, first=False)
    runs.scan()
    del runs.storage.files[b"a"]
    runs.scan()
    runs.storage.put("a", b"AAAA", mtime_ns=LONG_AGO + 5)
    runs.part()
    del runs.storage.files[b"a"]
    ended = runs.scan()
    remembered = {(path_of(path), sha256) for path, sha256 in runs.remembered(ended.scan).items()}
    assert remembered == {(b"a", sha(b"aaaa")), (b"a", sha(b"AAAA"))}
    assert (ended.missing, ended.missing_first) == (1, [b"a"])


def test_what_was_read_where_the_root_was_lost_is_not_expected(runs):
    def lose(number):
        if number == proved + 2:
            runs.storage.lose()

    proved = runs.storage.proved
    runs.storage.on_prove = lose
    assert runs.scan().status == NOT_REACHABLE
    del runs.storage.files[b"a"]
    ended = runs.scan()
    assert (ended.status, ended.found) == (COMPLETE, 0)


def test_what_two_scans_at_once_have_read_counts_though_both_were_ended(runs):
    runs.storage.put("b", b"bbbb")

    def other(path):
        if path == b"a":
            runs.storage.on_read = lambda _path: None
            runs.scan(pace=Pace(most=8))

    runs.storage.on_read = other
    assert runs.scan(pace=Pace(most=4)).status == UNFINISHED
    del runs.storage.files[b"a"], runs.storage.files[b"b"]
    assert runs.scan().missing_first == [b"a", b"b"]


def test_a_bucket_that_was_made_again_before_the_first_scan_ended_is_refused(repository):
    runs = Runs(repository, first=True)
    runs.storage.root = BUCKET
    runs.part()
    runs.storage.files.clear()
    runs.storage.put("other", b"o", mtime_ns=LONG_AGO + 9)
    ended = runs.scan()
    assert ended.status == NOT_REACHABLE
    assert "has 0 of the 1 files that an earlier run of this scan found" in ended.reason
    assert runs.known() == []
    ended = runs.scan(wish=Wish(accept_roots=("nas",)))
    assert (ended.status, ended.found) == (COMPLETE, 0)


def test_a_union_that_lost_a_branch_before_the_first_scan_ended_is_refused(repository):
    runs = Runs(repository, first=True)
    runs.storage.root = replace(ROOT, file_system="overlay")
    for number in range(20):
        runs.storage.put(f"k{number:02}", b"k")
    assert runs.scan(pace=Pace(most=24)).status == UNFINISHED
    for number in range(10):
        del runs.storage.files[b"k%02d" % number]
    assert "lacks 10 of the 21 files of an earlier run" in runs.scan().reason


@pytest.mark.parametrize(("days", "again"), [(6, False), (8, True)])
@pytest.mark.parametrize("full", [True, False])
def test_where_everything_is_to_be_read_what_was_read_long_ago_is_read_again(
    runs, days, again, full
):
    wish = Wish(full=full)
    began = BEGAN + timedelta(days=1)
    runs.storage.now = int(began.timestamp())
    runs.part(wish=wish, by=here(began))
    runs.storage.read.clear()
    later = began + timedelta(days=days)
    runs.storage.now = int(later.timestamp())
    ended = runs.scan(wish=wish, by=here(later))
    again = again and full
    assert (b"a" in runs.storage.read) == again
    assert ended.taken_over == (not again)
    told = "What the scan that began at 2026-11-30T08:00:00Z had read more than 7 days ago was"
    assert any(note.startswith(told) for note in ended.notes) == again
    assert ended.scan.started_at[:10] == (later if again else began).strftime("%Y-%m-%d")


def test_what_was_read_long_ago_is_held_against_what_is_read_now(runs):
    began = BEGAN + timedelta(days=1)
    runs.storage.now = int(began.timestamp())
    runs.part(wish=Wish(full=True), by=here(began))
    runs.storage.put("a", b"evil")
    ended = runs.scan(wish=Wish(full=True), by=here(began + timedelta(days=30)))
    assert ended.altered_first == [b"a"]


ELSEWHERE = Root("folder", "file:///there")


def begun_elsewhere(repository, root=ROOT):
    """Begin a first scan; what it was to read is at another address for the next run."""
    runs = Runs(repository, first=True)
    runs.storage.root = root
    runs.part()
    return runs


def test_what_an_earlier_run_read_elsewhere_is_held_against_what_is_here(repository):
    runs = begun_elsewhere(repository)
    here_now = Storage(root=ELSEWHERE)
    here_now.put("other", b"o")
    runs.storage = here_now
    ended = runs.scan()
    assert ended.status == NOT_REACHABLE
    assert "has 0 of the 1 files that an earlier run of this scan found at 'file:///nas'" in (
        ended.reason
    )
    assert here_now.read == []
    assert runs.known() == []
    ended = runs.scan(wish=Wish(accept_roots=("nas",)))
    assert (ended.status, ended.found) == (COMPLETE, 0)


def test_what_an_earlier_run_read_elsewhere_is_gone_on_with_if_it_is_here(repository):
    runs = begun_elsewhere(repository)
    runs.storage.root = ELSEWHERE
    assert runs.scan().status == COMPLETE


def test_the_marker_that_an_earlier_run_met_elsewhere_proves_what_is_here(repository):
    marked = {"marker": "a.jetraw-storage", "marker_sha256": "ab"}
    runs = begun_elsewhere(repository, replace(ROOT, **marked))
    runs.storage.root = replace(ELSEWHERE, **marked)
    del runs.storage.files[b"a"]
    assert runs.scan().missing_first == [b"a"]
