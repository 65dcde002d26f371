"""Temporary folders of runs that were killed are removed by later ones; others stay."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from reconciler.disk.scratch import scratch


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_it_is_private_and_gone_in_the_end(temporary: Path) -> None:
    with scratch() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "x").touch()
        assert list(temporary.iterdir()) == [folder]
    assert list(temporary.iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_nothing_else(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: ended.pid)
        kept = scratch()
        left = kept.__enter__()
        (left / "part").write_bytes(b"x")
    foreign = temporary / "reconciler-of-somebody"
    foreign.mkdir()
    link = temporary / left.name.replace(left.name[-1], "0" if left.name[-1] != "0" else "1")
    link.symlink_to(foreign)
    old = (foreign / "old").touch() or foreign
    os.utime(old, (0, 0))
    with scratch() as other, scratch() as folder:
        assert other.exists()  # of a run that lasts, however long
        assert not left.exists()
        assert {*temporary.iterdir()} >= {other, folder, foreign}
    assert (foreign / "old").exists()
