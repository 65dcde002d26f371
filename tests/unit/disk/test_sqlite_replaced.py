"""The file under a writer: by one name alone, and still what its path leads to."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.disk import sqlite_replaced
from reconciler.disk.durable import sync_folder
from reconciler.errors import LeaseLostError, PlatformError, PlatformLostError, UnknownOutcomeError
from reconciler.lease.contract import Holder
from reconciler.model import Values
from reconciler.platforms.sqlite.platform import SqlitePlatform

A, B = (Values(name, "", "local", f"file:///data/{name}") for name in "ab")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "p.db"
    path.parent.mkdir()
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.create(A)
    return path


def names(path: Path) -> list[str]:
    with closing(SqlitePlatform(path).reader()) as reader:
        return sorted(storage.name for storage in reader.read().storages)


def restored(path: Path) -> None:
    shutil.copy(path, path.with_name("backup"))
    path.with_name("backup").replace(path)


def moved_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "replaced": restored,
    "deleted": Path.unlink,
    "moved": lambda path: path.rename(path.with_name("other.db")),
    "folder moved": moved_folder,
    "second name": lambda path: os.link(path, path.with_name("other.db")),
    "log deleted": lambda path: path.with_name("p.db-wal").unlink(),
    "memory deleted": lambda path: path.with_name("p.db-shm").unlink(),
}


def changed(folder: Path) -> None:
    """Let it show in a folder's times that it was changed, also where their clock ticks slowly."""
    os.utime(folder, ns=(1, 1))


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_nothing_is_written_or_read_once_the_file_is_another(
    path: Path,
    damage: Callable[[Path], object],
    settled: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite_replaced, "_is_settled", lambda names, now: settled)
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.create(B)
        damage(path)
        if settled:
            changed(path.parent)
        for call in (lambda: writer.create(A), writer.read, lambda: writer.find(name="a")):
            with pytest.raises(PlatformLostError):
                call()


def test_the_log_is_looked_at_again_only_when_a_name_beside_it_changes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        real = sqlite_replaced._stamp_of
        monkeypatch.setattr(
            sqlite_replaced, "_stamp_of", lambda side: looks.append(side) or real(side)
        )
        monkeypatch.setattr(sqlite_replaced, "_is_settled", lambda names, now: True)
        writer.create(B)
        assert [Path(side).name for side in looks] == ["p.db-wal", "p.db-shm"]
        path.with_name("of somebody else").touch()
        changed(path.parent)
        writer.update(writer.find(name="a")[0], name=None, label="A")
        assert len(looks) == 4
        writer.find(name="a")
        assert len(looks) == 4


@pytest.mark.parametrize(
    ("changed", "now", "settled"),
    [
        (1_000_000_007, 1_020_000_007, False),  # perhaps in the same tick
        (1_000_000_007, 1_020_000_008, True),
        (1_000_000_007, 999_000_000, False),  # the clock was set back
        (1_000_000_000, 9_000_000_000, False),  # seconds, or longer
    ],
)
def test_when_a_change_of_a_folder_shows_in_its_times(
    changed: int, now: int, settled: bool
) -> None:
    assert sqlite_replaced._is_settled((1, 2, 0, changed), now) is settled
    assert sqlite_replaced._is_settled((1, 2, changed, 0), now) is settled


