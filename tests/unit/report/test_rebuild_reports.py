"""What `rebuild` says, in every format: a golden file for each, to be read by people."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import pytest
from msgspec.structs import replace

from reconciler.executor import Outcome, Result
from reconciler.model import Notice
from reconciler.reconcile import Applied
from reconciler.recovery.rebuilding import outcome
from reconciler.recovery.rebuilding.outcome import Left, Rebuilt, Told
from reconciler.recovery.snapshots.document import Lacking
from reconciler.report import json as in_json
from reconciler.report import markdown, text
from reconciler.report.sentences.recovery import rebuilds as told
from reconciler.report.style import Style
from reconciler.schemas import schema_text
from support.recovery import snapshots

VERIFY = "reconciler verify s3://proofs/lab@20261129"
TAKES_NONE = "this platform takes none"


@pytest.fixture
def kept(tmp_path):
    made = snapshots.taken(snapshots.platform("nas", "lab"), snapshots.repository(tmp_path))
    snapshot = replace(made.snapshot, id="20261129-060000-000-abcdef01")
    return replace(made, snapshot=snapshot, digest="sha256:" + "ab" * 32)


@pytest.fixture
def rebuilt(kept, make):
    operations = [make.create("nas"), make.create("lab")]
    warnings = (Notice("records_differ", "old", "old: 2 file records on the platform differ"),)
    plan = make.plan(*operations, warnings=warnings)
    outcomes = (
        Outcome("create:nas", "create", "nas", "done", "id-1", writes=1),
        Outcome("create:lab", "create", "lab", "failed", error="the name is too long"),
    )
    return Rebuilt(
        kept=kept,
        platform="jetraw://my-org",
        applied=Applied(plan, Result(outcomes), holds=False, remaining=("create 'lab'",)),
        wanted=1_004,
        live=1_002,
        left=(
            Left("lab", "not_live", "it is not live"),
            Left("b\n", "unmanaged", "its name holds a control character"),
        ),
        records=Told(
            12_345, 7, (Left("nas", "not_taken", TAKES_NONE), Left("old", "not_taken", TAKES_NONE))
        ),
        spaces={"nas": ("atlas", "brain"), "old": ("atlas",)},
        ids={"id-nas": "id-1", "id-old": "id-old"},
        files=("Ids: 2 in 'ids.json'.", "'storages.yaml': 1 pin now has its new id."),
        problems=("raw: it is too long",),
        verify=(f"{VERIFY} --platform jetraw://my-org", f"{VERIFY} --deep"),
        again=True,
        exit_code=5,
    )


def test_a_rebuild_in_every_format(rebuilt, golden):
    golden("rebuilt.txt", text.rebuilt(rebuilt, Style(width=100)))
    golden("rebuilt-60.txt", text.rebuilt(rebuilt, Style(width=60)))
    golden("rebuilt.md", markdown.rebuilt(rebuilt))
    golden("rebuilt.json", in_json.rebuilt(rebuilt))


def test_the_schema_has_all_that_is_told_and_every_kind_of_what_is_left(rebuilt):
    schema = json.loads(schema_text("rebuild"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    validator.validate(json.loads(in_json.rebuilt(rebuilt)))
    kinds = {*schema["$defs"]["left"]["properties"]["what"]["enum"]}
    kinds |= {*schema["$defs"]["left_records"]["properties"]["what"]["enum"]}
    assert kinds == {
        value for name, value in vars(outcome).items() if name.isupper() and name[0] != "_"
    }
    unread = replace(
        rebuilt, live=None, applied=Applied(rebuilt.applied.plan, Result(()), holds=None)
    )
    validator.validate(json.loads(in_json.rebuilt(unread)))
    assert not validator.is_valid({**json.loads(in_json.rebuilt(rebuilt)), "verified": True})


def test_a_rebuild_that_had_nothing_to_do(rebuilt, golden, make):
    nothing = replace(
        rebuilt,
        applied=Applied(make.plan(), Result(()), holds=True),
        live=1_004,
        left=(),
        records=Told(),
        spaces={},
        files=(),
        problems=(),
        again=False,
        exit_code=0,
    )
    golden("rebuilt-nothing.txt", text.rebuilt(nothing))
    golden("rebuilt-nothing.md", markdown.rebuilt(nothing))


def test_nobody_is_told_a_number_that_nobody_knows(rebuilt):
    unread = replace(rebuilt, live=None)
    assert told.total(unread).startswith("Rebuilt: nobody knows how many of 1,004 storages")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2026, 11, 29, 6, 0, 30, tzinfo=UTC), "made 30 s ago (2026-11-29T06:00:00Z) of"),
        (datetime(2026, 12, 9, 6, tzinfo=UTC), "made 10 days ago (2026-11-29T06:00:00Z) of"),
        (datetime(2026, 11, 28, tzinfo=UTC), "made in the future, by the clock of this machine"),
    ],
)
def test_the_age_of_a_snapshot_is_told(kept, now, said):
    assert said in told.source(kept, now)


def test_thousands_that_are_not_as_they_were_are_counted(rebuilt):
    gone = [Left(f"s{i}", "not_live", "it is not live") for i in range(1_000)]
    many = replace(rebuilt, left=tuple(gone))
    lines = told.facts(many)
    assert lines[99:101] == [
        "s99: it is not live",
        "… and 900 storages more: `-o json` has them all",
    ]


def test_what_a_snapshot_does_not_know_of_spaces_is_told_at_the_end_too(rebuilt):
    message = "the spaces that use it are not known: busy"
    lacking = (Lacking("lab", "spaces", message), Lacking("nas", "contents", "never scanned"))
    snapshot = replace(rebuilt.kept.snapshot, lacking=lacking)
    lines = told.facts(replace(rebuilt, kept=replace(rebuilt.kept, snapshot=snapshot)))
    assert f"lab: {message}" in lines
    assert not [line for line in lines if "never scanned" in line]
