from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.errors import PlanFileError, StaleError
from reconciler.model import Notice, Values
from reconciler.plan.document import (
    BLOCKED,
    CREATE,
    FORMAT_VERSION,
    READY,
    REMOVE,
    UPDATE,
    Consent,
    Operation,
    Plan,
    Step,
    Summary,
    canonical_json,
    changed,
    content_digest,
    sealed,
    steps,
    to_json,
)
from reconciler.plan.file import from_json
from reconciler.plan.steps import create_steps, remove_steps, update_calls, update_steps

NEW = Values("new", "New", "S3", "https://s3.eu-central-2.amazonaws.com/b", "eu-central-2", "b")
OLD = Values("old", "Old", "S3", "s3://b")  # where NEW is to lie
BEFORE = Values("nas", "NAS", "local", "file:///nas")
AFTER = replace(BEFORE, name="nas 2", label="🧊")


def _steps(key: str, before: Values | None, after: Values | None) -> tuple[Step, ...]:
    if after is None:
        return remove_steps(key)
    if before is None:
        return create_steps(key, after.name, ())
    return update_steps(key, update_calls(before, after, aside=None, atomic=True), None)


def operation(action: str, before: Values | None, after: Values | None) -> Operation:
    name = (after or before).name
    changes = changed(before, after) if before and after else ()
    key = f"{action}:{name}"
    return Operation(
        key=key,
        action=action,
        name=name,
        previous_name=before.name if before and after and before.name != name else None,
        id=before and f"id of {before.name}",
        before=before,
        after=after,
        changes=changes,
        steps=_steps(key, before, after),
        after_operations=(),
        destructive=action == REMOVE,
        holds_files=True if action == REMOVE else None,
        reason="for a test",
    )


CREATED, UPDATED, REMOVED = (
    operation(CREATE, None, NEW),
    operation(UPDATE, BEFORE, AFTER),
    operation(REMOVE, OLD, None),
)
WAITING = replace(
    CREATED,
    steps=(replace(CREATED.steps[0], after_steps=(REMOVED.steps[0].key,)),),
    after_operations=(REMOVED.key,),
)
PLAN = sealed(
    Plan(
        format_version=FORMAT_VERSION,
        tool_version="1.2.3",
        created_at="2026-01-01T00:00:00Z",
        platform="sqlite:////srv/platform.db",
        platform_id="0123",
        account=None,
        digest="",
        status=READY,
        blocked_by=(),
        summary=Summary(create=1, update=1, remove=1, live=3, unchanged=1),
        operations=(REMOVED, UPDATED, WAITING),
        undeclared=("other",),
        consents=(
            Consent("holds_files", "old", "id of old"),
            Consent("removed", "old", "id of old"),
        ),
        warnings=(Notice("same_location", "nas", "two at one place"),),
    )
)


def edited(change: Any) -> bytes:
    document = json.loads(to_json(PLAN))
    change(document)
    return json.dumps(document).encode()