@pytest.mark.parametrize("damage", [restored, Path.unlink], ids=["replaced", "deleted"])
def test_a_write_during_which_the_file_was_replaced_is_unknown(
    path: Path, damage: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        check = writer._check_place

        def then_damage() -> None:
            check()
            damage(path)

        monkeypatch.setattr(writer, "_check_place", then_damage)
        with pytest.raises(UnknownOutcomeError, match=r"replaced|gone"):
            writer.create(B)


def test_a_restored_file_is_not_mixed_with_the_log_of_the_one_before(path: Path) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        restored(path)
        with pytest.raises(PlatformLostError):
            writer.create(B)
    assert names(path) == ["a"]


def test_a_file_that_was_moved_keeps_all_that_was_written(path: Path) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.create(B)
        path.rename(path.with_name("other.db"))
    assert names(path.with_name("other.db")) == ["a", "b"]


def test_a_link_that_leads_elsewhere_meanwhile(path: Path) -> None:
    link, other = path.with_name("link.db"), path.with_name("other.db")
    shutil.copy(path, other)
    link.symlink_to(path)
    with closing(SqlitePlatform(link).writer(wait=5)) as writer:
        writer.create(B)
        link.unlink()
        link.symlink_to(other)
        with pytest.raises(PlatformLostError, match="replaced"):
            writer.read()


@pytest.mark.parametrize("use", ["reader", "writer", "lock"])
def test_a_file_with_two_names_is_refused(path: Path, use: str) -> None:
    os.link(path, path.with_name("other.db"))
    platform = SqlitePlatform(path)
    calls: dict[str, Callable[[], object]] = {
        "reader": platform.reader,
        "writer": lambda: platform.writer(wait=5),
        "lock": lambda: platform.lock().acquire(Holder("me", "", "", ""), 60),
    }
    with pytest.raises(PlatformError, match="it has 2 names"):
        calls[use]()


def test_the_draft_of_a_killed_maker_is_no_second_name(path: Path) -> None:
    os.link(path, sqlite_replaced.draft(path))
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.create(B)
    assert names(path) == ["a", "b"]


def test_a_draft_that_its_maker_takes_away_meanwhile_is_no_second_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = sqlite_replaced.draft(path)
    os.link(path, draft)
    scandir = os.scandir

    def scan_too_late(folder: Path) -> Iterator[os.DirEntry[str]]:
        draft.unlink(missing_ok=True)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scan_too_late)
    assert names(path) == ["a"]
    assert not draft.exists()


def test_a_file_that_is_a_mount_of_its_own_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = path.with_name("mount info")
    monkeypatch.setattr(sqlite_replaced, "_MOUNTS", table)
    table.write_text(f"36 35 98:0 /host/p.db {path.parent} rw - ext4 /dev/sda rw\n")
    assert names(path) == ["a"]
    table.write_text(f"36 35 98:0 /host/p.db {path} rw - ext4 /dev/sda rw\n")
    with pytest.raises(PlatformError, match="mount its folder instead"):
        names(path)


def test_a_reader_sees_the_file_that_is_there_now(path: Path) -> None:
    backup = path.with_name("backup")
    shutil.copy(path, backup)
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.create(B)
        with closing(SqlitePlatform(path).reader()) as reader:
            assert len(reader.read().storages) == 2
            writer.close()
            for side in ("p.db-wal", "p.db-shm"):  # as who restores a file should
                path.with_name(side).unlink()
            backup.replace(path)
            assert [storage.name for storage in reader.read().storages] == ["a"]


def test_a_fence_that_a_restored_file_gives_out_again_is_not_ours(path: Path) -> None:
    backup = path.with_name("backup")
    shutil.copy(path, backup)
    old = SqlitePlatform(path).lock()
    ours = old.acquire(Holder("we", "", "", ""), 60)
    backup.replace(path)
    theirs = SqlitePlatform(path).lock().acquire(Holder("they", "", "", ""), 60)
    assert ours.fence == theirs.fence
    with pytest.raises(LeaseLostError):
        old.renew(ours, 60)
    with pytest.raises(LeaseLostError):
        SqlitePlatform(path).lock().renew(ours, 60)
    assert not SqlitePlatform(path).lock().break_lease(ours)
    with (
        closing(SqlitePlatform(path).writer(wait=5, lease=ours)) as writer,
        pytest.raises(LeaseLostError),
    ):
        writer.create(B)


class _Failing:
    """A connection whose commits fail."""

    def __init__(self, real: sqlite3.Connection, code: int) -> None:
        self._real, self._code = real, code

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def execute(self, sql: str, *values: object) -> object:
        if sql == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self._code
            raise error
        return self._real.execute(sql, *values)


def test_a_commit_whose_sync_fails_is_unknown_and_the_last_one(path: Path) -> None:
    writer = SqlitePlatform(path).writer(wait=5)
    with closing(writer):
        real = writer._db
        writer._db = _Failing(real, sqlite3.SQLITE_IOERR_FSYNC)
        with pytest.raises(UnknownOutcomeError, match="check the disk"):
            writer.create(B)
        writer._db = real
        for call in (lambda: writer.create(B), writer.read):
            with pytest.raises(PlatformLostError, match="failed in a commit"):
                call()


def test_a_folder_whose_sync_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(code: int) -> Callable[[int], None]:
        def fsync(_: int) -> None:
            raise OSError(code, os.strerror(code))

        return fsync

    monkeypatch.setattr(os, "fsync", failing(22))  # EINVAL: it can't be done here
    sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", failing(5))  # EIO
    with pytest.raises(PlatformError, match=r"Input/output error"):
        SqlitePlatform(tmp_path / "p.db").writer(wait=5)
