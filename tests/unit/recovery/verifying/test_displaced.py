"""Files that had gone when another came to their path, or went on from where they were moved."""

from __future__ import annotations

import pytest

from reconciler.recovery import rows
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.verifying import results
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, ROTTEN, WRITTEN

LATER = LONG_AGO + 1


@pytest.fixture
def lost(nights):
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]
    return nights


@pytest.fixture
def awaited(nights):
    """Let a file go where one of its size and time lies that nobody can read."""
    nights.storage.put("other", GOOD)
    nights.storage.errors[b"other"] = b"EIO"
    del nights.storage.files[b"f/a"]
    assert nights.scan().awaited_first == [b"f/a"]
    return nights


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("nights_between", [0, 2])
@pytest.mark.parametrize(("other", "is_moved"), [(GOOD, True), (ROTTEN, False)])
def test_what_may_lie_elsewhere_is_not_written_over_by_what_comes(
    awaited, other, is_moved, nights_between, is_read
):
    awaited.put(WRITTEN, mtime_ns=LATER)
    if not is_read:
        awaited.storage.errors[b"f/a"] = b"EACCES"
    for _ in range(nights_between):
        ended = awaited.scan()
        assert (ended.found, ended.awaited_first) == (0, [b"f/a"])
        assert not ended.scan.complete
    del awaited.storage.errors[b"other"]
    awaited.storage.put("other", other)
    for _ in range(2):
        assert awaited.scan().missing_first == ([] if is_moved else [b"f/a"])
    awaited.storage.errors.clear()
    assert awaited.scan().missing_first == ([] if is_moved else [b"f/a"])
    del awaited.storage.files[b"f/a"]
    assert awaited.scan().missing == 1
    awaited.accept()
    for _ in range(2):
        assert awaited.scan().found == 0


def test_what_may_lie_elsewhere_is_awaited_whatever_else_is_known_of_its_path(awaited):
    awaited.put(WRITTEN, mtime_ns=LATER)
    assert awaited.scan().awaited == 1
    assert awaited.verify(first=True).found  # which keeps that it has changed
    assert (b"f/a" in {path for _, path, _ in awaited.known()}, awaited.scan().awaited) == (True, 1)


def test_what_a_killed_run_found_gone_is_told_though_another_lies_there_since(nights):
    del nights.storage.files[b"f/a"]
    nights.scan(kept=False)
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.accept()
    assert nights.scan().found == 0


