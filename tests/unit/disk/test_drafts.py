"""What a kill leaves of a new file is gone after the next run; what somebody works on is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.cli.inputs.files import write_whole
from reconciler.disk import drafts, sqlite_replaced
from reconciler.disk.sqlite_file import beside
from reconciler.platforms.sqlite.platform import SqlitePlatform


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let drafts be those of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: ended.pid)
        yield


def made(folder: Path, begins: str = ".reconciler-", ends: str = ".new") -> Path:
    path = drafts.draft(folder, begins, ends)
    path.write_bytes(b"half")
    return path


def put_in_place(path: Path) -> None:
    with closing(SqlitePlatform(path).writer(wait=1)):
        pass


@pytest.mark.usefixtures("dead")
def test_a_new_platform_clears_what_is_left_of_one_that_was_not_finished(tmp_path: Path) -> None:
    beside(made(tmp_path), "-journal").write_bytes(b"half")
    put_in_place(tmp_path / "new.db")
    assert [each.name for each in tmp_path.iterdir()] == ["new.db"]


@pytest.mark.usefixtures("dead")
def test_a_write_clears_the_second_name_of_a_platform_that_was_finished(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    put_in_place(path)
    os.link(path, sqlite_replaced.draft(path))
    put_in_place(path)
    assert [each.name for each in tmp_path.iterdir()] == ["new.db"]


@pytest.mark.usefixtures("dead")
def test_a_file_that_is_written_anew_clears_drafts_of_its_own(tmp_path: Path) -> None:
    made(tmp_path, ".ids.json.", ".tmp")
    other = made(tmp_path, ".other.json.", ".tmp")
    write_whole(str(tmp_path / "ids.json"), b"{}")
    assert {each.name for each in tmp_path.iterdir()} == {"ids.json", other.name}


def test_what_somebody_works_on_stays(tmp_path: Path) -> None:
    mine = made(tmp_path)
    drafts.clear(tmp_path, ".reconciler-", ".new")
    assert mine.exists()


def test_of_another_machine_only_what_is_old_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(drafts, "_here", lambda: "0" * 8)
        fresh, old = made(tmp_path), made(tmp_path)
    os.utime(old, (0, 0))
    others = [tmp_path / ".reconciler-lock-0123456789abcdef.new", tmp_path / ".reconciler-x.new"]
    for each in others:
        each.touch()
        os.utime(each, (0, 0))
    drafts.clear(tmp_path, ".reconciler-", ".new")
    assert {each.name for each in tmp_path.iterdir()} == {p.name for p in (fresh, *others)}


def test_what_can_not_be_removed_or_looked_at_does_no_harm(tmp_path: Path) -> None:
    drafts.clear(tmp_path / "nowhere", ".reconciler-", ".new")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "getpid", lambda: 2**40)
        path = drafts.draft(tmp_path, ".reconciler-", ".new")
    path.mkdir()
    drafts.clear(tmp_path, ".reconciler-", ".new")
    assert path.exists()
