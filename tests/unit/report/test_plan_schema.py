"""`schemas/plan.schema.json` and `plan/document.py` describe one format."""

import json
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model import Notice, Values
from reconciler.plan import document
from reconciler.plan.document import Change, Consent, Operation, Plan, Step, Summary
from support.repository import SCHEMAS

SCHEMA = json.loads((SCHEMAS / "plan.schema.json").read_text(encoding="utf-8"))
DEFS = SCHEMA["$defs"]
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
STRUCTS = {
    Plan: SCHEMA,
    Notice: DEFS["notice"],
    Summary: DEFS["summary"],
    Operation: DEFS["operation"],
    Values: DEFS["values"],
    Change: DEFS["change"],
    Step: DEFS["step"],
    Consent: DEFS["consent"],
}
#: Fields that are left out rather than null.
LEFT_OUT = ("region", "bucket", "lock")


def test_it_is_a_schema_with_the_same_kind_of_name_as_the_manifests():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    manifest = json.loads((SCHEMAS / "manifest.schema.json").read_text(encoding="utf-8"))
    assert SCHEMA["$id"] == manifest["$id"].replace("manifest:1", "plan:2")
    assert SCHEMA["$schema"] == manifest["$schema"]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_is_described_and_nothing_else(struct):
    schema = STRUCTS[struct]
    fields = msgspec.structs.fields(struct)
    assert list(schema["properties"]) == [field.name for field in fields]
    optional = {name for name in LEFT_OUT if name in {field.name for field in fields}}
    assert set(schema["required"]) == {field.name for field in fields} - optional
    assert schema["additionalProperties"] is False


def properties(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).values()
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_has_a_title_and_a_description(struct):
    for name, field in STRUCTS[struct]["properties"].items():
        meant = DEFS[field["$ref"].rpartition("/")[2]] | field if "$ref" in field else field
        assert meant.get("title"), name
        assert meant.get("description"), name


def allows_null(schema):
    if "$ref" in schema:
        return allows_null(DEFS[schema["$ref"].rpartition("/")[2]])
    return "null" in schema.get("type", []) or any(map(allows_null, schema.get("anyOf", ())))


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_null_is_allowed_where_none_is(struct):
    for name, hint in get_type_hints(struct).items():
        if name in LEFT_OUT:
            continue
        nullable = get_origin(hint) in (UnionType, Union) and NoneType in get_args(hint)
        assert allows_null(STRUCTS[struct]["properties"][name]) == nullable, name


def test_enums_are_those_of_the_code():
    actions = {document.CREATE, document.UPDATE, document.REMOVE}
    assert set(DEFS["action"]["enum"]) == actions
    assert set(SCHEMA["properties"]["status"]["enum"]) == {document.READY, document.BLOCKED}
    assert SCHEMA["properties"]["format_version"]["const"] == document.FORMAT_VERSION


BLOCKING = DEFS["blocking_code"]["enum"]
WARNINGS = DEFS["warning_code"]["enum"]

texts = st.text(min_size=1, max_size=8)
labels = st.text(max_size=8)
maybe = st.none() | texts
values = st.builds(
    Values, texts, labels, st.sampled_from(["S3", "local"]), texts, region=maybe, bucket=maybe
)
calls = st.sampled_from(["create", "update", "remove"])
keys = st.lists(texts, max_size=3, unique=True).map(tuple)
steps = st.lists(st.builds(Step, texts, calls, maybe, maybe, keys), min_size=1, max_size=3)
changes = st.lists(
    st.builds(Change, st.sampled_from(["name", "label"]), labels, labels), max_size=2
)


def operations(action):
    creates, removes = action == document.CREATE, action == document.REMOVE
    return st.builds(
        Operation,
        key=texts,
        action=st.just(action),
        name=texts,
        previous_name=maybe,
        id=st.none() if creates else texts,
        before=st.none() if creates else values,
        after=st.none() if removes else values,
        changes=changes.map(tuple),
        steps=steps.map(tuple),
        after_operations=keys,
        destructive=st.just(removes),
        holds_files=st.booleans() if removes else st.none(),
        reason=labels,
    )


