"""What goes wrong while a storage is scanned: told, never taken for missing files."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from threading import Event

import pytest
from msgspec.structs import replace

from reconciler.errors import RepositoryError, UnreachableError
from reconciler.recovery.repository import layout, sound
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import (
    COMPLETE,
    INCOMPLETE,
    NOT_BEGUN,
    NOT_REACHABLE,
    UNFINISHED,
    Wish,
)
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.sources import open_source
from reconciler.recovery.values import Scan, Target, Unproved
from support.recovery.failing import Failing
from support.recovery.memory import LONG_AGO, TARGET, Storage
from support.recovery.scans import here, names, rows, scan_once, table

KEY = layout.storage_key(TARGET.place)


def some(count: int = 300) -> Storage:
    storage = Storage(batch=50)
    for i in range(count):
        storage.put(f"{i:04}", b"%d" % i)
    return storage


def scans(repository) -> list[Scan]:
    return record.whole(repository, TARGET.place)


def same(one: Scan | None, other: Scan | None, repository) -> bool:
    """Say whether two scans found the same, but for when and how it was proved."""
    return plain(repository, one) == plain(repository, other)


def plain(repository, scan: Scan | None) -> dict:
    return {
        path: {name: value for name, value in row.items() if name not in ("proof", "proved_at")}
        for path, row in table(rows(repository, scan)).items()
    }


def test_a_root_that_is_not_there_is_told_and_nothing_is_recorded(repository) -> None:
    storage = some()
    storage.on_prove = lambda number: storage.lose()
    ended = scan_once(storage, repository)
    assert (ended.status, ended.reason) == (NOT_REACHABLE, "file:///nas is not mounted")
    assert names(repository) == []
    assert storage.closed == 1


def test_a_root_that_is_lost_at_the_end_leaves_no_record(repository) -> None:
    storage = some()
    storage.on_prove = lambda number: storage.lose() if number == 2 else None
    ended = scan_once(storage, repository)
    assert (ended.status, ended.scan) == (NOT_REACHABLE, None)
    assert names(repository, "scans/") == []
    assert names(repository, "parts/") == []
    assert names(repository, "unfinished/") != []
    storage.read.clear()
    assert scan_once(storage, repository).status == COMPLETE
    assert storage.read == []  # it is mounted again, and nothing was touched


def test_a_root_that_is_lost_while_it_is_listed(repository) -> None:
    storage = some()
    # The first listing is that of the estimate.
    seen = []
    storage.on_batch = lambda number: (
        seen.append(number) or (storage.lose() if len(seen) == 6 + 4 else None)
    )
    ended = scan_once(storage, repository)
    assert (ended.status, ended.scan) == (NOT_REACHABLE, None)
    assert names(repository, "scans/") == []


def test_files_that_were_gone_for_a_while_are_no_missing_files(repository) -> None:
    """The mount was away while they were to be read, and is back when the root is proved."""
    storage = some()
    away = {b"%04d" % i for i in range(100, 250)}
    storage.vanished |= away
    storage.on_prove = lambda number: storage.vanished.clear() if number == 2 else None
    ended = scan_once(storage, repository, wish=Wish(workers=3))
    assert (ended.status, ended.files_read) == (COMPLETE, 300)
    assert rows(repository, ended.scan).path == sorted(storage.files)


def test_what_was_gone_is_looked_for_in_the_order_of_paths(repository) -> None:
    """Tasks end in any order; here the second is done before the first."""
    storage = some()
    second = Event()

    def on_read(path: bytes) -> None:
        if path == b"0063":  # the last of the first task
            assert second.wait(60)
        if path == b"0127":
            second.set()

    storage.on_read = on_read
    storage.vanished |= {b"0001", b"0100"}
    storage.on_prove = lambda number: storage.vanished.clear() if number == 2 else None
    ended = scan_once(storage, repository, wish=Wish(workers=2))
    assert rows(repository, ended.scan).path == sorted(storage.files)


def test_files_that_are_gone_are_left_out(repository) -> None:
    storage = some()
    storage.vanished |= {b"0100", b"0299"}
    ended = scan_once(storage, repository)
    assert ended.status == COMPLETE
    assert rows(repository, ended.scan).path == sorted(set(storage.files) - storage.vanished)


def test_so_many_gone_files_that_nobody_believes_it(repository, monkeypatch) -> None:
    monkeypatch.setattr("reconciler.recovery.scanning.storage._GONE", 10)
    storage = some()
    storage.vanished |= {b"%04d" % i for i in range(11)}
    ended = scan_once(storage, repository)
    assert (ended.status, ended.scan) == (UNFINISHED, None)
    assert "11 files" in ended.reason
    storage.vanished.clear()
    assert scan_once(storage, repository).status == COMPLETE


def test_a_clock_behind_the_last_scan_is_told(repository) -> None:
    """Scans sort by when they began: this one would never be the last one."""
    storage = some(3)
    future = datetime(2030, 1, 1, tzinfo=UTC)
    scan_once(storage, repository, by=here(future))
    ended = scan_once(storage, repository)
    assert (ended.status, ended.scan) == (NOT_BEGUN, None)
    assert "which began at 2030-01-01T00:00:00.000Z" in ended.reason
    assert scan_once(storage, repository, by=here(future + timedelta(days=1))).status == COMPLETE


def test_what_cannot_be_read_makes_a_scan_incomplete(repository) -> None:
    storage = some()
    storage.errors[b"0007"] = b"EIO"
    storage.put("dir/", kind="unreadable", detail=b"EACCES")
    ended = scan_once(storage, repository)
    assert ended.status == INCOMPLETE
    assert ended.scan is not None
    assert not ended.scan.complete
    read = len(storage.files) - 2
    assert (ended.files_read, ended.bytes_read) == (read, ended.scan.counts.bytes_read)
    assert ended.scan.unproved == (
        Unproved(b"0007", "EIO", "0007 could not be read: EIO"),
        Unproved(b"dir/", "EACCES", "dir/ could not be listed: EACCES"),
    )
    assert record.latest(repository, TARGET.place) is None
    assert record.latest(repository, TARGET.place, complete=False) == ended.scan
    storage.read.clear()
    storage.errors.clear()
    del storage.files[b"dir/"]
    again = scan_once(storage, repository)
    # What was read then need not be read again, though the scan was not complete.
    assert (again.status, storage.read) == (COMPLETE, [b"0007"])


def test_one_storage_does_not_stop_the_others(repository) -> None:
    gone, there = some(), some()
    gone.on_prove = lambda number: gone.lose()
    others = {"a": gone, "b": there}
    targets = [Target(name, name, "local", f"local:file:///{name}", "") for name in others]
    ended = list(
        scan(
            targets,
            repository,
            Wish(),
            here(),
            open_source=lambda target, excluded: others[target.name].open(target, excluded),
        )
    )
    assert [(one.storage, one.status) for one in ended] == [("a", NOT_REACHABLE), ("b", COMPLETE)]


def test_a_storage_that_can_not_be_opened_here(repository) -> None:
    def refuse(target, excluded):
        raise UnreachableError("no such address")

    (ended,) = scan([TARGET], repository, Wish(), here(), open_source=refuse)
    assert (ended.status, ended.reason) == (NOT_REACHABLE, "no such address")


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("end", ["bytes", "stop"])
def test_a_scan_goes_on_and_gives_what_an_undisturbed_one_gives(
    repository, tmp_path, full, end
) -> None:
    storage = some()
    wish = Wish(full=full)
    if full:  # there is an earlier scan, of which nothing may be taken
        scan_once(storage, repository)
    undisturbed = scan_once(some_as(storage), repository_at(tmp_path / "other"), wish=wish)
    reads: list[int] = []
    for _ in range(40):
        storage.read.clear()
        pace = Pace(most=60) if end == "bytes" else Pace()
        storage.on_read = stopping_after(pace, 70) if end == "stop" else lambda path: None
        ended = scan_once(storage, repository, wish=wish, pace=pace)
        reads.append(len(storage.read))
        if ended.status == COMPLETE:
            break
        assert ended.status == UNFINISHED
        assert ended.scan is None
        assert len(scans(repository)) == full
    assert ended.status == COMPLETE
    assert len(reads) > 2
    assert sum(reads) == 300  # nothing was read twice
    assert ended.went_on_from != ""
    assert names(repository, "unfinished/") == []
    other = repository_at(tmp_path / "other")
    assert rows(repository, ended.scan) == rows(other, undisturbed.scan)
    assert ended.scan is not None
    assert undisturbed.scan is not None
    assert (ended.scan.contents, ended.scan.stamps) == (
        undisturbed.scan.contents,
        undisturbed.scan.stamps,
    )
    assert ended.scan.counts == undisturbed.scan.counts


def stopping_after(pace: Pace, count: int):
    seen: list[bytes] = []

    def on_read(path: bytes) -> None:
        seen.append(path)
        if len(seen) == count:
            pace.stop()

    return on_read


def some_as(storage: Storage) -> Storage:
    return Storage(dict(storage.files), batch=50)


def repository_at(path):
    return open_repository(str(path), make=True)


def test_what_changed_meanwhile_is_read_again(repository) -> None:
    storage = some()
    assert scan_once(storage, repository, pace=Pace(most=400)).status == UNFINISHED
    done = set(storage.read)
    storage.read.clear()
    changed = sorted(done)[5]
    storage.files[changed].data = b"other"
    storage.files[changed].ctime_ns = LONG_AGO + 1
    assert scan_once(storage, repository).status == COMPLETE
    assert set(storage.read) == set(storage.files) - done | {changed}


def test_a_file_larger_than_the_budget_is_told(repository) -> None:
    storage = some(3)
    storage.put("large", b"x" * 1000)
    ended = scan_once(storage, repository, pace=Pace(most=100))
    assert ended.status == UNFINISHED
    assert "no room for 1 file:" in ended.reason
    assert "never read: 1" in ended.reason
    assert len(storage.read) == 3


def test_a_budget_holds_for_all_storages_and_one_that_needs_none_is_complete(repository) -> None:
    one, two = some(30), some(30)
    others = {"a": one, "b": two}
    targets = [Target(name, name, "local", f"local:file:///{name}", "") for name in others]

    def run(pace: Pace | None = None):
        return list(
            scan(
                targets,
                repository,
                Wish(),
                here(),
                pace=pace,
                open_source=lambda target, excluded: others[target.name].open(target, excluded),
            )
        )

    size = sum(len(file.data) for file in one.files.values())
    assert [ended.status for ended in run(Pace(most=size))] == [COMPLETE, UNFINISHED]
    assert two.read == []
    assert [ended.status for ended in run(Pace(most=size))] == [COMPLETE, COMPLETE]
    over = Pace(until=0)
    assert [ended.status for ended in run(over)] == [NOT_BEGUN, NOT_BEGUN]


@pytest.mark.parametrize("by_signal", [False, True])
def test_a_run_that_finished_no_file_says_so_and_what_helps(repository, by_signal) -> None:
    storage, over = some(3), Event()
    storage.on_read = lambda _path: over.set()
    ends = {"asked": over.is_set} if by_signal else {"clock": over.is_set, "until": True}
    for _ in range(2):
        ended = scan_once(storage, repository, pace=Pace(**ends))
        assert (ended.status, ended.files_read) == (UNFINISHED, 0)
        assert ended.reason.startswith("0 files were read to their end, so that the next run")
        assert ("--max-duration" in ended.reason) is not by_signal
        over.clear()


def test_an_interrupt_at_once_gets_through_and_the_next_run_goes_on(
    repository, monkeypatch
) -> None:
    monkeypatch.setattr("reconciler.recovery.scanning.storage._TOGETHER", 50)
    storage = some()
    many, lasts = Event(), []
    storage.on_read = lambda path: many.set() if len(storage.read) > 100 else None

    def interrupt(number: int) -> None:
        if number == 6 and lasts:  # the first listing is that of the estimate
            assert many.wait(60)
            raise KeyboardInterrupt
        if number == 6:
            lasts.append(number)

    storage.on_batch = interrupt
    pace = Pace()
    with pytest.raises(KeyboardInterrupt):
        scan_once(storage, repository, pace=pace, wish=Wish(workers=2))
    assert pace.stopping
    storage.on_batch = lambda number: None
    assert storage.closed == 1
    assert scan_once(storage, repository).status == COMPLETE


def test_a_repository_that_fails_anywhere_is_gone_on_with(repository, tmp_path) -> None:
    undisturbed = scan_once(some(), repository_at(tmp_path / "other"))
    expected = rows(repository_at(tmp_path / "other"), undisturbed.scan)
    expected.inode = []
    for after in range(40):
        own = repository_at(tmp_path / f"fails-{after}")
        storage = some()
        with contextlib.suppress(RepositoryError):
            scan_once(storage, Failing(own, after))
            break
        assert scans(own) == []
        ended = scan_once(storage, own)
        assert ended.status == COMPLETE
        found = rows(own, ended.scan)
        found.inode = []
        assert found == expected
    assert after == 8  # begun, four pieces, two parts, the record: each of them failed once


@pytest.mark.parametrize("damage", ["flipped", "gone", "cut"])
def test_a_damaged_piece_is_read_again(repository, damage) -> None:
    storage = some()
    assert scan_once(storage, repository, pace=Pace(most=400)).status == UNFINISHED
    done = len(storage.read)
    pieces = [n for n in names(repository, "unfinished/") if n.endswith(".parquet")]
    spoil(repository, pieces[0], damage)
    storage.read.clear()
    ended = scan_once(storage, repository)
    assert ended.status == COMPLETE
    assert len(storage.read) == 300 - done + 64
    assert same(ended.scan, scan_once(storage, repository).scan, repository)


@pytest.mark.parametrize("which", ["contents", "stamps"])
@pytest.mark.parametrize("damage", ["flipped", "gone", "cut"])
def test_without_an_intact_last_scan_everything_is_read_and_it_is_said(
    repository, damage, which
) -> None:
    storage = some()
    first = scan_once(storage, repository).scan
    assert first is not None
    spoil(repository, layout.part(getattr(first, which)), damage)
    storage.read.clear()
    ended = scan_once(storage, repository)
    assert (ended.status, len(storage.read)) == (COMPLETE, 300)
    assert "Everything is read, as the last scan is of no use" in ended.notes[0]
    # The new one has the same parts: the damaged one does not stay.
    assert ended.scan is not None
    assert getattr(ended.scan, which) == getattr(first, which)
    assert sound.fault(repository, getattr(first, which)) == ""


def test_a_record_that_is_no_record_stops_this_storage_only(repository) -> None:
    repository.write(f"scans/{KEY}/20260101-000000-000-000000.json", b"{}")
    ended = scan_once(some(), repository)
    assert ended.status == NOT_BEGUN
    assert "can't be used" in ended.reason


def spoil(repository, name: str, damage: str) -> None:
    path = repository._path(name)
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def test_two_runs_at_once_both_end_with_a_scan_of_their_own(repository) -> None:
    storage = some()
    assert scan_once(storage, repository, pace=Pace(most=400)).status == UNFINISHED
    inner: list = []

    def another(number: int) -> None:
        # While the one is being read, another run goes on with the same scan, and finishes it.
        if number == 5 and not inner:
            inner.append(None)
            inner[0] = scan_once(some_as(storage), repository)

    listed: list[int] = []
    storage.on_batch = lambda number: (
        listed.append(number) or (another(number) if len(listed) > 6 else None)
    )
    ended = scan_once(storage, repository)
    assert (ended.status, inner[0].status) == (COMPLETE, COMPLETE)
    assert len(scans(repository)) == 2
    assert ended.scan is not None
    assert ended.scan.id != inner[0].scan.id
    assert same(ended.scan, inner[0].scan, repository)


def test_a_storage_that_shows_no_change_of_its_own_is_read_whole_and_goes_on(repository) -> None:
    storage = some()
    storage.root = replace(storage.root, file_system="cifs")
    assert scan_once(storage, repository, pace=Pace(most=400)).status == UNFINISHED
    assert scan_once(storage, repository).status == COMPLETE
    assert len(storage.read) == 300
    again = scan_once(storage, repository)
    assert len(storage.read) == 600
    assert "Everything is read, as no earlier hash may be kept" in again.notes[0]
    assert scan_once(storage, repository, wish=Wish(full=True)).notes == []


def test_pairs_of_names_are_told_when_they_come(repository) -> None:
    storage = some(3)
    storage.put("raw/A.tif")
    storage.put("raw/a.tif")
    ended = scan_once(storage, repository)
    assert (ended.alike, ended.alike_first) == (1, [(b"raw/A.tif", b"raw/a.tif")])
    assert scan_once(storage, repository).alike == 0  # it was told
    storage.put("RAW/b")
    assert scan_once(storage, repository).alike == 2


def test_what_reads_may_stand_in_another_process(repository, tmp_path) -> None:
    """The seam for clusters: tasks go through an executor, which opens the storage itself."""
    folder = tmp_path / "nas"
    folder.mkdir()
    for i in range(150):
        (folder / f"{i:03}").write_bytes(b"%d" % i)
    target = replace(TARGET, place=f"local:file://{folder}", url=f"file://{folder}")

    def run(executor=None):
        (ended,) = scan(
            [target],
            repository,
            Wish(full=True),
            here(),
            open_source=open_source,
            executor=executor,
        )
        assert ended.files_read == 150
        return plain(repository, ended.scan)

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = run(pool)
    assert elsewhere == run()


def test_a_read_that_never_returns_is_left_behind_when_a_scan_is_to_end(
    repository, monkeypatch
) -> None:
    """As on a mount that is dead: a first Ctrl-C, or --max-duration, ends that as well."""
    monkeypatch.setattr("reconciler.recovery.scanning.reading.crew._LOOK", 0.01)
    monkeypatch.setattr("reconciler.recovery.scanning.reading.crew._PATIENCE", 0.05)
    storage = some(200)
    reading, returns = Event(), Event()

    def hang(path: bytes) -> None:
        if path == b"0070":  # of the second task
            reading.set()
            assert returns.wait(600)

    storage.on_read = hang
    pace = Pace(asked=reading.is_set)
    ended = scan_once(storage, repository, pace=pace, wish=Wish(workers=2))
    returns.set()
    assert (ended.status, storage.closed) == (UNFINISHED, 1)
    storage.read.clear()
    storage.on_read = lambda path: None
    assert scan_once(storage, repository).status == COMPLETE


def test_a_read_that_never_returns_does_not_keep_the_program_from_ending(
    repository, monkeypatch
) -> None:
    storage = some(10)
    reading, returns = Event(), Event()

    def hang(path: bytes) -> None:
        reading.set()
        assert returns.wait(600)

    def interrupt(*_, **__) -> None:
        assert reading.wait(60)
        raise KeyboardInterrupt  # as a second Ctrl-C does to whoever waits

    storage.on_read = hang
    monkeypatch.setattr("reconciler.recovery.scanning.reading.crew.wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        scan_once(storage, repository, wish=Wish(workers=2))
    left = [thread for thread in threading.enumerate() if thread.name.startswith("scan-")]
    assert left
    assert all(thread.daemon for thread in left)
    returns.set()
    for thread in left:
        thread.join(60)
        assert not thread.is_alive()
