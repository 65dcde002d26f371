"""What killed scans had found, where a repository has lost, kept back or pruned what it knew."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, datetime

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from reconciler.environment.timestamps import utc_now
from reconciler.errors import RepositoryError
from reconciler.recovery import seal
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings import record as findings_record
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.verifying import elsewhere, losses
from reconciler.recovery.verifying.telling import forgotten
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, ROTTEN, WRITTEN, put_together
from support.recovery.scans import here

KEY = layout.storage_key(TARGET.place)


@pytest.fixture(params=[True, False], ids=["told", "killed"])
def kept(request):
    """Whether a scan keeps what it has found, or is killed before."""
    return request.param


@pytest.fixture
def closed(nights, monkeypatch):
    """Return what lets a repository take no findings, and take them again."""
    written = nights.repository.write

    def write(name, data, **more):
        if is_closed and name.startswith(layout.FINDINGS):
            raise RepositoryError("permission denied")
        return written(name, data, **more)

    def close(value):
        nonlocal is_closed
        is_closed = value

    is_closed = False
    monkeypatch.setattr(nights.repository, "write", write)
    return close


def lost(nights):
    """Return what puts the record of findings back, which can't be read until then."""
    kept = {name: nights.repository.read(name) for name in nights.repository.names(layout.FINDINGS)}
    for name in kept:
        nights.repository.remove(name)
        nights.repository.write(name, b"{}")

    def back():
        for name, data in kept.items():
            nights.repository.remove(name)
            nights.repository.write(name, data)

    return back


def test_findings_that_were_lost_are_held_against_what_scans_saw_meanwhile(nights, kept):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    nights.put(GOOD)
    nights.scan(kept=kept)
    back = lost(nights)
    for _ in range(2):
        assert nights.scan(excluded=("f",)).forgotten
    back()
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


def test_what_was_found_again_while_findings_were_lost_is_missed_no_more(nights, kept):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.put(GOOD)
    nights.scan(kept=kept)
    back = lost(nights)
    for _ in range(2):
        nights.scan(excluded=("f",))
    back()
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_was_accepted_while_findings_were_lost_is_not_told_again(nights):
    del nights.storage.files[b"z"]
    nights.scan()
    back = lost(nights)
    for data in (ROTTEN, GOOD, ROTTEN):
        nights.put(data)
        nights.scan()
    back()
    shown = nights.accept()
    assert {found.path for found in shown.findings} == {b"f/a", b"z"}
    for _ in range(2):
        assert nights.scan().found == 0
    of_a = [e for e in store.read(nights.repository, TARGET.place).episodes if e.path == b"f/a"]
    assert [bool(e.resolved) for e in of_a] == [True, False]


def test_a_scan_that_was_killed_is_told_of_where_the_storage_is_scanned_no_more(nights):
    nights.storage.put("y")
    nights.scan()
    del nights.storage.files[b"y"]
    nights.scan()
    nights.storage.put("y")
    nights.scan()
    del nights.storage.files[b"f/a"]

    def told():
        return elsewhere.gone(nights.repository, KEY, store.read_below(nights.repository, KEY))

    nights.scan(kept=False)
    assert "of which no finding is kept" in told()
    losses.accept(nights.repository, TARGET.place, utc_now())
    assert not told()
    # Whoever scans it again knows what it misses.
    assert nights.scan().missing_first == [b"f/a"]


def test_a_comparison_of_what_a_killed_scan_left_tells_that_it_was_killed(nights):
    nights.storage.put("y")
    nights.scan()
    del nights.storage.files[b"y"]
    nights.scan()
    nights.storage.put("y")
    nights.verified = nights.scan()
    nights.storage.put("came")
    nights.scan()
    del nights.storage.files[b"came"]
    nights.scan(kept=False)
    told = nights.verify(first=True)
    assert (told.forgotten, told.notes[-1]) == (True, forgotten.UNTOLD)
    assert nights.scan().missing_first == [b"came"]
    assert not nights.verify(first=True).forgotten


def test_each_file_without_room_is_told_by_the_scan_after_the_killed_one(nights, kept, monkeypatch):
    monkeypatch.setattr(episodes, "MOST_OPEN", 2)
    for name in "bcde":
        nights.storage.put(name)
    nights.scan()
    del nights.storage.files[b"e"]
    assert nights.scan().missing_first == [b"e"]
    nights.accept()
    for name in (b"b", b"c", b"d"):
        del nights.storage.files[name]
    if not kept:
        nights.scan(kept=False)
    ended = nights.scan()
    assert (ended.missing, ended.missing_first) == (3, [b"b", b"c", b"d"])
    known = store.read(nights.repository, TARGET.place)
    assert (len(known.episodes), known.no_room) == (2, 2)
    after = nights.scan()
    assert (after.missing_first, after.forgotten) == ([b"b", b"c"], True)