def notices(codes):
    return st.lists(st.builds(Notice, st.sampled_from(codes), labels, texts), max_size=3).map(tuple)


kinds = st.sampled_from(DEFS["consent"]["properties"]["kind"]["enum"])
counts = st.integers(0, 100_000)
plans = st.builds(
    Plan,
    format_version=st.just(document.FORMAT_VERSION),
    tool_version=texts,
    created_at=st.just("2026-11-22T10:00:00Z"),
    platform=texts,
    platform_id=texts,
    account=maybe,
    digest=st.just(""),
    status=st.just(""),
    blocked_by=notices(BLOCKING),
    summary=st.builds(Summary, counts, counts, counts, counts, counts),
    operations=st.lists(st.one_of(map(operations, DEFS["action"]["enum"])), max_size=3).map(tuple),
    undeclared=st.lists(labels, max_size=3).map(tuple),
    consents=st.lists(st.builds(Consent, kinds, labels, labels), max_size=3).map(tuple),
    warnings=notices(WARNINGS),
).map(
    lambda plan: document.sealed(
        msgspec.structs.replace(plan, status="blocked" if plan.blocked_by else "ready")
    )
)


@settings(deadline=None)
@given(plans)
def test_every_plan_is_valid(plan):
    VALIDATOR.validate(json.loads(document.to_json(plan)))


def valid_plan(make):
    plan = make.plan(make.remove("a"), *make.swap(), make.create("b"))
    return json.loads(document.to_json(document.sealed(plan)))


def test_the_plans_of_these_tests_are_valid(make):
    VALIDATOR.validate(valid_plan(make))


DAMAGE = {
    "unknown key": lambda plan: plan.update(comment="x"),
    "missing key": lambda plan: plan.pop("digest"),
    "another version": lambda plan: plan.update(format_version=3),
    "not a digest": lambda plan: plan.update(digest="sha256:0"),
    "unknown status": lambda plan: plan.update(status="maybe"),
    "blocked without a reason": lambda plan: plan.update(status="blocked"),
    "ready with a reason": lambda plan: plan["blocked_by"].append(
        {"code": "undeclared", "name": "a", "message": "b"}
    ),
    "warning with the code of a reason": lambda plan: plan["warnings"].append(
        {"code": "undeclared", "name": "a", "message": "b"}
    ),
    "local time": lambda plan: plan.update(created_at="2026-11-22T10:00:00+02:00"),
    "unknown key of an operation": lambda plan: plan["operations"][0].update(comment="x"),
    "unknown action": lambda plan: plan["operations"][0].update(action="replace"),
    "unknown call": lambda plan: plan["operations"][0]["steps"][0].update(call="replace"),
    "no steps": lambda plan: plan["operations"][0].update(steps=[]),
    "removal that is not destructive": lambda plan: plan["operations"][0].update(destructive=False),
    "removal that leaves something": lambda plan: plan["operations"][0].update(
        after=plan["operations"][0]["before"]
    ),
    "removal that does not speak of files": lambda plan: plan["operations"][0].update(
        holds_files=None
    ),
    "update without id": lambda plan: plan["operations"][1].update(id=None),
    "create with id": lambda plan: plan["operations"][3].update(id="7"),
    "change of a location": lambda plan: plan["operations"][1]["changes"][0].update(
        field="default_url"
    ),
    "unknown type": lambda plan: plan["operations"][3]["after"].update(type="tape"),
    "negative count": lambda plan: plan["summary"].update(live=-1),
    "unknown consent": lambda plan: plan["consents"].append({"kind": "x", "name": "", "id": ""}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_plan_is_refused(make, damage):
    plan = valid_plan(make)
    DAMAGE[damage](plan)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(plan)
