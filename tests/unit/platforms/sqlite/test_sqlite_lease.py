"""The lease in the embedded platform's file: one holder, fences that grow, late writes refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.errors import LeaseLostError, PlatformBusyError, PlatformError
from reconciler.lease.contract import Holder, Lease
from reconciler.model import Values
from reconciler.platforms.sqlite import process
from reconciler.platforms.sqlite.lock import SqliteLock
from reconciler.platforms.sqlite.platform import SqlitePlatform
from reconciler.platforms.sqlite.schema import SCHEMA_VERSION

ANNA = Holder("anna", "ci-7", "https://ci.lab/jobs/1", "apply")
OTTO = Holder("otto")
NAS = Values("nas", "NAS", "local", "file:///data/nas")


class Clock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def go(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platform.db"


@pytest.fixture
def lock(path: Path, clock: Clock) -> SqliteLock:
    return SqliteLock(path, clock)


def older(path: Path) -> None:
    """Make a file of format 1, as the first version did, with a storage on it."""
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.create(NAS)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE lease")
        db.execute("PRAGMA user_version = 1")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


# Who holds it


def test_nobody_holds_a_platform_that_does_not_exist_and_asking_makes_none(lock, path) -> None:
    assert lock.current() is None
    assert lock.break_lease(Lease(1, ANNA, "", "")) is False
    assert list(path.parent.iterdir()) == []


def test_the_holder_is_told_as_it_was_given(lock, path) -> None:
    lease = lock.acquire(ANNA, 60)
    assert lease == Lease(1, ANNA, "2026-01-01T00:00:00.000000Z", "2026-01-01T00:01:00.000000Z")
    assert lock.current() == lease
    assert [p.name for p in path.parent.iterdir()] == ["platform.db"]


def test_a_second_holder_is_told_who_has_it(lock) -> None:
    lock.acquire(ANNA, 60)
    for holder in (OTTO, ANNA):  # another run of the same person is another holder
        with pytest.raises(PlatformBusyError, match=r"'anna' on 'ci-7'.*https://ci.lab/jobs/1"):
            lock.acquire(holder, 60)


def test_a_killed_holders_lease_runs_out(lock, clock) -> None:
    first = lock.acquire(ANNA, 60)
    clock.go(59.9)
    with pytest.raises(PlatformBusyError):
        lock.acquire(OTTO, 60)
    clock.go(0.1)
    assert lock.current() is None
    second = lock.acquire(OTTO, 60)
    assert second.fence == first.fence + 1


def test_a_renewed_lease_runs_on(lock, clock) -> None:
    lease = lock.acquire(ANNA, 60)
    clock.go(45)
    renewed = lock.renew(lease, 60)
    assert renewed.expires_at == "2026-01-01T00:01:45.000000Z"
    assert (renewed.fence, renewed.acquired_at) == (lease.fence, lease.acquired_at)
    clock.go(59)
    assert lock.current() == renewed


def test_a_lease_that_ran_out_is_still_ours_if_nobody_took_it(lock, clock) -> None:
    lease = lock.acquire(ANNA, 60)
    clock.go(3600)
    lock.renew(lease, 60)
    with pytest.raises(PlatformBusyError):
        lock.acquire(OTTO, 60)


def test_a_lease_that_somebody_else_took_can_not_be_renewed(lock, clock) -> None:
    lease = lock.acquire(ANNA, 60)
    clock.go(60)
    lock.acquire(OTTO, 60)
    with pytest.raises(LeaseLostError):
        lock.renew(lease, 60)
    assert lock.current().holder == OTTO


def test_fences_grow_also_after_a_release(lock) -> None:
    fences = []
    for _ in range(3):
        lease = lock.acquire(ANNA, 60)
        fences.append(lease.fence)
        lock.release(lease)
        assert lock.current() is None
    assert fences == [1, 2, 3]


def test_releasing_twice_or_late_takes_nothing_from_the_next_holder(lock) -> None:
    first = lock.acquire(ANNA, 60)
    lock.release(first)
    second = lock.acquire(OTTO, 60)
    lock.release(first)
    assert lock.current() == second
    with pytest.raises(LeaseLostError):
        lock.renew(first, 60)


def test_breaking_a_lease_takes_the_one_that_was_seen_and_no_other(lock) -> None:
    seen = lock.acquire(ANNA, 60)
    lock.release(seen)
    newer = lock.acquire(OTTO, 60)
    assert lock.break_lease(seen) is False
    assert lock.break_lease(newer) is True
    assert lock.current() is None
    with pytest.raises(LeaseLostError):
        lock.renew(newer, 60)


def test_what_is_no_platform_has_no_lease(lock, path) -> None:
    path.write_text("something else\n" * 100)
    for use in (lock.current, lambda: lock.acquire(ANNA, 60)):
        with pytest.raises(PlatformError, match="some other file"):
            use()


def test_text_that_no_file_can_hold_is_an_error(lock) -> None:
    with pytest.raises(PlatformError, match="not valid Unicode"):
        lock.acquire(Holder("\udcff"), 60)
    assert lock.current() is None


def test_the_lease_of_a_process_that_was_killed_is_not_waited_for(lock, path) -> None:
    script = (
        "import os, signal, sys\n"
        "from reconciler.lease.contract import Holder\n"
        "from reconciler.platforms import open_platform\n"
        "lock = open_platform('sqlite:///platform.db', base=sys.argv[1]).lock()\n"
        "lock.acquire(Holder('anna'), 600)\n"
        "print('acquired', flush=True)\n"
        "sys.stdin.readline()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"acquired\n"
    mine = SqliteLock(path)
    with pytest.raises(PlatformBusyError):
        mine.acquire(OTTO, 60)
    child.communicate(b"die\n", timeout=60)
    # Where the system does not let us see that, the lease runs out by itself.
    if process.mark():
        assert mine.current() is None
        assert mine.acquire(OTTO, 60).fence == 2


@pytest.mark.skipif(not process.mark(), reason="only Linux tells whether a process is gone")
def test_in_doubt_a_process_lives() -> None:
    boot, space, pid, started = process.mark().split(" ")
    assert not process.is_gone(process.mark())
    assert process.is_gone(f"{boot} {space} {pid} {int(started) + 1}")  # its id was given anew
    assert process.is_gone(f"{boot} {space} {2**22 + 1} {started}")
    for mark in (
        "",
        "x",
        "1 2 3",
        f"another-boot {space} {2**22 + 1} {started}",
        f"{boot} pid:[1] {2**22 + 1} {started}",
        f"{boot} {space} x {started}",
        f"{boot} {space} {2**80} {started}",
    ):
        assert not process.is_gone(mark)


# What a writer does with it


def writes(writer) -> list:
    """Give each kind of write; each changes something if it is let through."""
    live = writer.create(NAS)
    spare = writer.create(Values("spare", "S", "local", "file:///spare"))
    full = writer.create(Values("full", "F", "local", "file:///full"))
    return [
        lambda w: w.create(Values("new", "N", "local", "file:///new")),
        lambda w: w.update(live, name="other", label=None),
        lambda w: w.remove(spare, holds_files=False),
        lambda w: w.remove(full, holds_files=True),
        lambda w: w.record_inventory(live.id, [("u", "a", "b")]),
    ]


def state(path: Path) -> object:
    with closing(SqlitePlatform(path).reader()) as reader:
        storages = reader.read().storages
        return set(storages), [list(reader.inventory(s.id)) for s in storages]


@pytest.mark.parametrize("lost", ["released", "broken", "superseded"])
def test_a_lost_lease_refuses_every_write(lock, clock, path, lost) -> None:
    platform = SqlitePlatform(path)
    with closing(platform.writer(wait=5)) as unfenced:
        calls = writes(unfenced)
    lease = lock.acquire(ANNA, 60)
    with closing(platform.writer(wait=5, lease=lease)) as writer:
        if lost == "released":
            lock.release(lease)
        elif lost == "broken":
            lock.break_lease(lease)
        else:
            clock.go(60)
            lock.acquire(OTTO, 60)
        before = state(path)
        for call in calls:
            with pytest.raises(LeaseLostError, match="lock show"):
                call(writer)
        assert state(path) == before
        # Writes without a lease are accepted.
        with closing(platform.writer(wait=5)) as unfenced:
            for call in calls:
                call(unfenced)


@pytest.mark.parametrize("run_out", [False, True])
def test_a_lease_that_is_ours_lets_every_write_through(lock, clock, path, run_out) -> None:
    platform = SqlitePlatform(path)
    lease = lock.acquire(ANNA, 60)
    with closing(platform.writer(wait=5, lease=lease)) as writer:
        calls = writes(writer)
        clock.go(3600 if run_out else 0)
        for call in calls:
            before = state(path)
            call(writer)
            assert state(path) != before


# Files of the first version


def test_an_older_file_is_read_as_it_is(lock, path) -> None:
    older(path)
    with closing(SqlitePlatform(path).reader()) as reader:
        assert [storage.name for storage in reader.read().storages] == ["nas"]
    assert lock.current() is None
    assert version(path) == 1


@pytest.mark.parametrize("how", ["writer", "lock"])
def test_an_older_file_is_brought_up_to_date_by_what_writes(lock, path, how) -> None:
    older(path)
    if how == "writer":
        SqlitePlatform(path).writer(wait=5).close()
    lease = lock.acquire(ANNA, 60)
    assert version(path) == SCHEMA_VERSION == 2
    with closing(SqlitePlatform(path).writer(wait=5, lease=lease)) as writer:
        assert [storage.name for storage in writer.read().storages] == ["nas"]
        writer.create(Values("more", "M", "local", "file:///more"))


def test_two_that_bring_a_file_up_to_date_at_once(path) -> None:
    older(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PlatformBusyError):
            SqlitePlatform(path).writer(wait=0)
        other.execute("ROLLBACK")
    for _ in range(2):
        SqlitePlatform(path).writer(wait=5).close()
    assert version(path) == 2


def test_the_clock_of_a_platforms_own_lock_is_the_machines(path) -> None:
    lock = SqlitePlatform(path).lock()
    lease = lock.acquire(ANNA, 60)
    taken = datetime.fromisoformat(lease.acquired_at)
    assert abs(datetime.now(UTC) - taken) < timedelta(minutes=5)
    lock.release(lease)
    lock.close()
