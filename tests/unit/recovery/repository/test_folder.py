"""A repository in a folder: permissions, disks that fail, what a kill leaves."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.repository import folder as subject
from reconciler.recovery.repository.opening import open_repository

PART = "parts/ab/" + "ab" * 32 + ".parquet"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "repository"


@pytest.fixture
def repository(place):
    return open_repository(str(place), make=True)


def modes(folder: Path) -> set[tuple[str, int]]:
    return {
        ("d" if path.is_dir() else "f", stat.S_IMODE(path.lstat().st_mode))
        for path in [folder, *folder.rglob("*")]
    }


def test_nobody_else_may_look(repository, place, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"part")
    source.chmod(0o644)
    repository.write("a/b/c.json", b"")
    repository.add(PART, source)
    with repository.workspace() as space:
        (space / "x").write_bytes(b"other")
        repository.add("parts/cd/x.parquet", space / "x")
    assert modes(place) == {("d", 0o700), ("f", 0o600)}


def test_what_a_kill_leaves_is_no_file_of_it(repository, place):
    (place / ".new" / "0123").write_bytes(b"half")
    (place / "snapshots").mkdir()
    (place / "snapshots" / ".DS_Store").write_bytes(b"")
    (place / "snapshots" / "Foreign").write_bytes(b"")
    assert list(repository.names("")) == ["reconciler-repository.json"]
    open_repository(str(place), make=True)


def test_a_repository_is_made_where_a_kill_left_a_draft(place):
    (place / ".new").mkdir(parents=True)
    (place / ".new" / "0123").write_bytes(b"half")
    (place / "lost+found").mkdir()
    open_repository(str(place), make=True)


def test_no_folder_above_it_is_made(tmp_path):
    with pytest.raises(RepositoryError, match=r"either\. Check the address"):
        open_repository(str(tmp_path / "not" / "mounted"), make=True)
    assert list(tmp_path.iterdir()) == []


def test_a_repository_that_is_gone_is_not_an_empty_one(repository, place, tmp_path):
    place.rename(tmp_path / "elsewhere")
    for ask in (lambda: repository.read("a/b"), lambda: list(repository.names("a/"))):
        with pytest.raises(RepositoryError, match="is gone: is it mounted"):
            ask()
    with pytest.raises(RepositoryError, match="is gone"), repository.local(PART):
        pass


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_ordinary_files_are_read(repository, place, kind, tmp_path):
    path = place / PART
    path.parent.mkdir(parents=True)
    if kind == "link":
        (tmp_path / "secret").write_bytes(b"secret")
        path.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(RepositoryError):
        repository.read(PART)
    with pytest.raises(SnapshotError, match="is no ordinary file"), repository.local(PART):
        pass
    assert list(repository.names("parts/")) == []


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "the disk is full: make room, and run it again"),
        (errno.EDQUOT, "the quota is used up"),
        (errno.EIO, "the disk, or the network, failed"),
        (errno.EROFS, "it is mounted read-only. Mount it to be written, or give a copy that can"),
    ],
)
def test_a_disk_that_fails_is_told_and_leaves_nothing(
    repository, place, tmp_path, monkeypatch, number, hint
):
    def failing(_: int) -> None:
        raise OSError(number, os.strerror(number))

    source = tmp_path / "source"
    source.write_bytes(b"part")
    monkeypatch.setattr(subject.os, "fsync", failing)
    for call in (
        lambda: repository.write("a/b.json", b"data"),
        lambda: repository.write("a/b.json", b"data", replace=True),
        lambda: repository.add(PART, source),
    ):
        with pytest.raises(RepositoryError, match=hint):
            call()
    monkeypatch.undo()
    assert list(repository.names("")) == ["reconciler-repository.json"]
    assert list((place / ".new").iterdir()) == []


def test_a_file_system_without_hard_links_will_do(repository, monkeypatch):
    def refusing(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(subject.os, "link", refusing)
    assert repository.write("a/b.json", b"1") is True
    assert repository.write("a/b.json", b"2") is False
    with repository.workspace() as space:
        (space / "x").write_bytes(b"part")
        repository.add(PART, space / "x")
        assert (space / "x").exists()
    assert (repository.read("a/b.json"), repository.read(PART)) == (b"1", b"part")


def test_what_is_written_while_it_is_removed_stays(repository, tmp_path, monkeypatch):
    """Between the look and the deletion somebody needs the part after all."""
    source = tmp_path / "source"
    source.write_bytes(b"part")
    repository.add(PART, source)
    (seen,) = repository.entries(PART)
    rename = Path.rename

    def meanwhile(path: Path, target: Path) -> Path:
        monkeypatch.undo()
        done = rename(path, target)
        repository.add(PART, source)
        return done

    monkeypatch.setattr(Path, "rename", meanwhile)
    assert repository.remove(PART, stamp=seen.stamp) is True
    assert repository.read(PART) == b"part"


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="permissions of POSIX")
def test_a_folder_that_may_not_be_read_is_told(repository, monkeypatch):
    def refusing(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(subject.os, "scandir", refusing)
    with pytest.raises(
        RepositoryError, match=r"could not be listed .*this account may not do that"
    ):
        list(repository.names(""))
