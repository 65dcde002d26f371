"""Scans within limits that read the oldest proofs first: what is read when, and what is said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from msgspec.structs import replace

from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.outcome import COMPLETE, INCOMPLETE, UNFINISHED, Scanned, Wish
from reconciler.recovery.scanning.reading import crew
from reconciler.recovery.scanning.reading.pace import Pace
from support.recovery.memory import Storage
from support.recovery.scans import here, names, rows, scan_once, table

FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)
DAY = 86_400
Night = Callable[..., Scanned]


@pytest.fixture
def night(repository: Repository) -> Callable[[Storage], Night]:
    """Give what scans a storage in one night, so many days after the first one."""

    def of(storage: Storage) -> Night:
        def run(day: float, *, most: int | None = None, every: int = 10, **more) -> Scanned:
            now = FIRST + timedelta(days=day)
            storage.now, storage.read = int(now.timestamp()), []
            pace = more.pop("pace", None) or Pace(most=most)
            wish = Wish(every=every * DAY, **more)
            return scan_once(storage, repository, wish=wish, pace=pace, by=here(now))

        return run

    return of


def filled(count: int, data: bytes = b"12345") -> Storage:
    storage = Storage(batch=7)
    for i in range(count):
        storage.put(f"{i:03}", data)
    return storage


def test_all_that_is_new_is_read_in_the_first_night(repository, night) -> None:
    storage = filled(20)
    ended = night(storage)(0)
    assert (ended.status, ended.files_read, ended.unread) == (COMPLETE, 20, 0)
    assert {row["proof"] for row in table(rows(repository, ended.scan)).values()} == {"read"}


def test_each_night_has_its_share_and_each_file_its_turn(night) -> None:
    storage = filled(80)
    run = night(storage)
    run(0)
    seen = set()
    for day in range(1, 9):  # 0.8 of ten days
        ended = run(day)
        assert ended.status == COMPLETE
        assert (len(storage.read), ended.files_kept) == (10, 70)
        assert seen.isdisjoint(storage.read)
        seen.update(storage.read)
    assert len(seen) == 80


def test_after_a_long_time_without_a_night_all_is_due_at_once(night) -> None:
    storage = filled(20)
    run = night(storage)
    run(0)
    assert run(30).files_read == 20


def test_a_budget_that_is_too_small_leaves_a_record_and_the_oldest_come_first(
    repository, night
) -> None:
    storage = filled(20)
    run = night(storage)
    run(0)
    read = []
    for day in range(30, 34):
        ended = run(day, most=25)
        assert (ended.status, ended.files_read) == (COMPLETE, 5)
        assert ended.due_left == 20 - 5 * (day - 29) or day > 30  # later, some are due anew
        assert names(repository, "unfinished/") == []
        read += storage.read
    assert len(set(read)) == 20
    assert "that are due: they come first next time" in run(64, most=25).notes[-1]


def test_what_is_new_and_has_no_room_stands_as_not_read(repository, night) -> None:
    storage = filled(6)
    run = night(storage)
    ended = run(0, most=10)
    assert (ended.status, ended.unread) == (INCOMPLETE, 4)
    assert ended.reason == "A limit left no room for 4 files that are new or show a change"
    kinds = [row["kind"] for row in table(rows(repository, ended.scan)).values()]
    assert kinds == ["file", "file", *["unreadable"] * 4]
    assert {one.reason for one in ended.scan.unproved} == {"limit"}
    assert [run(day, most=10).unread for day in (1, 2)] == [2, 0]
    assert run(3).status == COMPLETE


def test_first_comes_what_has_been_unproved_for_the_longest_time(night) -> None:
    storage = filled(10)
    run = night(storage)
    run(0)
    moment = int((FIRST + timedelta(days=29)).timestamp()) * 10**9
    storage.put("000-new", b"12345", ctime_ns=moment, mtime_ns=moment)
    storage.put("zzz-was-never-read", b"12345")
    run(30, most=10)
    assert storage.read == [b"zzz-was-never-read", b"000"]
    run(31, most=100)
    assert storage.read == [b"001", *(b"%03d" % i for i in range(2, 10)), b"000-new"]


def test_a_file_that_can_not_be_read_takes_nobodys_turn(repository, night) -> None:
    storage = filled(10)
    storage.errors[b"000"] = b"EIO"
    run = night(storage)
    run(0)
    assert run(30, most=5).files_read == 1
    assert storage.read == [b"001"]
    ended = run(31)
    assert storage.read[-1] == b"000"
    row = table(rows(repository, ended.scan))[b"000"]
    assert (row["kind"], row["detail"], row["sha256"]) == ("unreadable", b"EIO", None)
    del storage.errors[b"000"]
    assert run(32).status == COMPLETE


def test_a_file_that_is_too_large_for_any_night_takes_nobodys_turn(night) -> None:
    storage = filled(3)
    storage.put("000", b"x" * 50)
    run = night(storage)
    assert run(0).status == COMPLETE
    ended = run(30, most=10)
    assert storage.read == [b"001", b"002"]
    told = "1 file that is due is larger than --max-bytes, and so never read"
    assert ended.notes == [told]
    storage.put("big", b"x" * 50)
    ended = run(31, most=10)
    assert "larger than --max-bytes itself, and so never read: 1" in ended.reason


def test_what_is_rotten_is_found_when_its_turn_comes(night) -> None:
    storage = filled(4)
    run = night(storage)
    run(0)
    storage.files[b"001"].data = b"54321"
    ended = run(30)
    assert (ended.altered, ended.altered_first) == (1, [b"001"])


def test_what_is_rotten_is_told_each_time_that_it_is_read(night) -> None:
    storage = filled(4)
    run = night(storage)
    run(0)
    storage.files[b"001"].data = b"54321"
    assert [run(day).altered_first for day in (30, 60)] == [[b"001"]] * 2


@pytest.mark.parametrize("column", ["ctime_ns", "inode"])
def test_what_shows_a_change_and_was_not_read_yet_is_not_proved_and_is_looked_at_first(
    repository, night, column
) -> None:
    storage = filled(4)
    run = night(storage)
    run(0)
    for file in storage.files.values():
        setattr(file, column, getattr(file, column) + 1)
    storage.files[b"003"].data = b"54321"
    ended = run(2, most=5)
    assert (ended.status, ended.unread, storage.read) == (INCOMPLETE, 3, [b"000"])
    assert [row["sha256"] for row in table(rows(repository, ended.scan)).values()][1:] == [None] * 3
    ended = run(3)
    assert storage.read[:3] == [b"001", b"002", b"003"]
    assert ended.altered_first == [b"003"]  # what it should be is remembered


def test_what_shows_a_change_and_no_run_has_room_for_is_never_called_proved(
    repository, night
) -> None:
    storage = filled(2)
    run = night(storage)
    run(0)
    storage.files[b"001"].inode += 1
    for day in (1, 2):
        ended = run(day, most=4)
        assert (ended.status, ended.unread) == (INCOMPLETE, 1)
        assert "larger than --max-bytes itself, and so never read: 1" in ended.reason


def test_what_was_written_and_not_read_yet_has_no_hash(repository, night) -> None:
    storage = filled(3)
    run = night(storage)
    run(0)
    for file in storage.files.values():
        file.data, file.mtime_ns = b"other", file.mtime_ns + 1
    ended = run(1, most=5)
    assert [row["sha256"] for row in table(rows(repository, ended.scan)).values()][1:] == [None] * 2


def test_what_has_another_size_and_was_not_read_yet_has_no_hash(repository, night) -> None:
    storage = filled(3)
    run = night(storage)
    run(0)
    for file in storage.files.values():
        file.data += b"6"
        file.ctime_ns += 1
    ended = run(1, most=6)
    assert [row["sha256"] for row in table(rows(repository, ended.scan)).values()][1:] == [None] * 2


def test_what_is_gone_when_its_turn_comes_is_gone(repository, night) -> None:
    storage = filled(4)
    run = night(storage)
    run(0)
    storage.vanished = {b"002"}
    ended = run(30)
    assert ended.status == COMPLETE
    assert list(table(rows(repository, ended.scan))) == [b"000", b"001", b"003"]


def test_what_is_gone_and_can_not_be_looked_for_again_stands_as_it_was_listed(
    repository, night
) -> None:
    storage = filled(4)
    run = night(storage)
    run(0)
    storage.vanished = {b"000"}
    time = [0.0]
    storage.on_read = lambda path: time.__setitem__(0, float(path == b"001"))
    ended = run(30, pace=Pace(until=0.5, clock=lambda: time[0]))
    assert ended.status == COMPLETE
    assert table(rows(repository, ended.scan))[b"000"]["proof"] == "kept"


def test_the_time_that_is_up_ends_the_reading_and_not_the_scan(repository, night) -> None:
    storage = filled(8)
    run = night(storage)
    time = [0.0]
    storage.on_read = lambda path: time.__setitem__(0, float(path >= b"003"))
    ended = run(0, pace=Pace(until=0.5, clock=lambda: time[0]))
    assert ended.status == INCOMPLETE
    assert ended.unread == 8 - ended.files_read > 0
    assert len(table(rows(repository, ended.scan))) == 8


def test_time_that_is_up_while_a_storage_is_listed_proves_nothing(repository, night) -> None:
    storage = filled(20)
    time = [0.0]
    storage.on_batch = lambda number: time.__setitem__(0, float(number == 2))
    ended = night(storage)(0, pace=Pace(until=0.5, clock=lambda: time[0]))
    assert (ended.status, ended.scan) == (UNFINISHED, None)


def test_a_read_that_hangs_when_the_time_is_up_proves_nothing(night, monkeypatch) -> None:
    monkeypatch.setattr(crew, "_LOOK", 0.01)
    monkeypatch.setattr(crew, "_PATIENCE", 0.02)
    storage, goes_on, time = filled(8), Event(), [0.0]

    def hang(_path: bytes) -> None:
        time[0] = 1.0
        goes_on.wait(60)

    storage.on_read = hang
    try:
        ended = night(storage)(0, pace=Pace(until=0.5, clock=lambda: time[0]))
    finally:
        goes_on.set()
    assert (ended.status, ended.scan) == (UNFINISHED, None)


def test_who_asks_for_an_end_gets_it_and_the_next_run_goes_on(repository, night) -> None:
    storage = filled(200)
    run = night(storage)
    asked = []
    storage.on_read = lambda path: asked.append(path) if path == b"150" else None
    ended = run(0, pace=Pace(asked=lambda: bool(asked)))
    assert ended.status == UNFINISHED
    first = set(storage.read)
    storage.on_read = lambda path: None
    ended = run(1)
    assert ended.status == COMPLETE
    assert 0 < len(first) < 200
    assert first.isdisjoint(storage.read)
    assert first | set(storage.read) == set(storage.files)


def test_where_no_inode_can_be_trusted_each_file_has_its_turn_all_the_same(night) -> None:
    storage = filled(80)
    storage.root = replace(storage.root, file_system="cifs")
    run = night(storage)
    run(0)
    for file in storage.files.values():
        file.inode += 1000
    ended = run(1)
    assert (ended.files_read, ended.status) == (10, COMPLETE)
    assert ended.notes[0].startswith("Hashes are kept by size and time of the last write alone: ")


def test_an_undisturbed_storage_writes_no_new_part(repository, night) -> None:
    storage = filled(10)
    run = night(storage)
    run(0)
    one, other = run(1 / DAY), run(2 / DAY)
    assert one.files_read == other.files_read == 0
    assert one.scan.contents == other.scan.contents


def test_hashes_are_of_what_was_read(repository, night) -> None:
    storage = filled(3)
    row = table(rows(repository, night(storage)(0).scan))[b"000"]
    assert row["sha256"] == hashlib.sha256(b"12345").digest()
