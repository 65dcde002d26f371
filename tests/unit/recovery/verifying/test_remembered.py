"""Rot that a scan has seen: it must not be forgotten, though the scan's contents have it too."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.environment.timestamps import utc_now
from reconciler.errors import RepositoryError
from reconciler.recovery import rows
from reconciler.recovery.findings import contained, store
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import UNFINISHED
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.snapshots import needed
from reconciler.recovery.verifying import results
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, ROTTEN, WRITTEN
from support.recovery.scans import here, ticking


@pytest.fixture
def rotted(nights):
    nights.put(ROTTEN)
    assert nights.scan().altered_first == [b"f/a"]
    assert nights.known() == [("damaged", b"f/a", False)]
    return nights


def test_rot_lasts_though_later_snapshots_have_the_same_bytes(rotted):
    assert rotted.verify().found == {"damaged": 1}
    for _ in range(2):
        assert rotted.scan().altered == 1
        result = rotted.verify()
        assert (result.found, result.lasts) == ({}, {"damaged": 1})
        assert [finding.path for finding in result.lasting] == [b"f/a"]
        assert result.verdict == results.DIFFERS


def test_it_lasts_where_the_later_snapshot_is_compared_with_the_earlier(rotted):
    rotted.scan()
    result = rotted.verify(backwards=True)
    assert (result.found, result.lasts) == ({}, {"damaged": 1})
    assert result.verdict == results.DIFFERS


@pytest.mark.parametrize(
    ("data", "mtime_ns"), [(GOOD, LONG_AGO), (GOOD, LONG_AGO + 1), (WRITTEN, LONG_AGO + 1)]
)
def test_it_is_over_when_the_bytes_are_back_or_somebody_wrote_it(rotted, data, mtime_ns):
    rotted.put(data, mtime_ns=mtime_ns)
    assert rotted.scan().altered == 0
    rotted.verify()
    rotted.scan()
    result = rotted.verify()
    assert (result.found, result.lasts, result.verdict) == ({}, {}, results.AGREES)
    assert rotted.known()[0][2]


@pytest.mark.parametrize(("data", "mtime_ns"), [(ROTTEN, LONG_AGO + 1), (b"vile", LONG_AGO)])
def test_it_is_not_over_when_it_is_only_touched_or_rots_on(rotted, data, mtime_ns):
    rotted.put(data, mtime_ns=mtime_ns)
    rotted.scan()
    rotted.scan()
    assert rotted.verify().lasts == {"damaged": 1}


def gone(nights):
    del nights.storage.files[b"f/a"]


def folder_closed(nights):
    gone(nights)
    nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")


def unreadable(nights):
    nights.storage.errors[b"f/a"] = b"EIO"


def became(kind):
    def put(nights):
        nights.storage.put("f/a", kind=kind)

    return put


def nothing(_nights):
    """It is left out."""


GAPS = {
    "gone": (gone, ()),
    "folder": (folder_closed, ()),
    "unreadable": (unreadable, ()),
    "excluded": (nothing, ("f/",)),
    **{kind: (became(kind), ()) for kind in (rows.CHANGING, rows.ARCHIVED, rows.DELETED)},
}


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("number", [1, 3])
def test_a_good_hash_outlasts_any_gap(nights, gap, number):
    hide, excluded = GAPS[gap]
    hide(nights)
    for _ in range(number):
        assert nights.scan(excluded=excluded).altered == 0
    nights.storage.files.pop(b"f/", None)
    nights.storage.errors.clear()
    nights.put(ROTTEN)
    ended = nights.scan()
    assert (ended.altered, ended.altered_first) == (1, [b"f/a"])
    assert nights.known() == [("damaged", b"f/a", False)]


@pytest.mark.parametrize(
    ("data", "mtime_ns"), [(GOOD, LONG_AGO), (WRITTEN, LONG_AGO + 1), (ROTTEN, LONG_AGO + 1)]
)
def test_a_file_that_is_whole_or_written_after_a_gap_is_not_damaged(nights, data, mtime_ns):
    gone(nights)
    nights.scan()
    nights.put(data, mtime_ns=mtime_ns)
    ended = nights.scan()
    assert ended.altered == 0
    assert (
        ended.missing == bool(ended.scan.remembered) == (data != GOOD)
    )  # as long as nobody accepts that its bytes are gone
    # That the bytes which were there before are back is what ends it.
    assert nights.known() == [("missing", b"f/a", data == GOOD)]


def test_rot_lasts_over_a_gap_as_well(rotted):
    unreadable(rotted)
    assert rotted.scan().altered == 0
    result = rotted.verify()
    assert (result.found, result.lasts, result.verdict) == (
        {"unreadable": 1},
        {"damaged": 1},
        results.DIFFERS,
    )
    rotted.storage.errors.clear()
    assert rotted.scan().altered == 1


def test_a_truncated_file_with_its_old_time_is_damaged(nights):
    nights.put(GOOD[:2])
    assert nights.scan().altered == 1


def test_another_version_of_an_object_is_written(nights):
    nights.storage.put("f/a", GOOD, version="1")
    nights.scan()
    nights.storage.put("f/a", ROTTEN, version="2")
    assert (nights.scan().altered, nights.known()) == (0, [])


def test_a_scan_without_rot_remembers_and_keeps_nothing(nights):
    nights.storage.put("new", b"n")
    ended = nights.scan()
    assert (ended.scan.remembered, nights.known()) == ("", [])
    assert list(nights.repository.names(layout.findings(TARGET.place))) == []


def test_what_a_scan_has_found_is_found_by_the_next_one_though_its_findings_are_lost(nights):
    nights.put(ROTTEN)
    nights.scan(kept=False)
    for name in list(nights.repository.names(layout.findings(TARGET.place))):
        nights.repository.remove(name)
    assert nights.known() == []
    assert nights.scan().altered == 1
    assert nights.known() == [("damaged", b"f/a", False)]


def test_what_an_earlier_run_of_the_scan_has_read_counts_as_well(nights):
    nights.put(ROTTEN)
    ended = nights.scan(pace=Pace(most=4))
    assert (ended.status, ended.altered) == (UNFINISHED, 1)
    ended = nights.scan()
    assert (ended.files_read, ended.altered) == (1, 1)
    assert nights.known() == [("damaged", b"f/a", False)]


def test_what_an_unfinished_scan_has_read_lasts_though_the_file_is_touched_before_the_next(nights):
    nights.put(ROTTEN)
    assert nights.scan(pace=Pace(most=4)).status == UNFINISHED
    assert nights.known() == [("damaged", b"f/a", False)]
    nights.put(ROTTEN, mtime_ns=LONG_AGO + 1)
    nights.scan()
    assert nights.known() == [("damaged", b"f/a", False)]


def test_what_rots_between_the_runs_of_one_scan_is_damaged(nights):
    nights.storage.put("new", GOOD)
    assert nights.scan(pace=Pace(most=8)).status == UNFINISHED
    nights.storage.put("new", ROTTEN, ctime_ns=LONG_AGO + 1)
    assert nights.scan().altered_first == [b"new"]
    assert nights.scan().altered_first == [b"new"]
    assert nights.known() == [("damaged", b"new", False)]


def test_what_was_accepted_is_not_counted_by_an_unfinished_scan(nights):
    nights.put(ROTTEN)
    nights.scan(pace=Pace(most=4))
    nights.accept()
    assert nights.scan(pace=Pace(most=4)).altered == 0


def test_what_an_overtaken_scan_has_read_lasts_though_the_file_is_touched_meanwhile(nights):
    nights.put(ROTTEN)
    proved, by = nights.storage.proved, ticking()

    def overtake(number):
        if number == proved + 2:  # after all was read
            nights.put(ROTTEN, mtime_ns=LONG_AGO + 1)
            nights.scan(kept=False, by=by)

    nights.storage.on_prove = overtake
    ended = nights.scan(by=by)
    assert ended.scan is not None
    assert nights.known() == [("damaged", b"f/a", False)]


def test_a_damaged_part_of_the_last_scan_forgets_nothing(nights):
    gone(nights)
    last = nights.scan().scan
    with nights.repository.local(layout.part(last.contents)) as path:
        path.chmod(0o600)
        path.write_bytes(b"")
    nights.put(ROTTEN)
    ended = nights.scan()
    assert ended.altered == 1
    assert "the last scan is of no use" in ended.notes[0]


def test_that_it_can_not_be_kept_is_told_and_still_counted(nights, monkeypatch):
    def full(*_arguments, **_more):
        raise RepositoryError("the disk is full")

    monkeypatch.setattr(store, "keep", full)
    nights.put(ROTTEN)
    ended = nights.scan()
    assert ended.notes == ["Which files are damaged or gone could not be kept: the disk is full"]
    assert ended.altered == 1


def test_one_scan_is_enough_whatever_was_pruned(nights):
    gone(nights)
    last = nights.scan().scan
    assert needed.parts_of((), [last]) == {last.contents, last.stamps, last.remembered}
    for name in list(nights.repository.names("")):
        if name.startswith(("parts/", "scans/")) and not any(
            each in name for each in (last.id, *last.parts())
        ):
            nights.repository.remove(name)
    assert record.whole(nights.repository, TARGET.place) == [last]
    nights.put(ROTTEN)
    assert nights.scan().altered == 1


@pytest.mark.parametrize(("days", "altered"), [(399, 1), (401, 0)])
@pytest.mark.parametrize("gap", ["gone", "unreadable", "excluded", "folder"])
def test_what_is_gone_is_not_expected_for_ever(nights, gap, days, altered):
    hide, excluded = GAPS[gap]
    hide(nights)
    began = datetime.fromisoformat(nights.scan(excluded=excluded).scan.started_at)
    nights.scan(excluded=excluded, by=here(began + timedelta(days=days)))
    nights.storage.files.pop(b"f/", None)
    nights.storage.errors.clear()
    nights.put(ROTTEN)
    ended = nights.scan(by=here(began + timedelta(days=days + 1)))
    assert ended.altered == (altered if gap == "gone" else 1)


def test_however_many_runs_have_replaced_what_the_last_scan_names_it_is_not_lost(
    rotted, monkeypatch
):
    monkeypatch.setattr(contained, "_MOST", 3)
    rotted.scan()
    (named,) = {scan.findings for scan in record.whole(rotted.repository, TARGET.place)[-1:]}
    assert named
    for minutes in range(12):
        known = store.read(rotted.repository, TARGET.place)
        assert known.has(named), minutes
        moment = utc_now() + timedelta(minutes=minutes)
        store.keep(rotted.repository, TARGET.place, known.episodes, known, moment)
    known = store.read(rotted.repository, TARGET.place)
    assert len(known.contained) <= 6
    assert not rotted.repository.read(named)
    ended = rotted.scan()
    assert (ended.altered, ended.forgotten, ended.notes) == (1, False, [])
    assert rotted.verify().notes == ()


@pytest.mark.parametrize("beyond", [rows.FIRST_NS, rows.LAST_NS])
def test_of_a_time_that_is_not_kept_whole_nobody_knows_that_it_is_the_same(nights, beyond):
    step = 10**15 if beyond > 0 else -(10**15)
    nights.put(GOOD, mtime_ns=beyond + step)
    nights.scan()
    nights.put(WRITTEN, mtime_ns=beyond + 2 * step)
    for full in (True, False):
        assert nights.scan(full=full).altered == 0
    assert not [one for one in nights.known() if one[0] == "damaged"]
    assert nights.verify().found == {}


def test_damage_that_came_back_is_told_by_the_next_scan_if_one_was_killed_before_it_told(rotted):
    rotted.put(GOOD, mtime_ns=LONG_AGO + 1)
    rotted.scan()
    rotted.put(ROTTEN)
    rotted.scan(kept=False)
    for _ in range(2):
        ended = rotted.scan(full=False)
        assert (ended.files_read, ended.altered_first) == (0, [b"f/a"])
    assert rotted.known()[-1] == ("damaged", b"f/a", False)