def test_a_scan_whose_record_is_gone_and_that_nobody_was_told_of_is_said_once(nights, closed):
    nights.put(ROTTEN)
    nights.scan()
    closed(True)
    gone = nights.scan().scan
    nights.scan()
    nights.repository.remove(f"{layout.scans(TARGET.place)}{gone.id}.json")
    closed(False)
    ended = nights.scan()
    assert (ended.forgotten, ended.notes[-1].startswith(f"What the scan {gone.id} had")) == (
        True,
        True,
    )
    assert not nights.scan().forgotten


def test_scans_that_were_told_and_pruned_long_ago_are_nobodys_loss(nights):
    for _ in range(3):
        nights.scan()
    for scan in record.whole(nights.repository, TARGET.place)[:-1]:
        nights.repository.remove(f"{layout.scans(TARGET.place)}{scan.id}.json")
    del nights.storage.files[b"f/a"]
    for _ in range(2):
        ended = nights.scan()
        assert (ended.missing_first, ended.forgotten) == ([b"f/a"], False)


def test_a_scan_that_an_earlier_version_was_killed_in_is_told_after_the_upgrade(nights, kept):
    del nights.storage.files[b"f/a"]
    nights.scan()
    _as_earlier(nights)
    nights.put(GOOD)
    nights.scan(kept=kept)
    if kept:
        _as_earlier(nights)
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    for _ in range(2):
        assert nights.scan().found == 0


def _as_earlier(nights):
    """Write the record of findings as versions did that said nothing of scans, after the last."""
    (name,) = nights.repository.names(layout.FINDINGS)
    written = findings_record.decode(nights.repository.read(name))
    nights.repository.remove(name)
    nights.repository.remove(*nights.repository.names(layout.FOUND))
    ended = record.whole(nights.repository, TARGET.place)[-1].ended_at
    digits = "".join(filter(str.isdigit, ended))
    name = f"{layout.findings(TARGET.place)}{digits}999-0123abcd.json"
    nights.repository.write(name, seal.sealed(replace(written, told_scans=UNSET)))


@pytest.mark.parametrize("is_told", [True, False])
def test_what_a_copy_was_killed_in_before_it_told_is_known_once_both_are_one(
    nights, tmp_path, kept, is_told
):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    shutil.copytree(tmp_path / "repo", tmp_path / "copy")
    one, other = nights.repository, open_repository(str(tmp_path / "copy"))
    if is_told:
        nights.scan()
    nights.put(GOOD)
    nights.scan(kept=kept)
    nights.repository = other
    nights.scan(excluded=("f",))
    put_together(tmp_path / "repo", tmp_path / "copy")
    nights.repository = one
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


def _as_untold(nights):
    """Write the record of findings as if no scan had been told, as after a loss."""
    known = store.read(nights.repository, TARGET.place)
    store.keep(nights.repository, TARGET.place, known.episodes, known, utc_now(), told_scans=("",))


@pytest.mark.parametrize("what", ["gone again", "rotten again", "moved there and gone"])
def test_scans_that_are_taken_up_once_more_change_nothing(nights, what):
    del nights.storage.files[b"f/a"]
    if what == "rotten again":
        nights.put(ROTTEN)
    nights.scan()
    if what == "moved there and gone":
        nights.storage.files[b"moved"] = dataclasses.replace(nights.storage.files[b"z"], data=GOOD)
        nights.scan()
        del nights.storage.files[b"moved"]
    nights.put(GOOD)
    nights.scan()
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    nights.scan()
    if what == "rotten again":
        nights.put(ROTTEN, mtime_ns=LONG_AGO + 1)
    else:
        del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.scan()

    def known():
        episodes = store.read(nights.repository, TARGET.place).episodes
        return [(e.what, e.path, e.first_seen, e.resolved, e.accepted, e.missed) for e in episodes]

    before = known()
    _as_untold(nights)
    assert nights.scan().found == 0
    assert known() == before


def test_who_accepts_something_after_an_upgrade_tells_of_no_scan(nights, kept):
    nights.storage.put("y")
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    del nights.storage.files[b"y"]
    nights.scan()
    _as_earlier(nights)
    nights.put(GOOD)
    nights.scan(kept=kept)
    nights.accept()
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


@pytest.mark.parametrize("night", ["closed", "lost"])
def test_what_a_copy_was_killed_in_is_known_though_the_first_night_of_both_kept_nothing(
    nights, tmp_path, kept, closed, night
):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    shutil.copytree(tmp_path / "repo", tmp_path / "copy")
    one, other = nights.repository, open_repository(str(tmp_path / "copy"))
    nights.put(GOOD)
    nights.scan(kept=kept)
    nights.repository = other
    nights.scan(excluded=("f",))
    put_together(tmp_path / "repo", tmp_path / "copy")
    nights.repository = one
    closed(night == "closed")
    back = lost(nights) if night == "lost" else lambda: None
    assert nights.scan(excluded=("f",)).forgotten
    closed(False)
    back()
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