# Canonical JSON

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**53 - 1) | TEXT,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
@settings(deadline=None)
def test_canonical_json_is_that_of_rfc_8785(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(st.builds(Values, TEXT, TEXT, TEXT, TEXT, st.none() | TEXT, st.none() | TEXT))
@settings(deadline=None)
def test_values_are_encoded_like_objects_of_what_is_given(values: Values) -> None:
    given = {
        field: getattr(values, field)
        for field in values.__struct_fields__
        if getattr(values, field) is not None
    }
    assert canonical_json(values) == rfc8785.dumps(given)


def test_the_digest_is_worked_out_as_the_document_says() -> None:
    """Anyone can check a digest with the plan file, an RFC 8785 library and SHA-256."""
    document = json.loads(to_json(PLAN))
    fields = ("key", "action", "id", "before", "after", "steps", "after_operations", "holds_files")
    meaning = {
        "format_version": document["format_version"],
        "platform": document["platform_id"],
        "address": None,  # that of a file
        "lock": document.get("lock"),
        "status": document["status"],
        "consents": document["consents"],
        "operations": sorted(
            ({field: operation[field] for field in fields} for operation in document["operations"]),
            key=lambda operation: operation["key"],
        ),
    }
    digest = f"sha256:{hashlib.sha256(rfc8785.dumps(meaning)).hexdigest()}"
    assert digest == PLAN.digest == document["digest"]


# What the digest is of


@pytest.mark.parametrize(
    "change",
    [
        {"tool_version": "9"},
        {"created_at": "2030-01-01T00:00:00Z"},
        {"platform": "sqlite:////elsewhere/platform.db"},
        {"account": "somebody"},
        {"digest": ""},
        {"blocked_by": (Notice("undeclared", "x", "y"),)},
        {"summary": Summary(0, 0, 0, 0, 0)},
        {"undeclared": ()},
        {"warnings": ()},
        {"operations": PLAN.operations[::-1]},
        {"operations": tuple(replace(operation, reason="other") for operation in PLAN.operations)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_never_enters_the_digest(change: dict[str, Any]) -> None:
    assert replace(PLAN, **change) != PLAN
    assert content_digest(replace(PLAN, **change)) == PLAN.digest


def with_update(**change: object) -> dict[str, Any]:
    return {"operations": (REMOVED, replace(UPDATED, **change), WAITING)}


@pytest.mark.parametrize(
    "change",
    [
        {"platform_id": "new"},
        {"platform": "https://elsewhere.example"},
        {"lock": "file:///elsewhere"},
        {"status": BLOCKED},
        {"consents": ()},
        {"consents": (Consent("holds_files", "old", "another id"),)},
        {"consents": (Consent("remove", "old", "id of old"),)},
        {"operations": PLAN.operations[1:]},
        {"operations": (UPDATED, *PLAN.operations)},
        with_update(key="update:x"),
        with_update(action=REMOVE),
        with_update(id="another"),
        with_update(before=OLD),
        with_update(after=NEW),
        with_update(after=replace(AFTER, label="")),
        with_update(steps=()),
        with_update(steps=(replace(UPDATED.steps[0], name="other"),)),
        with_update(steps=(replace(UPDATED.steps[0], after_steps=("create:new#1",)),)),
        with_update(after_operations=("create:new",)),
        with_update(holds_files=False),
    ],
    ids=str,
)
def test_what_enters_the_digest(change: dict[str, Any]) -> None:
    assert content_digest(replace(PLAN, **change)) != PLAN.digest


def test_two_operations_of_one_key_both_enter_the_digest() -> None:
    forged = replace(UPDATED, after=NEW)
    for operations in ((forged, UPDATED), (UPDATED, forged)):
        alone = content_digest(replace(PLAN, operations=operations[1:]))
        assert content_digest(replace(PLAN, operations=operations)) != alone


# The document


def test_a_plan_comes_back_as_it_was() -> None:
    data = to_json(PLAN)
    assert from_json(data) == PLAN
    assert to_json(from_json(data)) == data
    assert data.endswith(b"}\n")


def test_no_line_is_a_command_to_a_runner() -> None:
    words = "##teamcity[setParameter name='a'] ##vso[task]b ##[add-mask]c section_start:1:d"
    before, after = Values(words, words, "local", "/a"), Values(words, "B", "local", "/a")
    changed = (operation(UPDATE, before, after),)
    plan = sealed(replace(PLAN, operations=changed, summary=Summary(0, 1, 0, 1, 0), consents=()))
    text = to_json(plan).decode()
    assert [word for word in ("##", "section_start:") if word in text] == []
    assert from_json(text.encode()) == plan


NAMES = TEXT.filter(bool)


@given(NAMES, TEXT, NAMES, TEXT)
@settings(deadline=None)
def test_any_names_and_labels_come_back(name: str, label: str, other: str, text: str) -> None:
    before, after = Values(name, label, "local", text), Values(other, text, "local", text)
    assume(before != after)
    plan = replace(
        PLAN,
        operations=(operation(UPDATE, before, after),),
        summary=Summary(0, 1, 0, 1, 0),
        consents=(),
        warnings=(Notice("near_duplicate", name, text),),
    )
    assert from_json(to_json(sealed(plan))) == sealed(plan)


def test_the_fields_stand_in_the_order_of_the_format() -> None:
    document = json.loads(to_json(PLAN))
    assert list(document) == [
        *("format_version", "tool_version", "created_at", "platform", "platform_id", "account"),
        *("digest", "status", "blocked_by", "summary", "operations", "undeclared", "consents"),
        "warnings",
    ]
    assert list(document["operations"][0]) == [
        *("key", "action", "name", "previous_name", "id", "before", "after", "changes", "steps"),
        *("after_operations", "destructive", "holds_files", "reason"),
    ]


def test_a_later_version_may_add_fields() -> None:
    assert from_json(edited(lambda plan: plan.update(extra={"a": [1]}))) == PLAN


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan.update(status=BLOCKED),
        lambda plan: plan.update(digest="sha256:" + "0" * 64),
        lambda plan: plan.update(platform_id="new"),
        lambda plan: plan.update(consents=[]),
        lambda plan: plan["operations"][1]["after"].update(label="other"),
        lambda plan: plan["operations"][1]["steps"][0].update(label="other"),
        lambda plan: plan["operations"][2]["after"].update(default_url="https://h/other"),
        lambda plan: plan["operations"][0].update(id="another"),
        lambda plan: plan["operations"][0].update(holds_files=False),
        lambda plan: plan["operations"].pop(1),
        lambda plan: plan["operations"].insert(0, plan["operations"][1]),
        # What people read has to agree with what would be done.
        lambda plan: plan["operations"][0].update(name="harmless"),
        lambda plan: plan["operations"][0].update(destructive=False),
        lambda plan: plan["operations"][1].update(previous_name=None),
        lambda plan: plan["operations"][1].update(changes=[]),
        lambda plan: plan["operations"][1]["changes"][1].update(after="other"),
        lambda plan: plan["summary"].update(remove=0),
        lambda plan: plan["summary"].update(create=2),
        lambda plan: plan["summary"].update(update=2),
    ],
)
def test_an_edited_plan_is_refused(change: Any) -> None:
    with pytest.raises(StaleError, match="changed after it was made"):
        from_json(edited(change))


def test_a_blocked_plan_does_not_become_ready_by_an_edit() -> None:
    plan = sealed(
        replace(PLAN, status=BLOCKED, blocked_by=(Notice("protected", "old", "it is protected"),))
    )
    document = json.loads(to_json(plan))
    assert not from_json(to_json(plan)).ready
    document["blocked_by"] = []
    assert not from_json(json.dumps(document).encode()).ready
    document["status"] = READY
    with pytest.raises(StaleError):
        from_json(json.dumps(document).encode())


def test_a_plan_with_a_reason_is_not_ready_whatever_its_status() -> None:
    assert PLAN.ready
    assert not replace(PLAN, blocked_by=(Notice("protected", "old", "it is"),)).ready
    assert not replace(PLAN, status=BLOCKED).ready


def test_a_newer_format_is_refused_before_it_is_misread() -> None:
    data = json.dumps({"format_version": FORMAT_VERSION + 1, "operations": "other"}).encode()
    with pytest.raises(PlanFileError, match="has format 3, and this version of reconciler reads"):
        from_json(data)


DAMAGED = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf" + to_json(PLAN),
    b"null",
    b"[]",
    b"{}",
    b"version: 1\n",
    b'{"format_version": "1"}',
    b'{"format_version": 1}',
    b'{"format_version": 1, "tool_version": "\xff"}',
    b'{"format_version": 1, "tool_version": "\\ud800"}',
    b'{"format_version": 1, "x": ' + b"[" * 200_000,
    to_json(PLAN)[:-10],
    to_json(PLAN) * 2,
    edited(lambda plan: plan.pop("operations")),
    edited(lambda plan: plan["operations"].append(None)),
    edited(lambda plan: plan["operations"][0].update(action="format")),
    edited(lambda plan: plan["operations"][0].update(before=None)),
    edited(lambda plan: plan["operations"][0].update(id=None)),
    edited(lambda plan: plan["operations"][1].update(steps=[])),
    edited(lambda plan: plan["operations"][2].update(id="x")),
    edited(lambda plan: plan["operations"][2].update(after=None)),
    edited(lambda plan: plan["operations"][1]["steps"][0].update(after_steps=["update:gone#1"])),
]


def test_the_page_of_a_plan_is_no_plan() -> None:
    with pytest.raises(PlanFileError, match="apply the file that `plan --out` wrote"):
        from_json(b"\n<!doctype html>\n<title>Plan</title>")


@pytest.mark.parametrize("data", DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(PlanFileError, match="not a plan file") as caught:
        from_json(data)
    assert caught.value.exit_code == 65


def test_steps_come_with_their_operations() -> None:
    assert [(operation.key, step.key) for operation, step in steps(PLAN)] == [
        ("remove:old", "remove:old#1"),
        ("update:nas 2", "update:nas 2#1"),
        ("create:new", "create:new#1"),
    ]
