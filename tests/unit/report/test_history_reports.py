"""What `history` shows: all that is known, nothing that is not, and no text that does harm."""

import re
from json import dumps, loads

from msgspec.structs import replace

from reconciler.journal.read import ENDED, OPEN, RECORDED, OperationRecord, Run
from reconciler.model import Values
from reconciler.report import json, markdown, text
from reconciler.report.style import UNBOUNDED, Style

WIDE = Style(width=200)
RECORDS = Style(width=UNBOUNDED, records=True)
HOSTILE = "a\x1b[31m|`b`\u202e"
BEFORE = Values("x", "L", "S3", "https://user:secret@minio/b")
ENTRIES = (
    OperationRecord("create:nas", "create", "nas", "done", id="i1"),
    OperationRecord("update:new", "update", "new", "done", previous_name="old name", retries=2),
    OperationRecord("remove:x", "remove", "x", "failed", error="it holds files now", before=BEFORE),
    OperationRecord("create:y", "create", "y", "started"),
)
RUN = Run(
    run="20260101-000000-000-abcdef",
    state=ENDED,
    started_at="2026-01-01T00:00:00.000Z",
    ended_at="2026-01-01T00:00:09.000Z",
    exit=5,
    interrupted=False,
    platform="sqlite:////srv/platform.db",
    digest="sha256:0",
    actor="anna",
    host="ci-7",
    commit="c0ffee" * 6,
    job_url="https://ci:secret@ci.lab/1",
    planned=6,
    summary={"done": 2, "failed": 1, "started": 1},
    operations=ENTRIES,
)
KILLED = replace(RUN, run="20260102-000000-000-abcdef", state=OPEN, ended_at="", exit=None)
AUDITED = replace(RUN, state=RECORDED, exit=None, commit="", host="")


def test_a_list_of_runs():
    where, what = "sqlite:////srv/platform.db", ": + nas, ~ new, - x, 1 more"
    when = ["2026-01-01T00:00:00Z", "anna", "c0ffeec0ffee"]
    told = text.runs([KILLED, RUN], RECORDS).splitlines()
    assert [re.split(" {2,}", line) for line in told[:3]] == [
        ["RUN", "STARTED", "BY", "COMMIT", "PLATFORM", "END", "OPERATIONS"],
        [KILLED.run, *when, where, "no end", f"2 done, 1 failed, 1 started, 2 not begun{what}"],
        [RUN.run, *when, where, "exit 5", f"2 done, 1 failed, 1 started{what}"],
    ]
    assert told[3:] == [
        "",
        "no end: killed, or still running.",
        "",
        "2 runs.",
    ]


def test_a_list_that_is_too_wide_is_a_paragraph_for_each_run():
    told = text.runs([RUN], Style(width=60))
    assert told.startswith(f"{RUN.run}\n    started: 2026-01-01T00:00:00Z\n    by: anna\n")
    assert max(map(len, told.splitlines())) <= 60
    assert text.runs([RUN], Style(width=200)).startswith("RUN                         STARTED ")


def test_runs_of_different_platforms_are_told_apart():
    other = replace(KILLED, platform="sqlite:////srv/other.db")
    for report in (text.runs, text.operations, markdown.runs):
        told = report([other, RUN])
        assert "srv/other.db" in told
        assert "srv/platform.db" in told


def test_columns_that_nobody_fills_are_left_out():
    assert text.runs([AUDITED], WIDE).splitlines()[0].split() == [
        *("RUN", "STARTED", "BY", "PLATFORM", "OPERATIONS")
    ]


def test_no_runs():
    for report in (text.runs, text.operations, markdown.runs):
        assert report([]) == "No runs.\n"


def test_one_run_with_its_operations():
    assert text.run(RUN).splitlines()[8:] == [
        "",
        "+ nas: done",
        "~ new: done, was 'old name', tried again 2×",
        "- x: failed",
        "    it holds files now",
        "    before: 'x', label 'L', S3 at https://***@minio/b",
        "+ y: begun, no end is recorded",
        "",
        "4 operations: 2 done, 1 failed, 1 started.",
    ]


def test_where_a_run_came_from():
    told = text.run(RUN)
    for words in ("by       anna on ci-7", "exit 5", "https://***@ci.lab/1", "c0ffee" * 6):
        assert words in told
    assert "killed, or still running" in text.run(KILLED)
    assert "ended" not in text.run(AUDITED)


def test_damage_is_told_in_every_format():
    damaged = replace(RUN, damage="3 damaged lines are left out")
    for told in (
        text.runs([damaged]),
        text.operations([damaged]),
        text.run(damaged),
        markdown.run(damaged),
        json.runs([damaged]),
    ):
        assert "3 damaged lines are left out" in told


def test_nothing_harmful_and_no_password_gets_out():
    entry = replace(ENTRIES[2], name=HOSTILE, error=HOSTILE)
    run = replace(RUN, run=HOSTILE, actor=HOSTILE, operations=(entry,))
    for told in (
        text.runs([run]),
        text.operations([run]),
        text.run(run),
        markdown.runs([run]),
        markdown.run(run),
    ):
        assert "\x1b" not in told
        assert "\u202e" not in told
        assert "secret" not in told


def test_json_has_operations_only_where_they_are_asked_for():
    (brief,) = loads(json.runs([RUN]))["runs"]
    (whole,) = loads(json.run(RUN))["runs"]
    assert json.run(RUN) == json.operations([RUN])
    assert "operations" not in brief
    assert [entry["key"] for entry in whole["operations"]] == [entry.key for entry in ENTRIES]
    assert "secret" not in dumps([brief, whole])


def test_what_is_no_operation_on_a_storage_is_called_by_its_name():
    created = OperationRecord("token_created:ci", "token_created", "ci", "done")
    told = text.runs([replace(AUDITED, operations=(created,), summary={"done": 1})], RECORDS)
    assert "1 done: token created ci\n" in told