def test_a_scan_by_a_clock_ahead_that_was_removed_hides_none_after_it(nights, kept):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    ahead = nights.scan(by=here(datetime(2027, 11, 1, tzinfo=UTC))).scan
    nights.repository.remove(f"{layout.scans(TARGET.place)}{ahead.id}.json")
    nights.repository.remove(layout.finished(TARGET.place, ahead.id))
    nights.put(GOOD)
    nights.scan(kept=kept)
    nights.scan(excluded=("f",))
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


@pytest.mark.parametrize("are_marks_away", [True, False])
def test_findings_that_were_not_mounted_are_held_against_what_scans_saw_meanwhile(
    nights, are_marks_away
):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    for _ in range(7):
        nights.scan(excluded=("f",))
    folders = [layout.FINDINGS, *([layout.FOUND] if are_marks_away else [])]
    names = [name for folder in folders for name in nights.repository.names(folder)]
    away = {name: nights.repository.read(name) for name in names}
    for name in names:
        nights.repository.remove(name)
    nights.put(GOOD)
    assert nights.scan().forgotten
    assert nights.scan(excluded=("f",)).forgotten
    for name, data in away.items():
        nights.repository.write(name, data)
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


def test_a_killed_scan_whose_contents_were_away_for_a_night_is_told_once_they_are_back(
    nights, kept
):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    nights.put(GOOD)
    part = layout.part(nights.scan(kept=kept).scan.contents)
    data = nights.repository.read(part)
    nights.repository.remove(part)
    for _ in range(2):
        ended = nights.scan(excluded=("f",))
        assert ended.forgotten
        assert not any(note.startswith("What the scan") for note in ended.notes)
    nights.repository.write(part, data)
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


def test_one_whose_contents_stay_away_is_missed_until_somebody_accepts_that(nights):
    nights.put(ROTTEN)
    nights.scan()
    nights.put(GOOD)
    nights.repository.remove(layout.part(nights.scan(kept=False).scan.contents))
    for _ in range(3):
        assert nights.scan(excluded=("f",)).forgotten
    assert not nights.scan(excluded=("f",), accept_loss=("nas",)).forgotten
    assert not nights.scan(excluded=("f",)).forgotten


def test_a_scan_of_a_copy_is_taken_up_though_what_it_was_made_after_was_pruned(
    nights, tmp_path, kept
):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    shutil.copytree(tmp_path / "repo", tmp_path / "copy")
    one, other = nights.repository, open_repository(str(tmp_path / "copy"))
    told = nights.scan(excluded=("f",)).scan
    nights.put(GOOD)
    nights.scan(kept=kept)
    one.remove(f"{layout.scans(TARGET.place)}{told.id}.json")
    nights.repository = other
    nights.scan(excluded=("f",))
    put_together(tmp_path / "repo", tmp_path / "copy")
    nights.repository = one
    nights.put(ROTTEN)
    for _ in range(2):
        assert nights.scan().altered_first == [b"f/a"]


@pytest.mark.parametrize("where", ["in a copy", "before the last"])
def test_a_scan_that_is_not_the_last_is_told_of_while_nobody_scans(nights, tmp_path, closed, where):
    nights.storage.put("y")
    nights.scan()
    del nights.storage.files[b"y"]
    nights.scan()
    nights.storage.put("y")
    nights.scan()
    shutil.copytree(tmp_path / "repo", tmp_path / "copy")
    one, other = nights.repository, open_repository(str(tmp_path / "copy"))
    del nights.storage.files[b"f/a"]
    closed(where == "before the last")
    nights.scan(kept=where == "before the last")
    nights.repository = other if where == "in a copy" else one
    nights.scan(excluded=("f",))
    closed(False)
    put_together(tmp_path / "repo", tmp_path / "copy")
    nights.repository = one

    def told():
        known = store.read(one, TARGET.place)
        lasts = LastRecords(one)
        return (
            elsewhere.gone(one, KEY, known),
            forgotten.sentences(one, lasts, TARGET.place, known),
        )

    gone, sentences = told()
    assert "of which no finding is kept" in gone
    assert sentences == [forgotten.UNTOLD]
    losses.accept(one, TARGET.place, utc_now())
    assert told() == ("", [])


def test_each_file_without_room_is_counted_though_the_next_scan_can_not_see_it(nights, monkeypatch):
    monkeypatch.setattr(episodes, "MOST_OPEN", 2)
    for name in "bcde":
        nights.storage.put(f"d/{name}")
    nights.storage.put("y")
    nights.scan()
    for name in "bcde":
        del nights.storage.files[b"d/" + name.encode()]
    nights.scan(kept=False)
    del nights.storage.files[b"y"]
    assert nights.scan(excluded=("d",)).missing_first == [b"y"]
    known = store.read(nights.repository, TARGET.place)
    assert (len(known.episodes), known.no_room) == (2, 3)
