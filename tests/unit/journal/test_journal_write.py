"""A journal is there before the first write, tells all, and never stops a run."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.disk import json_lines as journal_lines
from reconciler.disk.json_lines import Lines, encoded
from reconciler.environment.origin import Origin, run_id
from reconciler.errors import ReconcilerError
from reconciler.executor.events import Done, Failed, Started
from reconciler.journal import write as journal_write
from reconciler.journal.records import ended, planned, started
from reconciler.journal.write import Journal, journals
from support.values.building import desired, entry, plan_for, removed, storage
from support.values.memory_platform import MemoryPlatform

NOW = datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)
RUN = "20260101-123015-250-abcdef"
ORIGIN = Origin(RUN, "anna", "ci-7", "c0ffee", "https://ci.lab/1")


def a_plan():
    platform = MemoryPlatform([storage("old"), storage("gone")])
    return plan_for(
        platform,
        desired(
            entry("new", place="old", renamed_from=("old",)), entry("x"), removed=[removed("gone")]
        ),
    )


@pytest.fixture
def warned():
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "journal"


@pytest.fixture
def journal(folder: Path, warned):
    opened = Journal(folder, RUN, warn=warned.append, clock=lambda: NOW)
    yield opened
    opened.close()


def begun(journal: Journal) -> Journal:
    plan = a_plan()
    journal.begin(started(plan, ORIGIN, 7, "1.2.3"), list(planned(plan)))
    return journal


def told(journal: Journal) -> list[dict]:
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


def test_only_its_owner_can_read_it(journal, folder):
    if os.name == "posix":
        assert journal.path.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_first_lines_say_whose_run_it_is_and_what_it_will_change(journal):
    first, *changes = told(begun(journal))
    plan = a_plan()
    assert first == {
        "time": "2026-01-01T12:30:15.250Z",
        "event": "run_started",
        "format_version": 1,
        "tool_version": "1.2.3",
        "run": RUN,
        "platform": plan.platform,
        "platform_id": plan.platform_id,
        "digest": plan.digest,
        "operations": 3,
        "actor": "anna",
        "host": "ci-7",
        "commit": "c0ffee",
        "job_url": "https://ci.lab/1",
        "fence": 7,
    }
    by_key = {change["key"]: change for change in changes}
    assert set(by_key) == {"remove:gone", "update:new"}
    assert by_key["remove:gone"]["id"] == "id-gone"
    assert by_key["remove:gone"]["before"] == {
        "name": "gone",
        "label": "L",
        "type": "local",
        "default_url": "file:///data/gone",
    }
    assert by_key["update:new"]["previous_name"] == "old"


def test_what_a_removal_removes_is_on_the_disk_before_anything_is_sent(journal, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(journal.path.read_text()))
    begun(journal)
    assert synced
    assert '"before"' in synced[0]
    assert '"remove:gone"' in synced[0]


def test_a_line_is_with_the_system_as_soon_as_it_is_written(journal):
    begun(journal)
    for event in (
        Started("create:x", "create", "x"),
        Done("create:x", "create", "x", "id-1", 1),
        Failed("remove:gone", "remove", "gone", "failed", "no", stale=True),
    ):
        before = len(told(journal))
        journal.observe(event)
        assert len(told(journal)) == before + 1
    assert told(journal)[-1]["error"] == "no"


def test_lines_share_the_cost_of_a_sync(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    time = [0.0]
    lines = Lines(os.open(tmp_path / "x", os.O_WRONLY | os.O_CREAT), clock=lambda: time[0])
    for _ in range(100):
        lines.write(b"{}\n")
        lines.sync_if_due()
    assert synced == []
    time[0] = journal_lines.SYNC_EVERY
    lines.sync_if_due()
    lines.sync_if_due()
    assert len(synced) == 1
    lines.close()


def test_the_end_is_the_last_line(journal):
    begun(journal).end(ended(5, ["done", "failed", "done"], interrupted=False))
    last = told(journal)[-1]
    assert (last["event"], last["exit"]) == ("run_ended", 5)
    assert last["summary"] == {"done": 2, "failed": 1}


def test_a_run_that_never_began_leaves_no_file(journal, folder):
    assert [path.name for path in folder.iterdir()] == [f"{RUN}.jsonl"]
    journal.close()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("what", ["a file", "below a file"])
def test_a_folder_that_can_not_be_is_said_before_anything_is_applied(tmp_path, what):
    (tmp_path / "taken").write_text("")
    folder = tmp_path / "taken" if what == "a file" else tmp_path / "taken" / "journal"
    with pytest.raises(ReconcilerError, match=r"nothing was applied.*--journal DIR") as caught:
        Journal(folder, RUN, warn=print)
    assert caught.value.exit_code == 1


def test_a_disk_that_is_full_at_the_beginning_is_an_error(journal, folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal_lines.os, "write", full)
    with pytest.raises(ReconcilerError, match=r"No space left on device.*nothing was applied"):
        begun(journal)
    assert list(folder.iterdir()) == []


def test_a_disk_that_gets_full_on_the_way_is_told_once_and_stops_nothing(
    journal, monkeypatch, warned
):
    begun(journal)
    real = os.write

    def full(fd, data):
        monkeypatch.setattr(journal_lines.os, "write", real)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal_lines.os, "write", full)
    for _ in range(3):
        journal.observe(Started("create:x", "create", "x"))
    journal.end(ended(0, (), interrupted=False))
    assert len(warned) == 1
    assert "No space left on device" in warned[0]
    assert "the run goes on" in warned[0]


def test_what_json_can_not_hold_is_escaped():
    assert json.loads(encoded({"a": "\udcff"})) == {"a": "\udcff"}


def test_old_runs_go_when_there_are_too_many_but_never_the_current_one(folder, warned, monkeypatch):
    monkeypatch.setattr(journal_write, "KEEP_RUNS", 3)
    folder.mkdir(parents=True)
    for day in range(5):
        (folder / f"2025010{day}-000000-000-aaaaaa.jsonl").write_text("x\n")
    (folder / "notes.txt").write_text("mine")
    Journal(folder, RUN, warn=warned.append)
    assert sorted(path.name for path in folder.iterdir()) == [
        "20250103-000000-000-aaaaaa.jsonl",
        "20250104-000000-000-aaaaaa.jsonl",
        f"{RUN}.jsonl",
        "notes.txt",
    ]
    monkeypatch.setattr(journal_write, "KEEP_BYTES", -1)
    early = Journal(folder, "20000101-000000-000-aaaaaa", warn=warned.append)
    assert [path.name for path in folder.glob("*.jsonl")] == [early.path.name]


@pytest.mark.parametrize(
    "name",
    [
        "20000101.jsonl",
        "2026-01-01.jsonl",
        "zebras.jsonl",
        "20250101-000000-000-aaaaaa.jsonl.bak",
        "20250101-000000-000-AAAAAA.jsonl",
        "old-20250101-000000-000-aaaaaa.jsonl",
    ],
)
def test_a_file_that_is_no_journal_is_neither_counted_nor_removed(
    folder, warned, monkeypatch, name
):
    monkeypatch.setattr(journal_write, "KEEP_RUNS", 2)
    monkeypatch.setattr(journal_write, "KEEP_BYTES", 100)
    folder.mkdir(parents=True)
    (folder / name).write_text("mine" * 100)
    older = "20250101-000000-000-aaaaaa"
    (folder / f"{older}.jsonl").write_text("x\n")
    Journal(folder, RUN, warn=warned.append).close()
    assert sorted(path.name for path in folder.iterdir()) == sorted([name, f"{older}.jsonl"])


def test_what_is_no_ordinary_file_is_neither_counted_nor_removed(folder, warned, monkeypatch):
    monkeypatch.setattr(journal_write, "KEEP_RUNS", 2)
    folder.mkdir(parents=True)
    older, folders, link = (f"2025010{day}-000000-000-aaaaaa.jsonl" for day in (1, 2, 3))
    (folder / older).write_text("x\n")
    (folder / folders).mkdir()
    (folder / link).symlink_to(folder / older)
    Journal(folder, RUN, warn=warned.append).close()
    assert sorted(path.name for path in folder.iterdir()) == [older, folders, link]


def test_a_folder_whose_names_can_not_be_listed_takes_a_journal_all_the_same(
    folder, warned, monkeypatch
):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    opened = Journal(folder, RUN, warn=warned.append)
    assert opened.path.exists()
    opened.close()


def test_the_journal_of_every_run_is_known_for_one(folder, warned):
    opened = [
        Journal(folder, run_id(time, random), warn=warned.append)
        for time, random in ((0, b"\x00\x00\x00"), (1767225600.25, b"\x3f\x9a\xff"), (4e9, b"abc"))
    ]
    assert journals(folder) == [journal.path for journal in reversed(opened)]
    for journal in opened:
        journal.close()
