"""`event.schema.json` and `journal.schema.json` say of each line what the code writes."""

import json

import jsonschema
import msgspec
import pytest

from reconciler.cli.applying import events as eventstream
from reconciler.cli.watching import telling
from reconciler.disk import json_lines as lines
from reconciler.executor import events
from reconciler.journal import records
from reconciler.schemas import schema_text
from reconciler.watching.conditions import KINDS

OPERATIONS = (events.Started, events.Retried, events.Done, events.Failed)
OF_WATCHES = (
    *(telling.Began, telling.Changed, telling.Ended),
    *(telling.AppliedNow, telling.CutOff, telling.Notified),
)
LINES = {
    "event": (eventstream.Planned, *OPERATIONS, *OF_WATCHES, eventstream.Summary),
    "journal": (records.RunStarted, records.Planned, *OPERATIONS, records.RunEnded),
}
HEAD = {"event": {"version", "time", "run"}, "journal": {"time"}}
SCHEMAS = {name: json.loads(schema_text(name)) for name in LINES}
EACH = [(name, struct) for name, structs in LINES.items() for struct in structs]


@pytest.mark.parametrize("name", LINES)
def test_they_are_schemas_whose_names_are_like_the_others(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:reconciler:schema:{name}:1"
    assert len(SCHEMAS[name]["oneOf"]) == len(LINES[name])
    assert set(SCHEMAS[name]["properties"]) == HEAD[name]


@pytest.mark.parametrize(("name", "struct"), EACH, ids=lambda value: getattr(value, "__name__", ""))
def test_every_field_is_described_and_nothing_else(name, struct):
    tag = struct.__struct_config__.tag
    (part,) = (p for p in SCHEMAS[name]["oneOf"] if p["properties"]["event"]["const"] == tag)
    fields = {field.name for field in msgspec.structs.fields(struct)}
    assert set(part["properties"]) == fields | {"event"}
    assert set(part["required"]) == fields | {"event"} | HEAD[name]
    for field in fields:
        assert part["properties"][field]["title"]
        assert part["properties"][field]["description"]


def test_a_line_of_which_a_field_is_missing_is_no_line():
    line = lines.stamped(events.Started("create:x", "create", "x"), "2026-01-01T00:00:00.000Z")
    told = json.loads(line)
    jsonschema.validate(told, SCHEMAS["journal"])
    for field in told:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in told.items() if k != field}, SCHEMAS["journal"])


@pytest.mark.parametrize("event", ["began", "changed", "ended"])
def test_every_kind_of_condition_is_known(event):
    (part,) = (p for p in SCHEMAS["event"]["oneOf"] if p["title"] == event)
    assert tuple(part["properties"]["kind"]["enum"]) == KINDS
