"""What was told of one file of a path says nothing of another: each is over on its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.environment.timestamps import utc_now
from reconciler.recovery import rows
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.accepting import to_withdraw, withdraw
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.verifying import scans
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, ROTTEN, WRITTEN, put_together

LATER = LONG_AGO + 1


class Copies:
    """Two copies of one repository, in both of which the same storage is scanned."""

    def __init__(self, nights, folder: Path) -> None:
        self._nights, self._one, self._other = nights, folder / "repo", folder / "copy"
        self.storage = nights.storage
        shutil.copytree(self._one, self._other)

    def one(self):
        """Scan with the one."""
        return self._nights.scan()

    def other(self, *, kept=True):
        """Scan with the other one."""
        mine, self._nights.repository = self._nights.repository, open_repository(str(self._other))
        ended = self._nights.scan(kept=kept)
        self._nights.repository = mine
        return ended

    def put_together(self) -> None:
        """Take into the one what only the other has."""
        put_together(self._one, self._other)


@pytest.mark.parametrize("is_other_there", [False, True])
@pytest.mark.parametrize("is_last", [False, True])
def test_what_moved_long_ago_was_back_and_went_is_missed_though_one_copy_saw_nothing_of_it(
    nights, tmp_path, is_last, is_other_there
):
    del nights.storage.files[b"f/a"]
    nights.scan()
    if is_other_there:
        nights.put(WRITTEN, mtime_ns=LATER)
        nights.scan()
    nights.storage.put("q", GOOD)
    assert nights.scan().found == 0
    copies = Copies(nights, tmp_path)
    nights.put(GOOD)
    assert copies.other().found == 0
    del nights.storage.files[b"f/a"]
    assert copies.other().missing_first == [b"f/a"]
    if is_other_there:
        nights.put(b"more", mtime_ns=LATER + 1)
        copies.other()
    if is_last:
        copies.one()
    copies.put_together()
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


@pytest.fixture
def copies(nights, tmp_path):
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]
    return Copies(nights, tmp_path)


def lasting(nights):
    known = store.read(nights.repository, TARGET.place).episodes
    return [(e.what, e.path) for e in known if not e.resolved]


@pytest.mark.parametrize("is_accepted", [False, True])
def test_what_only_one_copy_knows_to_be_missed_is_ended_by_none_that_does_not_know_it(
    copies, nights, is_accepted
):
    nights.put(WRITTEN, mtime_ns=LATER)
    copies.one()
    del nights.storage.files[b"f/a"]
    assert copies.one().missing_first == [b"f/a"]  # both
    nights.storage.put("restored", GOOD)
    assert copies.other().found == 0
    copies.put_together()
    assert lasting(nights) == [("missing", b"f/a")]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    if is_accepted:
        nights.accept()
    else:
        nights.storage.put("as well", WRITTEN)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_came_and_went_in_one_copy_is_missed_though_the_other_found_all_that_it_missed(
    copies, nights
):
    nights.put(WRITTEN, mtime_ns=LATER)
    copies.other()
    copies.one()
    del nights.storage.files[b"f/a"]
    copies.other()
    copies.one()
    nights.put(b"more", mtime_ns=LATER + 1)
    copies.one()
    del nights.storage.files[b"f/a"]
    copies.one()
    nights.storage.put("restored", GOOD)
    nights.storage.put("as well", WRITTEN)
    assert copies.other().found == 0
    copies.put_together()
    assert lasting(nights) == [("missing", b"f/a")]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.storage.put("it, too", b"more")
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_one_copy_was_killed_before_it_told_is_told_though_the_other_told_since(
    copies, nights
):
    nights.storage.put("new", b"new!", mtime_ns=LATER)
    copies.one()
    del nights.storage.files[b"new"]
    nights.scan(kept=False)
    del nights.storage.files[b"z"]
    assert copies.other().missing == 2
    copies.put_together()
    for _ in range(2):
        assert b"new" in nights.scan().missing_first


def test_accepted_damage_is_of_that_file_alone_also_where_a_scan_of_the_next_was_killed(nights):
    zeros = b"\0" * 4
    nights.put(zeros)
    assert nights.scan().altered == 1
    nights.accept()
    assert nights.scan().found == 0
    nights.put(b"else", mtime_ns=LATER)
    nights.scan(kept=False)
    nights.put(zeros, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().altered == 1
    nights.accept()
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_is_missed_beside_damage_is_not_over_as_that_file_has_changed(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.put(WRITTEN, mtime_ns=LATER)
    nights.scan()
    nights.put(b"WRITTEN", mtime_ns=LATER)
    assert nights.scan().altered == 1
    nights.put(b"more", mtime_ns=LATER + 1)
    nights.scan(kept=False)
    nights.verify(first=True)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.storage.put("restored", GOOD)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_came_back_after_it_was_given_up_and_went_again_is_told_though_a_scan_was_killed(
    nights,
):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.put(GOOD)
    nights.scan(kept=False)
    del nights.storage.files[b"f/a"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.accept()
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_was_given_up_counts_again_once_that_is_withdrawn_though_another_lies_there(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.put(WRITTEN, mtime_ns=LATER)
    assert nights.scan().found == 0
    assert to_withdraw(nights.repository, TARGET.place, "nas", ()).findings == ()
    shown = to_withdraw(nights.repository, TARGET.place, "nas", ("f/a",))
    done = withdraw(nights.repository, TARGET.place, shown, "bob", utc_now())
    assert [finding.accepted.withdrawn_by for finding in done.findings] == ["bob"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.accept()
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_was_given_up_beside_damage_is_withdrawn_once_that_is_written_over(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.put(WRITTEN, mtime_ns=LATER)
    nights.scan()
    nights.put(ROTTEN, mtime_ns=LATER)
    assert nights.scan().altered_first == [b"f/a"]
    nights.accept()
    nights.put(b"more", mtime_ns=LATER + 1)
    assert nights.scan().found == 0
    shown = to_withdraw(nights.repository, TARGET.place, "nas", ("f/a",))
    assert withdraw(nights.repository, TARGET.place, shown, "bob", utc_now()).findings
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("how", ["closed", "left out"])
@pytest.mark.parametrize("data", [b"", GOOD])
def test_what_was_given_up_stays_so_after_a_night_in_which_nobody_could_look(nights, data, how):
    nights.put(data, mtime_ns=LATER)
    nights.scan()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]
    nights.accept()
    assert nights.scan().found == 0
    if how == "closed":
        nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    nights.scan(excluded=("f/",) if how == "left out" else ())
    nights.storage.files.pop(b"f/", None)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_was_whole_after_its_damage_was_accepted_is_missed_though_scans_were_killed(nights):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    nights.put(GOOD)
    nights.scan(kept=False)
    del nights.storage.files[b"f/a"]
    nights.scan(kept=False)
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.storage.put("restored", GOOD)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_was_given_up_is_not_told_again_whatever_else_is_over(nights, monkeypatch):
    monkeypatch.setattr(episodes, "MOST_RESOLVED", 3)
    for number in range(5):
        nights.storage.put(f"old/{number}", b"%d" % number)
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.put(WRITTEN, mtime_ns=LATER)
    assert nights.scan().found == 0
    for number in range(5):
        nights.storage.put(f"old/{number}", b"%d+" % number, mtime_ns=LATER)
    nights.scan()
    assert nights.verify().found["changed"] == 5
    nights.scan()
    nights.verify()
    assert len(nights.known()) == 1 + 3
    for _ in range(2):
        assert nights.scan().found == 0


def test_accepted_damage_that_goes_is_missed_though_the_scan_that_found_it_gone_was_killed(nights):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    del nights.storage.files[b"f/a"]
    nights.scan(kept=False)
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


def test_what_was_given_up_in_one_copy_and_went_once_more_in_the_other_is_missed(copies, nights):
    nights.accept()
    nights.put(GOOD)
    copies.other()
    del nights.storage.files[b"f/a"]
    assert copies.other().missing_first == [b"f/a"]
    nights.put(WRITTEN, mtime_ns=LATER)
    copies.one()
    copies.put_together()
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("kept", [False, True])
def test_what_a_killed_scan_read_again_at_its_path_is_over(copies, nights, kept):
    nights.put(GOOD)
    nights.scan(kept=kept)
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().found == 0


@pytest.mark.parametrize("kept", [False, True])
def test_what_was_written_over_damage_and_went_is_missed_alone(nights, kept):
    nights.put(ROTTEN)
    nights.scan()
    nights.put(WRITTEN, mtime_ns=LATER)
    nights.scan(kept=kept)
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]
    nights.storage.put("restored", WRITTEN)
    for _ in range(2):
        assert nights.scan().found == 0


@pytest.fixture
def emptied(nights):
    """Let an empty file go that scans have read."""
    nights.put(b"", mtime_ns=LATER)
    nights.scan()
    del nights.storage.files[b"f/a"]
    return nights


@pytest.mark.parametrize("kept", [False, True])
def test_an_empty_file_that_is_gone_is_missed_also_where_another_lies(emptied, kept):
    emptied.scan(kept=kept)
    emptied.put(WRITTEN, mtime_ns=LATER + 1)
    for _ in range(2):
        assert emptied.scan().missing_first == [b"f/a"]
    emptied.storage.put("any other", b"")
    assert emptied.scan().missing == 1
    emptied.put(b"", mtime_ns=LATER + 2)
    assert emptied.scan().found == 0
    emptied.put(WRITTEN, mtime_ns=LATER + 3)
    for _ in range(2):
        assert emptied.scan().found == 0


def test_what_was_given_up_of_an_empty_file_is_withdrawn(emptied):
    emptied.scan()
    emptied.accept()
    emptied.put(WRITTEN, mtime_ns=LATER + 1)
    assert emptied.scan().found == 0
    shown = to_withdraw(emptied.repository, TARGET.place, "nas", ("f/a",))
    withdraw(emptied.repository, TARGET.place, shown, "bob", utc_now())
    assert emptied.scan().missing_first == [b"f/a"]


def test_what_was_given_up_is_not_told_as_its_bytes_came_elsewhere_and_went(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.storage.put("q", GOOD)
    nights.scan(excluded=("f/",))
    del nights.storage.files[b"q"]
    assert nights.scan().missing_first == [b"q"]


def test_what_was_given_up_stays_so_after_another_of_its_time_was_written_over(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.put(ROTTEN)
    assert nights.scan().altered == 1
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_a_killed_scan_found_where_it_was_moved_is_over(copies, nights):
    nights.storage.put("restored", GOOD)
    nights.scan(kept=False)
    nights.put(WRITTEN, mtime_ns=LATER)
    for _ in range(2):
        assert nights.scan().found == 0


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("is_last", [True, False])
def test_what_was_given_up_in_one_copy_and_was_back_in_the_other_is_missed_again(
    nights, tmp_path, is_last, kept
):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    assert nights.scan().found == 0
    copies = Copies(nights, tmp_path)
    nights.put(GOOD)
    copies.other(kept=kept)
    del nights.storage.files[b"f/a"]
    assert copies.other(kept=kept).scan
    if is_last:
        assert copies.one().found == 0
    copies.put_together()
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.accept()
    assert nights.scan().found == 0


def test_damage_that_was_accepted_in_one_copy_and_whole_in_the_other_is_damage_again(
    nights, tmp_path
):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    copies = Copies(nights, tmp_path)
    nights.put(GOOD)
    copies.other()
    nights.put(ROTTEN)
    assert copies.other().altered == 1
    assert copies.one().found == 0
    copies.put_together()
    for _ in range(2):
        assert nights.scan().altered == 1


@pytest.mark.parametrize("then", ["closed", "rotten", "killed"])
def test_what_a_killed_scan_read_again_is_over_whatever_is_told_in_the_nights_between(
    copies, nights, then
):
    nights.put(GOOD)
    nights.scan(kept=False)
    if then == "killed":
        for _ in range(2):
            nights.scan(kept=False)
    if then == "closed":
        nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
        del nights.storage.files[b"z"]
        nights.scan()
        del nights.storage.files[b"f/"]
    nights.put(WRITTEN, mtime_ns=LATER)
    if then == "rotten":
        nights.storage.put("z", b"y")
    for _ in range(2):
        assert b"f/a" not in nights.scan().missing_first


def test_what_was_given_up_and_is_gone_anew_is_told_by_a_comparison(nights):
    """What the first scan has was read before anybody accepted anything."""
    nights.storage.now = 1_600_000_000
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.put(GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.scan(kept=False)
    _, was, *_, now = record.whole(nights.repository, TARGET.place)
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)
    both = nights.repository, nights.repository
    assert scans.compare(of_scan(was), of_scan(now), "nas", means, both).found == {"missing": 1}


def lose_remembered(nights, scan):
    nights.repository.remove(layout.part(scan.remembered))


@pytest.mark.parametrize("then", ["goes", "rots"])
def test_what_lies_hidden_where_another_is_missed_is_known_though_what_is_remembered_is_lost(
    nights, then
):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.put(WRITTEN, mtime_ns=LATER)
    nights.scan()
    lose_remembered(nights, nights.scan(excluded=("f/",)).scan)
    nights.storage.files.pop(b"f/a")
    if then == "rots":
        nights.put(b"WRITTEN", mtime_ns=LATER)
    nights.scan(excluded=("f/",))
    assert nights.scan().found == 1
    nights.storage.put("restored", GOOD)
    for _ in range(2):
        ended = nights.scan()
        assert (ended.missing, ended.altered) == ((1, 0) if then == "goes" else (0, 1))


@pytest.mark.parametrize("is_lost", [True, False])
def test_when_a_file_went_is_known_though_what_is_remembered_is_lost(nights, is_lost):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.scan()
    nights.put(GOOD)
    nights.scan(kept=False)
    del nights.storage.files[b"f/a"]
    last = nights.scan(kept=False).scan
    if is_lost:
        lose_remembered(nights, last)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("is_left_out", [True, False])
@pytest.mark.parametrize("then", [WRITTEN, None])
def test_what_was_given_up_and_one_copy_read_again_is_missed_though_the_other_left_it_out(
    nights, tmp_path, is_left_out, then
):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    copies = Copies(nights, tmp_path)
    nights.put(GOOD)
    copies.other()
    if is_left_out:
        nights.scan(excluded=("f",))
    copies.put_together()
    del nights.storage.files[b"f/a"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    if then:
        nights.put(then, mtime_ns=LATER)
        assert nights.scan().missing_first == [b"f/a"]
