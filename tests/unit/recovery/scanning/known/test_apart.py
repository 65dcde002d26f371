"""Scans of which the last one knows nothing: found by their records, and looked at once."""

from __future__ import annotations

import shutil

import pytest

from reconciler.environment.timestamps import utc_now
from reconciler.recovery.findings.accepting import accept as accept_shown
from reconciler.recovery.findings.accepting import to_accept
from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import apart
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.values import Accepted
from reconciler.recovery.verifying import remembered
from support.recovery.memory import LONG_AGO, TARGET, Storage
from support.recovery.nights import put_together
from support.recovery.scans import scan_once

FULL = Wish(full=True)


class Night:
    """Two copies of a repository that were both used: the one knows `new`, and `rot` as it was."""

    def __init__(self, folder):
        self.one, self.other = folder / "repository", folder / "copy"
        self.storage = Storage()
        self.storage.put("old")
        self.scan(self.one)
        shutil.copytree(self.one, self.other)
        self.storage.put("new")
        self.storage.put("rot", b"good")
        self.apart = self.scan(self.one).scan
        del self.storage.files[b"new"]
        self.storage.put("rot", b"evil")
        self.last = self.scan(self.other).scan

    def scan(self, folder, wish=FULL):
        repository = open_repository(str(folder), make=True)
        return scan_once(self.storage, repository, wish=wish)

    def put_together(self):
        """Take into the one what only the other has."""
        put_together(self.one, self.other)


@pytest.fixture
def night(tmp_path):
    return Night(tmp_path)


def test_what_another_line_of_scans_knew_is_held_against_what_is_there(night):
    night.put_together()
    ended = night.scan(night.one)
    assert (ended.altered, remembered_paths(night, ended)) == (1, [b"new", b"rot"])
    assert ended.scan.beside == (night.apart.id,)
    assert f"made apart from the scan {night.apart.id}" in ended.notes[0]
    again = night.scan(night.one)  # and that stays known, without looking at it again
    assert (again.altered, again.scan.beside, again.notes) == (1, (), [])
    assert remembered_paths(night, again) == [b"new", b"rot"]


def scan_and_keep(night, folder):
    ended = night.scan(folder)
    remembered.keep(open_repository(str(folder)), ended, utc_now)
    return ended


def remembered_paths(night, ended):
    path = night.one / layout.part(ended.scan.remembered)
    return [p for batch in read.batches(path, CONTENTS) for p in batch["path"].to_pylist()]


def test_what_only_another_line_knew_is_told_though_the_last_scan_told_of_something_else(night):
    del night.storage.files[b"old"]
    assert scan_and_keep(night, night.other).missing_first == [b"old"]
    night.put_together()
    assert scan_and_keep(night, night.one).missing_first == [b"new", b"old"]


@pytest.mark.parametrize("accepted", ["before", "after"])
def test_what_only_another_line_of_scans_saw_come_is_missed_though_what_lay_there_is_given_up(
    night, accepted
):
    def accept():
        repository = open_repository(str(night.one))
        shown = to_accept(repository, TARGET.place, TARGET.name, ("old",))
        accept_shown(repository, TARGET.place, shown, Accepted("", "anna"), utc_now())

    del night.storage.files[b"old"]
    for folder in (night.one, night.other):
        assert b"old" in scan_and_keep(night, folder).missing_first
    if accepted == "before":
        accept()
    night.storage.put("old", b"another", mtime_ns=LONG_AGO + 1)
    scan_and_keep(night, night.other)
    del night.storage.files[b"old"]
    if accepted == "after":
        accept()
    scan_and_keep(night, night.one)
    night.put_together()
    for _ in range(2):
        assert b"old" in scan_and_keep(night, night.one).missing_first


def test_what_several_lines_of_scans_miss_at_one_path_is_missed_once(night):
    night.put_together()
    night.storage.put("old", b"first", mtime_ns=LONG_AGO + 2)
    scan_and_keep(night, night.one)
    del night.storage.files[b"old"]
    scan_and_keep(night, night.one)
    night.storage.put("old", b"another", mtime_ns=LONG_AGO + 1)
    scan_and_keep(night, night.one)
    del night.storage.files[b"old"]
    assert b"old" in scan_and_keep(night, night.one).missing_first
    shutil.rmtree(night.other)
    shutil.copytree(night.one, night.other)
    for folder in (night.other, night.one):
        night.storage.put(folder.name)
        scan_and_keep(night, folder)
    night.put_together()
    scan_and_keep(night, night.one)
    night.storage.put("one", b"first", mtime_ns=LONG_AGO + 2)
    night.storage.put("other", b"another", mtime_ns=LONG_AGO + 1)
    for _ in range(2):
        assert b"old" not in scan_and_keep(night, night.one).missing_first


def test_what_was_given_up_is_not_told_again_by_a_line_of_scans_that_had_seen_it(night):
    def accept():
        repository = open_repository(str(night.one))
        shown = to_accept(repository, TARGET.place, TARGET.name, ())
        accept_shown(repository, TARGET.place, shown, Accepted("", "anna"), utc_now())

    night.put_together()
    night.storage.put("old", b"first", mtime_ns=LONG_AGO + 2)
    for _ in range(2):
        scan_and_keep(night, night.one)
        accept()
    shutil.rmtree(night.other)
    shutil.copytree(night.one, night.other)
    night.storage.put("elsewhere")
    scan_and_keep(night, night.other)
    del night.storage.files[b"old"]
    assert scan_and_keep(night, night.one).missing_first == [b"old"]
    accept()
    night.storage.put("old", b"another", mtime_ns=LONG_AGO + 1)
    assert scan_and_keep(night, night.one).found == 0
    del night.storage.files[b"old"]
    assert scan_and_keep(night, night.one).missing_first == [b"old"]
    night.put_together()
    scan_and_keep(night, night.one)
    night.storage.put("restored", b"another", mtime_ns=LONG_AGO + 1)
    for _ in range(2):
        assert scan_and_keep(night, night.one).found == 0


def test_what_can_not_be_read_of_another_line_is_missed_until_it_is_accepted(night):
    night.put_together()
    (night.one / layout.part(night.apart.contents)).unlink()
    for _ in range(2):
        ended = night.scan(night.one)
        assert (ended.forgotten, ended.scan.lost) == (True, (night.apart.id,))
    accepting = Wish(full=True, accept_loss=(TARGET.name,))
    assert not night.scan(night.one, accepting).forgotten
    assert not night.scan(night.one).forgotten


def test_a_scan_that_took_itself_for_the_first(night):
    """As the listing of the records was empty for a while."""
    for kind in (layout.SCANS, layout.FINISHED):
        shutil.move(night.one / kind, night.one / "away" / kind)
    night.scan(night.one)
    for kind in (layout.SCANS, layout.FINISHED):
        shutil.copytree(night.one / "away" / kind, night.one / kind, dirs_exist_ok=True)
    ended = night.scan(night.one)
    assert (ended.altered, ended.scan.beside) == (1, (night.apart.id,))


def test_where_records_were_pruned_nothing_is_said(night, monkeypatch):
    prefix = night.one / layout.scans(TARGET.place)
    for _ in range(2):
        between = night.scan(night.one)
    last = night.scan(night.one)
    (prefix / f"{between.scan.id}.json").unlink()
    ended = night.scan(night.one)
    assert (ended.scan.after, ended.scan.beside, ended.notes) == (last.scan.id, (), [])
    reading = pytest.fail  # nor is any record read where the last scan has seen all there are
    monkeypatch.setattr(apart.record, "whole", reading)
    night.scan(night.one)
