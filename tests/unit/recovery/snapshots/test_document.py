"""`snapshot.json`: what the schema says of it, and that no byte of it can be another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.repository import layout
from reconciler.recovery.snapshots import document
from reconciler.recovery.snapshots.document import Snapshot
from reconciler.recovery.values import Counts, Unproved
from reconciler.schemas import schema_text
from support.recovery.snapshots import platform, scanned, taken
from support.values.building import storage

SCHEMA = json.loads(schema_text("snapshot"))
VALID = Draft202012Validator(SCHEMA)


@pytest.fixture
def data(repository):
    live = platform("nas", "archive")
    live.put(storage("strange", type="tape"))
    unproved = (Unproved(b"a/\xff", "EIO", "a/ could not be read"),)
    scanned(repository, live.by_name["nas"], complete=False, unproved=unproved)
    scanned(repository, live.by_name["archive"], id="20261128-200000-000-0123ac", counts=Counts())
    kept = taken(live, repository)
    return repository.read(layout.snapshot(kept.snapshot.id))


def structs(kind: Any) -> Iterator[type[Struct]]:
    """Yield a struct, and all that it is made of."""
    for inner in get_args(kind):
        yield from structs(inner)
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from structs(hint)


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema and "type" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)


def test_what_is_written_is_as_the_schema_says(data):
    VALID.validate(json.loads(data))


def test_the_schema_names_each_field_of_each_struct_and_no_other():
    described = sorted(sorted(each["properties"]) for each in objects(SCHEMA))
    assert described == sorted(sorted(kind.__struct_fields__) for kind in set(structs(Snapshot)))


def test_the_schema_explains_every_field():
    for each in objects(SCHEMA):
        for name, field in each["properties"].items():
            assert "$ref" in field or (field["title"] and field["description"]), name


def test_what_is_read_is_what_was_written(data):
    snapshot = document.decode(data)
    assert document.encode(snapshot) == data
    assert snapshot.storages[1].contents.unproved[0].path == b"a/\xff"


def test_it_is_canonical(data):
    raw = json.loads(data)
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert text.encode() == data


def test_no_byte_of_it_can_be_another(data):
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        with pytest.raises(SnapshotError):
            document.decode(bytes(changed))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"[]", "does not say its format"),
        (b'{"format_version":true}', "does not say its format"),
        (b'{"format_version":"1"}', "does not say its format"),
        (b'{"format_version":2}', "this program knows up to 1: use a newer release"),
        (b'{"format_version":1}', "its bytes do not fit its seal"),
    ],
)
def test_what_is_no_snapshot_is_refused(text, reason):
    with pytest.raises(SnapshotError, match=reason):
        document.decode(text)


def test_fields_of_later_releases_are_passed_over(data):
    raw = {**json.loads(data), "zzz": ["new"], "seal": ""}
    raw["seal"] = document.digest_of(msgspec.json.encode(raw, order="sorted"))[7:]
    later = msgspec.json.encode(raw, order="sorted")
    assert replace(document.decode(later), seal="") == replace(document.decode(data), seal="")


def test_a_field_of_another_type_is_refused_although_the_seal_fits(data):
    raw = {**json.loads(data), "serial": "one", "seal": ""}
    raw["seal"] = document.digest_of(msgspec.json.encode(raw, order="sorted"))[7:]
    with pytest.raises(SnapshotError, match="it can't be understood"):
        document.decode(msgspec.json.encode(raw, order="sorted"))
