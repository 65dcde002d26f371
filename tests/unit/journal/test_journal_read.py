"""Journals are read back whole, damaged, half written and without an end."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.errors import ReconcilerError, UsageError
from reconciler.journal.read import ENDED, OPEN, OperationRecord, about, only, runs
from reconciler.model import Values

RUN = "20260101-000000-000-abcdef"
FIRST = {
    "time": "2026-01-01T00:00:00.000Z",
    "event": "run_started",
    "format_version": 1,
    "tool_version": "1",
    "run": RUN,
    "platform": "memory:///",
    "platform_id": "memory",
    "digest": "sha256:0",
    "operations": 4,
    "actor": "anna",
    "host": "ci-7",
    "commit": "c0ffee",
    "job_url": "https://ci.lab/1",
    "fence": 3,
}
BEFORE = {"name": "old", "label": "L", "type": "local", "default_url": "file:///old"}
LAST = {
    "time": "2026-01-01T00:00:09.000Z",
    "event": "run_ended",
    "exit": 5,
    "interrupted": False,
    "summary": {"done": 1},
}


def line(event, key, **more):
    action, _, name = key.partition(":")
    time = more.pop("time", "2026-01-01T00:00:01.000Z")
    return {
        "time": time,
        "event": f"operation_{event}",
        "key": key,
        "action": action,
        "name": name,
        **more,
    }


PLANNED = line(
    "planned", "update:new", previous_name="old", id="i1", before=BEFORE, holds_files=None
)
WHOLE = [
    FIRST,
    PLANNED,
    line("started", "update:new"),
    line("retried", "update:new", attempt=1, wait=0.5, error="503"),
    line("retried", "update:new", attempt=2, wait=0.5, error="503"),
    line("done", "update:new", id="i1", writes=1, time="2026-01-01T00:00:02.000Z"),
    line("started", "create:x"),
    line("failed", "create:x", status="unknown", error="no answer", stale=False),
    line("started", "create:y"),
    LAST,
]


def refuse(*_):
    raise PermissionError(errno.EACCES, "Permission denied")


def put(folder: Path, *lines: object, run: str = RUN, end: str = "\n") -> Path:
    path = folder / f"{run}.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + end)
    return path


def read(folder: Path, *lines: object, **more: str):
    put(folder, *lines, **more)
    return next(iter(runs(folder)))


def test_a_whole_run(tmp_path):
    run = read(tmp_path, *WHOLE)
    assert (run.run, run.state, run.exit, run.damage) == (RUN, ENDED, 5, "")
    assert (run.actor, run.host, run.commit) == ("anna", "ci-7", "c0ffee")
    assert (run.started_at, run.ended_at) == (FIRST["time"], LAST["time"])
    assert run.summary == {"done": 1, "started": 1, "unknown": 1}
    assert run.planned == 4
    assert run.operations[0] == OperationRecord(
        "update:new",
        "update",
        "new",
        "done",
        time="2026-01-01T00:00:02.000Z",
        previous_name="old",
        id="i1",
        retries=2,
        before=Values(**BEFORE),
    )
    assert (run.operations[1].status, run.operations[1].error) == ("unknown", "no answer")


@pytest.mark.parametrize("lines", range(1, len(WHOLE)))
def test_a_run_that_was_killed_after_any_line_has_no_end(tmp_path, lines):
    run = read(tmp_path, *WHOLE[:lines])
    assert run.state == OPEN
    assert run.exit is None
    assert run.damage == ""


def test_a_removal_that_was_never_begun_is_told_as_that(tmp_path):
    run = read(tmp_path, FIRST, PLANNED)
    assert run.summary == {"not_started": 1}


@pytest.mark.parametrize("cut", range(1, len(json.dumps(LAST))))
def test_a_half_written_last_line_is_said_and_left_out(tmp_path, cut):
    path = put(tmp_path, *WHOLE)
    path.write_bytes(path.read_bytes()[: -cut - 1])
    run = next(iter(runs(tmp_path)))
    assert "its last line is half written" in run.damage
    assert run.state == OPEN
    assert len(run.operations) == 3


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff\xfe",
        b"{",
        b"[]",
        b"{}",
        b'{"event": 1}',
        b'{"event":"x","key":2}',
        b"\0" * 50,
        b"[" * 100_000,
    ],
)
def test_damaged_lines_are_counted_and_left_out(tmp_path, damage):
    path = put(tmp_path, *WHOLE)
    pieces = path.read_bytes().split(b"\n")
    pieces[3] = damage
    path.write_bytes(b"\n".join(pieces))
    run = next(iter(runs(tmp_path)))
    assert run.damage == "1 damaged line is left out"
    assert run.state == ENDED
    assert len(run.operations) == 3


def test_a_file_that_is_damaged_all_over(tmp_path):
    (tmp_path / f"{RUN}.jsonl").write_bytes(b"\x00\n\x01\n\x02")
    run = next(iter(runs(tmp_path)))
    assert run.damage == (
        "2 damaged lines are left out, its last line is half written, its first line is missing"
    )
    assert run.operations == ()


def test_a_file_that_can_not_be_read(tmp_path, monkeypatch):
    put(tmp_path, *WHOLE)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert next(iter(runs(tmp_path))).damage == "it can't be read (Permission denied)"


def test_a_later_version_is_said(tmp_path):
    run = read(tmp_path, {**FIRST, "format_version": 2, "new": 1}, line("dreamt", "create:x"))
    assert "newer version" in run.damage


def test_later_events_and_fields_change_nothing(tmp_path):
    known = read(tmp_path, *WHOLE)
    more = [{**each, "later": {"x": 1}} for each in WHOLE]
    assert read(tmp_path, *more, {"event": "coffee", "time": ""}) == known


def test_newest_first_and_other_files_are_none(tmp_path):
    ids = ["20260102-000000-000-aaaaaa", "20260101-000000-000-bbbbbb"]
    for name in reversed(ids):
        put(tmp_path, FIRST, run=name)
    for name in ("notes.txt", "events.jsonl", f"old-{RUN}.jsonl"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "20260103-000000-000-cccccc.jsonl").mkdir()
    assert [run.run for run in runs(tmp_path)] == ids


def test_a_folder_that_is_not_there_has_no_runs_unless_somebody_named_it(tmp_path):
    assert list(runs(tmp_path / "nowhere")) == []
    with pytest.raises(UsageError, match=r"no folder '.*/nowhere'.*--journal"):
        list(runs(tmp_path / "nowhere", named=True))


def test_a_folder_that_can_not_be_read_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    put(tmp_path, *WHOLE)
    monkeypatch.setattr(os, "scandir", refuse)
    for named in (False, True):
        with pytest.raises(ReconcilerError, match=r"Permission denied.*--journal DIR") as caught:
            list(runs(tmp_path, named=named))
        assert str(tmp_path) in str(caught.value)


def test_a_file_is_no_folder_of_journals(tmp_path):
    with pytest.raises(ReconcilerError, match="Not a directory"):
        list(runs(put(tmp_path, *WHOLE)))


def test_a_run_is_found_by_any_part_that_no_other_has(tmp_path):
    for end in ("aaaaaa", "bbbbbb", "0bbbbb"):
        put(tmp_path, FIRST, run=f"20260101-000000-000-{end}")
    first = "20260101-000000-000-aaaaaa"
    assert [run.run for run in runs(tmp_path, "aa")] == [first]
    assert only(runs(tmp_path), "aa").run == first
    with pytest.raises(UsageError, match="2 runs have 'bbbbb'"):
        only(runs(tmp_path), "bbbbb")
    with pytest.raises(UsageError, match=r"no run 'zz'.*reconciler history"):
        only(runs(tmp_path), "zz")


def test_the_whole_id_finds_a_run_although_others_have_it_as_a_part(tmp_path):
    read_one = read(tmp_path, FIRST)
    several = [replace(read_one, run=f"revision {number}") for number in (10, 1, 100)]
    assert only(several, "revision 1").run == "revision 1"


@pytest.mark.parametrize(
    ("glob", "keys"),
    [
        ("old", ["update:new"]),
        ("new", ["update:new"]),
        ("[xy]", ["create:x", "create:y"]),
        ("z", []),
    ],
)
def test_operations_on_a_name_also_before_its_rename(tmp_path, glob, keys):
    run = about(read(tmp_path, *WHOLE), (glob,))
    assert [entry.key for entry in run.operations] == keys
    assert sum(run.summary.values()) == len(keys)