def test_what_is_missed_is_over_once_it_lies_elsewhere_though_another_took_its_path(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    assert lost.scan().missing == 1
    lost.storage.put("restored", GOOD)
    for _ in range(2):
        assert lost.scan().found == 0
    assert lost.known() == [("missing", b"f/a", True)]


@pytest.mark.parametrize("back", [GOOD, WRITTEN])
def test_of_two_that_are_missed_at_a_path_each_is_over_on_its_own(lost, back):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    del lost.storage.files[b"f/a"]
    assert (ended := lost.scan()).missing_first == [b"f/a"]
    assert ended.missing == 1
    lost.storage.put("restored", back)
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("as well", WRITTEN if back == GOOD else GOOD)
    assert lost.scan().found == 0
    assert lost.scan().found == 0


def test_what_was_given_up_is_not_told_again_with_what_is_lost_there_later(lost):
    lost.accept()
    lost.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("restored", WRITTEN)
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_replaced_another_file_was_moved_there(nights):
    nights.storage.put("there", b"else", mtime_ns=LATER)
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.storage.put("there", GOOD)
    assert nights.scan().found == 0
    assert nights.verify().found == {"changed": 1, "moved": 1}
    nights.storage.put("there", WRITTEN, mtime_ns=LATER + 1)  # and is written over there
    assert nights.scan().found == 0
    told = nights.verify(first=True)
    assert told.found == {"extra": 1, "moved": 1}


def test_what_replaced_a_file_unread_may_have_been_moved_there(nights):
    nights.storage.put("there", b"else", mtime_ns=LATER)
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.storage.put("there", GOOD)
    nights.storage.errors[b"there"] = b"EIO"
    assert nights.scan().awaited == 1
    told = nights.verify()
    assert (told.found, told.verdict) == ({"not_verified": 1, "unreadable": 1}, results.UNKNOWN)


def test_what_was_lost_where_it_was_moved_is_missing_there_alone(nights):
    nights.storage.put("there", GOOD)
    del nights.storage.files[b"f/a"]
    assert nights.scan().found == 0
    del nights.storage.files[b"there"]
    assert nights.scan().missing_first == [b"there"]
    told = nights.verify(first=True)
    assert (told.found, told.lasts) == ({"moved": 1}, {"missing": 1})
    assert "at another path" in told.findings[0].note
    nights.accept()
    assert nights.scan().found == 0
    told = nights.verify(first=True)
    assert (told.found, told.lasts, told.accepted_count) == ({"moved": 1}, {}, 1)


def test_what_a_limit_leaves_is_listed_as_it_is_and_not_as_it_once_could_not_be_read(nights):
    nights.storage.put("there", b"else", mtime_ns=LATER)
    nights.storage.errors[b"there"] = b"EACCES"
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.storage.put("there", GOOD)
    ended = nights.scan(full=False, every=86_400, pace=Pace(most=0))
    assert (ended.missing, ended.awaited_first) == (0, [b"f/a"])
    nights.storage.errors.clear()
    assert nights.scan().found == 0


def test_no_file_is_taken_for_one_that_is_remembered_beside_another(nights):
    """In a bucket a key may have any character."""
    key = b"f/a\0" + b"0" * 64
    nights.storage.put(key, b"key")
    nights.scan()
    del nights.storage.files[key]
    assert nights.scan().missing == 1
    nights.storage.put(key, b"key")
    assert nights.scan().found == 0
    assert nights.storage.files[b"f/a"].kind == rows.FILE


@pytest.mark.parametrize("is_read", [True, False])
def test_what_may_have_moved_on_from_where_it_was_awaited_is_held_against_its_bytes(
    nights, is_read
):
    """What nobody has read on the way is known by its size and time alone."""
    del nights.storage.files[b"f/a"]
    nights.storage.put("on its way", WRITTEN[:4])
    assert nights.scan(full=False, every=86_400, pace=Pace(most=0)).awaited_first == [b"f/a"]
    del nights.storage.files[b"on its way"]
    nights.storage.put("there", WRITTEN[:4])
    if not is_read:
        nights.storage.errors[b"there"] = b"EACCES"
        ended = nights.scan()
        assert (ended.found, ended.awaited_first) == (0, [b"f/a"])
        nights.storage.errors.clear()
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


def test_what_is_back_where_it_lay_is_that_one_and_no_copy_that_went_as_well(nights):
    nights.storage.put("a copy", GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"], nights.storage.files[b"a copy"]
    assert nights.scan().missing == 2
    nights.put(WRITTEN, mtime_ns=LATER)
    assert nights.scan().missing == 2
    nights.put(GOOD)
    for _ in range(2):
        assert nights.scan().missing_first == [b"a copy"]


def test_what_an_older_snapshot_has_is_not_missed_once_what_was_written_over_it_is_back(nights):
    nights.put(WRITTEN, mtime_ns=LATER)
    nights.scan()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing == 1
    assert nights.verify(first=True).found == {"missing": 1}
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_is_missed_is_missed_still_where_what_came_under_its_time_is_written_anew(lost):
    lost.put(ROTTEN)
    assert lost.scan().altered_first == [b"f/a"]
    lost.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    lost.accept()
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_came_in_the_place_of_what_is_missed_is_accepted_for_both(lost):
    lost.put(ROTTEN)
    assert lost.scan().altered_first == [b"f/a"]
    lost.accept()
    for _ in range(2):
        assert lost.scan().found == 0
    lost.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_rots_where_another_is_missed_is_damaged_until_it_is_whole_and_the_other_missed(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    assert lost.scan().missing == 1
    lost.put(b"WRITTEN", mtime_ns=LATER)
    for _ in range(2):
        ended = lost.scan()
        assert (ended.altered_first, ended.found) == ([b"f/a"], 1)
    lost.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("restored", GOOD)
    for _ in range(2):
        assert lost.scan().found == 0


@pytest.mark.parametrize("is_new", [True, False])
def test_what_was_read_where_it_was_moved_is_there_though_nobody_can_read_it_now(nights, is_new):
    if not is_new:
        nights.storage.put("there", b"else", mtime_ns=LATER)
        nights.scan()
    nights.storage.put("there", nights.storage.files.pop(b"f/a").data)
    nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    assert nights.scan().found == 0
    del nights.storage.files[b"f/"]
    nights.storage.errors[b"there"] = b"EACCES"
    assert nights.scan().found == 0
    nights.storage.errors.clear()
    assert nights.scan().found == 0
    del nights.storage.files[b"there"]
    assert nights.scan().missing_first == [b"there"]


def test_what_was_back_and_went_again_is_missing_and_was_not_moved(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.put(GOOD)
    assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]
    assert lost.verify(first=True).found == {"missing": 1}
    lost.accept()
    told = lost.verify(first=True)
    assert (told.found, told.accepted_count) == ({}, 1)


@pytest.mark.parametrize("forgets", [False, True])
def test_what_is_missed_is_known_by_its_finding_where_what_is_remembered_is_lost(lost, forgets):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    del lost.storage.files[b"f/a"]
    last = lost.scan().scan
    if forgets:  # and so is the scan before it, of which it could be made anew
        every = record.ids(lost.repository, TARGET.place)
        for id in every[:-1]:
            lost.repository.remove(f"{layout.scans(TARGET.place)}{id}.json")
    lost.repository.remove(layout.part(last.remembered))
    assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("restored", WRITTEN)
    assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("as well", GOOD)
    for _ in range(2):
        assert lost.scan().missing_first == []


def test_what_was_accepted_stays_so_when_what_had_gone_before_it_is_told(awaited):
    awaited.put(WRITTEN, mtime_ns=LATER)
    awaited.scan()
    del awaited.storage.files[b"f/a"]
    assert awaited.scan().missing_first == [b"f/a"]
    awaited.accept()
    assert awaited.scan().found == 0
    awaited.storage.errors.clear()
    awaited.storage.put("other", ROTTEN)
    for _ in range(2):
        assert awaited.scan().missing_first == [b"f/a"]
    awaited.storage.put("restored", GOOD)
    for _ in range(2):
        assert awaited.scan().found == 0


def test_what_is_damaged_and_what_is_missed_at_one_path_are_accepted_together(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.put(b"WRITTEN", mtime_ns=LATER)
    assert lost.scan().altered == 1
    lost.accept()
    for _ in range(2):
        assert lost.scan().found == 0
    lost.put(WRITTEN, mtime_ns=LATER + 1)
    for _ in range(2):
        assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("is_at_once", [True, False])
def test_what_came_under_the_time_of_what_is_missed_and_went_is_missed_with_it_once(
    lost, is_at_once
):
    lost.put(ROTTEN)
    assert lost.scan().altered == 1
    del lost.storage.files[b"f/a"]
    if not is_at_once:
        assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("restored", GOOD)
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_is_told_after_damage_was_accepted_at_its_path_is_accepted_with_it(awaited):
    awaited.put(WRITTEN, mtime_ns=LATER)
    awaited.scan()
    awaited.put(b"WRITTEN", mtime_ns=LATER)
    assert awaited.scan().altered == 1
    awaited.accept()
    assert awaited.scan().found == 0
    awaited.storage.errors.clear()
    awaited.storage.put("other", ROTTEN)
    for _ in range(2):
        assert awaited.scan().found == 1
    awaited.accept()
    for _ in range(2):
        assert awaited.scan().found == 0
    awaited.storage.put("restored", GOOD)
    assert awaited.scan().found == 0


@pytest.mark.parametrize("then", ["whole", "written"])
def test_what_rots_where_another_was_given_up_is_over_once_it_is_whole_or_written(lost, then):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.accept()
    lost.put(b"WRITTEN", mtime_ns=LATER)
    assert lost.scan().altered == 1
    assert lost.scan().altered == 1
    data, mtime_ns = (WRITTEN, LATER) if then == "whole" else (b"more", LATER + 1)
    lost.put(data, mtime_ns=mtime_ns)
    for _ in range(2):
        assert lost.scan().found == 0


def test_damage_that_was_accepted_of_one_file_is_not_of_another_that_came_there(nights):
    zeros = b"\0" * 4
    nights.put(zeros)
    assert nights.scan().altered == 1
    nights.accept()
    assert nights.scan().found == 0
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing == 1
    nights.put(b"else", mtime_ns=LATER)
    assert nights.scan().missing == 1
    nights.put(zeros, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().altered == 1
    nights.accept()
    for _ in range(2):
        assert nights.scan().found == 0


def test_of_what_rots_where_another_is_missed_its_own_bytes_are_the_good_ones(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.put(b"WRITTEN", mtime_ns=LATER)
    for _ in range(2):
        assert lost.scan().altered == 1
        (episode,) = store.read(lost.repository, TARGET.place).episodes
        assert episode.was.size == len(WRITTEN)
        assert [each.size for each in episode.missed] == [len(GOOD)]


@pytest.mark.parametrize("then", ["goes", "rots"])
@pytest.mark.parametrize("is_lost", [True, False])
def test_what_lies_where_another_is_missed_is_known_though_what_is_remembered_is_lost(
    lost, is_lost, then
):
    lost.put(WRITTEN, mtime_ns=LATER)
    last = lost.scan().scan
    if is_lost:
        lost.repository.remove(layout.part(last.remembered))
    if then == "goes":
        del lost.storage.files[b"f/a"]
    else:
        lost.put(b"WRITTEN", mtime_ns=LATER)
    assert lost.scan().found == 1
    lost.storage.put("restored", GOOD)
    for _ in range(2):
        ended = lost.scan()
        assert (ended.missing, ended.altered) == ((1, 0) if then == "goes" else (0, 1))


def test_what_was_given_up_beside_damage_stays_so_when_the_damaged_file_goes(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.put(b"WRITTEN", mtime_ns=LATER)
    lost.scan()
    lost.accept()
    assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing == 1
    lost.storage.put("restored", WRITTEN)
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_was_accepted_as_damaged_is_missing_once_it_goes_whatever_rots_there_since(nights):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing == 1
    nights.put(WRITTEN, mtime_ns=LATER)
    assert nights.scan().missing == 1
    nights.put(b"WRITTEN", mtime_ns=LATER)
    assert nights.scan().found == 1
    nights.put(b"more", mtime_ns=LATER + 1)
    for _ in range(2):
        assert nights.scan().missing == 1


def test_what_came_under_the_time_of_what_is_missed_is_another_also_if_it_is_read_later(lost):
    lost.put(ROTTEN)
    lost.storage.errors[b"f/a"] = b"EACCES"
    for _ in range(2):
        lost.scan()
    lost.storage.errors.clear()
    assert lost.scan().altered == 1
    lost.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("restored", GOOD)
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_may_lie_elsewhere_is_awaited_also_where_what_came_has_its_time(awaited):
    awaited.put(ROTTEN)
    awaited.storage.errors[b"f/a"] = b"EACCES"
    for _ in range(2):
        assert not awaited.scan().scan.complete
    awaited.storage.errors.pop(b"f/a")
    assert awaited.scan().altered == 1
    awaited.put(WRITTEN, mtime_ns=LATER)
    assert not awaited.scan().scan.complete
    assert awaited.scan().awaited_first == [b"f/a"]
    awaited.storage.errors.clear()
    awaited.storage.put("other", b"othe")
    for _ in range(2):
        assert awaited.scan().missing_first == [b"f/a"]


def test_what_an_older_snapshot_has_is_missed_once_a_scan_has_read_it_again_and_it_goes(nights):
    nights.put(WRITTEN, mtime_ns=LATER)
    nights.scan()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing == 1
    assert nights.verify(first=True).found == {"missing": 1}
    nights.put(GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing == 1
    nights.put(b"more", mtime_ns=LATER + 1)
    assert nights.scan().missing == 1
    nights.storage.put("restored", WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


def test_what_lay_there_before_and_was_found_ends_nothing_of_what_lies_there(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.storage.put("restored", GOOD)
    assert lost.scan().found == 0
    lost.put(b"WRITTEN", mtime_ns=LATER)
    assert lost.scan().altered == 1
    lost.put(b"WRITTEN", mtime_ns=LATER + 1)  # as whoever touches it
    for _ in range(3):
        assert lost.scan().altered == 1


def test_what_lay_there_before_and_was_found_ends_nothing_of_what_came_since_and_went(lost):
    lost.put(WRITTEN, mtime_ns=LATER)
    lost.scan()
    lost.storage.put("restored", GOOD)
    assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]
    lost.storage.put("f/a", kind=rows.UNREADABLE, detail=b"EACCES")
    lost.scan()
    lost.put(b"more", mtime_ns=LATER + 1)
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
