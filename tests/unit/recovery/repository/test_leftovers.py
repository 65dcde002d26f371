"""What commands that were killed have left."""

import os
import time

from reconciler.recovery.repository.folder import DRAFTS
from reconciler.recovery.repository.layout import SCANS
from reconciler.recovery.repository.leftovers import sweep
from reconciler.recovery.repository.opening import open_repository

DAY = 86_400


def left(path, days):
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment), follow_symlinks=False)


def test_old_drafts_are_removed_and_others_stay(tmp_path):
    folder = tmp_path / "repository"
    open_repository(str(folder), make=True)
    (folder / SCANS / "1").mkdir(parents=True)
    (folder / SCANS / "1/scan.json").write_bytes(b"{}")
    drafts = folder / DRAFTS
    drafts.mkdir(exist_ok=True)
    (drafts / "old").mkdir()
    (drafts / "old/part").write_bytes(b"x")
    (drafts / "young").mkdir()
    (drafts / "file").write_bytes(b"x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"x")
    (drafts / "link").symlink_to(elsewhere)
    for name in ("old", "file", "link"):
        left(drafts / name, 31)
    left(drafts / "young", 29)
    open_repository(str(folder))  # whoever only reads removes nothing
    assert len(list(drafts.iterdir())) == 4
    open_repository(str(folder), make=True, existing=True)
    assert [path.name for path in drafts.iterdir()] == ["young"]
    assert (elsewhere / "precious").exists()


def test_where_there_are_none_nothing_happens(tmp_path):
    sweep(tmp_path / "none")


def test_a_clock_that_is_ahead_takes_no_drafts_of_others(tmp_path, monkeypatch):
    folder = tmp_path / "repository"
    open_repository(str(folder), make=True)
    drafts = folder / DRAFTS
    drafts.mkdir(exist_ok=True)
    (drafts / "of-a-scan").mkdir()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3650 * DAY)
    sweep(drafts)
    assert [path.name for path in drafts.iterdir()] == ["of-a-scan"]
