"""Storages held against their objectives: nothing is called proved that was not read in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.errors import RepositoryError
from reconciler.model import Objective
from reconciler.recovery.findings import accepting, store
from reconciler.recovery.proving import reached
from reconciler.recovery.proving.objective import Declared, prove
from reconciler.recovery.proving.results import Coverage, Much, Proved, StorageProved
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.values import Accepted, LeftOut
from reconciler.recovery.verifying import remembered
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import here, scan_once

FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)
DAY = 86_400
OBJECTIVE = Objective(every=10 * DAY)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "repository"), make=True)


@pytest.fixture
def storage() -> Storage:
    made = Storage()
    for i in range(6):
        made.put(f"raw/{i}", b"12345")
    return made


def scan(storage: Storage, repository: Repository, day: float, **more) -> Scanned:
    moment = FIRST + timedelta(days=day)
    storage.now = int(moment.timestamp())
    pace = Pace(most=more.pop("most", None))
    ended = scan_once(storage, repository, wish=Wish(**more), pace=pace, by=here(moment))
    remembered.keep(repository, ended, lambda: moment)
    reached.keep(repository, TARGET, ended, lambda: moment)
    return ended


def proved(repository: Repository, day: float, objective: Objective = OBJECTIVE) -> StorageProved:
    now = int((FIRST + timedelta(days=day)).timestamp())
    (one,) = prove(repository, [Declared("nas", TARGET.place, objective)], now).storages
    return one


def coverage(repository: Repository, day: float, objective: Objective = OBJECTIVE) -> Coverage:
    one = proved(repository, day, objective).coverage
    assert one is not None
    return one


def test_what_was_never_scanned_is_not_proved(repository) -> None:
    one = proved(repository, 0)
    assert (one.coverage, one.verdict) == (None, "not_proved")
    assert prove(repository, [], 0).verdict == "not_proved"


def test_a_proof_holds_for_a_cycle_and_not_longer(repository, storage) -> None:
    scan(storage, repository, 0)
    assert proved(repository, 10).verdict == "proved"
    one, first = proved(repository, 10 + 1 / DAY), int(FIRST.timestamp())
    assert one.verdict == "not_proved"
    assert one.coverage == Coverage(late=Much(6, 30), oldest=first, latest=first)


def test_a_proof_of_a_time_that_has_not_come_yet_proves_nothing(repository, storage) -> None:
    scan(storage, repository, 20)
    assert proved(repository, 20 - 300 / DAY).verdict == "proved"
    one = proved(repository, 20 - 301 / DAY)
    assert one.verdict == "not_proved"
    assert one.coverage is not None
    assert (one.coverage.ahead, one.coverage.proved, one.coverage.files) == (Much(6, 30), Much(), 6)
    assert one.coverage.oldest is None


def test_a_hash_that_is_kept_proves_the_day_on_which_it_was_read(repository, storage) -> None:
    scan(storage, repository, 0)
    assert scan(storage, repository, 9).files_kept == 6
    assert coverage(repository, 11).late == Much(6, 30)


def test_what_has_no_hash_is_not_proved(repository, storage) -> None:
    storage.errors[b"raw/1"] = b"EIO"
    storage.put("archived", kind="archived")
    scan(storage, repository, 0, every=DAY, most=15)
    one = coverage(repository, 0)
    assert one.proved == Much(2, 10)
    assert (one.never.files, one.unread) == (5, 3)


def test_a_folder_that_can_not_be_listed_may_hold_anything(repository, storage) -> None:
    storage.put("raw/closed/", kind="unreadable", detail=b"EACCES")
    scan(storage, repository, 0)
    one = proved(repository, 0)
    assert one.coverage == replace(coverage(repository, 0), closed=1, never=Much())
    assert one.verdict == "not_proved"


def test_an_object_whose_key_ends_like_a_folder_is_one_file(repository, storage) -> None:
    storage.put("raw/", b"an object")
    storage.errors[b"raw/"] = b"403"
    scan(storage, repository, 0)
    one = coverage(repository, 0)
    assert (one.closed, one.never.files) == (0, 1)


def test_what_is_no_file_needs_no_proof(repository, storage) -> None:
    for kind in ("link", "pipe", "marker", "folder", "deleted"):
        storage.put(kind, kind=kind)
    scan(storage, repository, 0)
    assert coverage(repository, 0).files == 6


def test_what_the_objective_leaves_out_needs_no_proof(repository, storage) -> None:
    scan(storage, repository, 0)
    scan(storage, repository, 9, every=DAY)
    storage.errors[b"raw/1"] = b"EIO"
    storage.files[b"raw/1"].ctime_ns += 1
    scan(storage, repository, 9.5)
    assert proved(repository, 10).verdict == "not_proved"
    assert proved(repository, 10, replace(OBJECTIVE, exclude=("raw/1",))).verdict == "proved"


def test_a_part_that_is_damaged_proves_nothing(repository, storage, tmp_path) -> None:
    ended = scan(storage, repository, 0)
    assert ended.scan is not None
    path = tmp_path / "repository" / layout.part(ended.scan.contents)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    one = proved(repository, 0)
    assert (one.coverage, one.verdict) == (None, "not_proved")
    assert "corrupt" in one.problem


def test_what_is_lost_of_earlier_scans_proves_nothing(repository, storage, tmp_path) -> None:
    ended = scan(storage, repository, 0)
    (tmp_path / "repository" / layout.part(ended.scan.contents)).unlink()
    storage.put("new", b"new")
    scan(storage, repository, 1)
    one = proved(repository, 1)
    assert (one.coverage.late.files, one.verdict) == (0, "not_proved")
    assert ended.scan.id in one.problem


def test_bytes_that_were_read_and_are_wrong_are_no_success(repository, storage) -> None:
    scan(storage, repository, 0)
    storage.files[b"raw/1"].data = b"54321"
    scan(storage, repository, 1, full=True)
    one = proved(repository, 1)
    assert (one.is_proved, one.verdict, one.wrong) == (True, "wrong", {"damaged": 1})
    shown = accepting.to_accept(repository, TARGET.place, "nas", ())
    moment = FIRST + timedelta(days=2)
    accepting.accept(repository, TARGET.place, shown, Accepted("", "me"), moment)
    assert proved(repository, 1).verdict == "proved"


def test_since_when_a_storage_is_not_reachable_is_known_until_it_is_again(
    repository, storage
) -> None:
    scan(storage, repository, 0)
    storage.on_prove = lambda _number: storage.lose()
    for day in (3, 4):
        assert scan(storage, repository, day).status == "not_reachable"
    one = proved(repository, 5)
    assert one.not_reachable_since == "2026-11-04T02:00:00.000Z"
    assert one.not_reachable == "file:///nas is not mounted"
    assert one.verdict == "proved"  # each byte was read within the cycle
    assert proved(repository, 11).verdict == "not_proved"
    storage.on_prove = lambda _number: None
    scan(storage, repository, 6)
    assert proved(repository, 6).not_reachable_since == ""


def test_that_nothing_could_be_kept_is_told(repository, storage, tmp_path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RepositoryError("the disk is full")

    monkeypatch.setattr(store, "read", fail)
    ended = Scanned("nas", "not_reachable", "away")
    reached.keep(repository, TARGET, ended, lambda: FIRST)
    assert ended.notes == ["Whether it could be reached could not be kept: the disk is full"]


def test_what_is_gone_is_told_though_a_limit_left_much_unread(repository, storage) -> None:
    scan(storage, repository, 0)
    moment = int((FIRST + timedelta(days=1)).timestamp()) * 10**9
    for i in range(6):
        storage.put(f"raw/new-{i}", b"12345", mtime_ns=moment, ctime_ns=moment)
    del storage.files[b"raw/3"]
    ended = scan(storage, repository, 2, every=10 * DAY, most=10)
    assert (ended.unread, ended.missing_first) == (6, [b"raw/3"])


def test_of_nothing_nobody_says_that_it_is_proved(repository, storage) -> None:
    storage.files.clear()
    scan(storage, repository, 0)
    declared = [Declared("nas", TARGET.place, OBJECTIVE)]
    told = prove(repository, declared, int(FIRST.timestamp()))
    assert (told.verdict, told.is_empty) == ("not_proved", True)


def test_a_storage_of_which_all_is_left_out_is_not_proved(repository, storage) -> None:
    scan(storage, repository, 0)
    one = proved(repository, 0, replace(OBJECTIVE, exclude=("**",)))
    assert one.verdict == "not_proved"
    assert one.coverage is not None
    assert one.coverage.exempt == 6
    by_the_scan = replace(one, coverage=Coverage(), exempt=(LeftOut("**", 6),))
    assert by_the_scan.verdict == "not_proved"


@pytest.mark.parametrize(
    ("more", "known"),
    [
        ({}, True),
        ({"coverage": Coverage(closed=1)}, False),
        ({"not_reachable_since": "2026-01-01T00:00:00Z"}, False),
        ({"problem": "lost"}, False),
    ],
)
def test_only_what_was_looked_through_is_known_to_be_empty(more, known) -> None:
    one = replace(StorageProved("nas", "local:file:///nas", OBJECTIVE, Coverage()), **more)
    result = Proved("", 0, (one,))
    assert (result.is_empty, result.is_known_empty) == (True, known)


def test_what_a_scan_found_that_was_killed_before_it_kept_that_is_not_proved(
    repository, storage
) -> None:
    scan(storage, repository, 0)
    del storage.files[b"raw/3"]
    scan_once(storage, repository, by=here(FIRST + timedelta(days=1)))
    one = proved(repository, 2)
    assert (one.verdict, one.wrong) == ("not_proved", {})
    assert "scan it again" in one.problem
    scan(storage, repository, 2)
    one = proved(repository, 2)
    assert (one.wrong, one.problem) == ({"missing": 1}, "")
