"""The schema: complete for editors, of one mind with the code, the same to both validators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from reconciler import schemas
from reconciler.location import aws_url, location, usable_url
from reconciler.manifest.checking.schema import manifest_schema, part_schema
from reconciler.manifest.render import _AWS
from reconciler.schemas import schema_text
from support.sampling import examples

PUBLISHED = msgspec.json.decode(schema_text("manifest"))
SCHEMA = manifest_schema()
FAST = Draft202012Validator(SCHEMA)
SLOW = jsonschema.Draft202012Validator(SCHEMA)


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from subschemas(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from subschemas(part)


def keys_of(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the keys that a manifest can have; rules speak of keys too, but only to refuse them."""
    for part in subschemas(schema):
        if part.get("additionalProperties") is False:
            # What only some entries may have is told where it is known which ones.
            keys = dict(part["properties"])
            for rule in subschemas(part.get("allOf", [])):
                keys |= rule.get("else", {}).get("properties", {})
            assert True not in keys.values()
            yield from keys.items()


def entry(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "storages": [{"name": "nas", **fields}]}


def both(document: Any) -> bool:
    valid: bool = FAST.is_valid(document)
    assert SLOW.is_valid(document) is valid
    return valid


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"].startswith("urn:")


@pytest.mark.parametrize(("key", "schema"), list(keys_of(SCHEMA)))
def test_editors_can_complete_and_explain_each_key(key: str, schema: dict[str, Any]) -> None:
    assert schema["title"], key
    assert schema["description"].endswith("."), key
    assert schema["examples"], key


@pytest.mark.parametrize(("key", "schema"), list(keys_of(SCHEMA)))
def test_the_examples_are_valid(key: str, schema: dict[str, Any]) -> None:
    alone = {"$defs": SCHEMA["$defs"], **schema}
    assert all(Draft202012Validator(alone).is_valid(value) for value in schema["examples"]), key


def test_the_example_of_a_manifest_is_valid() -> None:
    assert all(both(value) for value in SCHEMA["examples"])


def test_rules_and_keys_can_be_told_apart() -> None:
    for schema in subschemas(PUBLISHED):
        assert not ("errorMessage" in schema and schema.keys() & {"title", "description"})
        if "description" in schema and "body" not in schema:
            assert schema["title"]  # else editors would show it for a key that it is not about
    assert not any("oneOf" in schema for schema in subschemas(PUBLISHED))


VARIABLE = "${NAME:-x}"
ALL_VARIABLES = {
    "version": 1,
    "platform": VARIABLE,
    "lock": VARIABLE,
    "policy": {"undeclared": VARIABLE, "max_removals": VARIABLE},
    "proof": {"every": VARIABLE, "settled": VARIABLE, "exclude": [VARIABLE]},
    "defaults": dict.fromkeys(["type", "label", "default_url", "region", "bucket"], VARIABLE),
    "storages": [
        {"name": VARIABLE, "type": VARIABLE, "region": VARIABLE, "bucket": VARIABLE},
        {"name": VARIABLE, "type": "local", "default_url": VARIABLE},
        {"name": VARIABLE, "type": "S3", "default_url": VARIABLE, "id": VARIABLE},
    ],
    "removed": [{"name": VARIABLE, "id": VARIABLE, "holds_files": True}],
}


def test_what_holds_a_variable_passes_in_an_editor_and_not_once_it_is_filled_in() -> None:
    assert Draft202012Validator(PUBLISHED).is_valid(ALL_VARIABLES)
    for key, value in (("lock", VARIABLE), ("policy", {"undeclared": VARIABLE})):
        assert Draft202012Validator(PUBLISHED).is_valid({"version": 1, key: value})
        assert not both({"version": 1, key: value})
    for part in subschemas(SCHEMA):
        assert part.get("$ref") != "#/$defs/variable"


@settings(deadline=None, max_examples=examples(40, 1_000))
@given(document=st.deferred(lambda: documents))
def test_what_is_valid_is_valid_in_editors_too(document: Any) -> None:
    if both(document):
        assert Draft202012Validator(PUBLISHED).is_valid(document)


@pytest.mark.parametrize("text", ["a" * 20_000, "aa" + "-a" * 20_000, "aa-a-" + "1" * 20_000])
def test_no_pattern_backtracks_without_end(text: str) -> None:
    # One that does would not come back from texts of this length.
    patterns = [s["pattern"] for s in subschemas(SCHEMA) if isinstance(s.get("pattern"), str)]
    assert patterns
    for pattern in patterns:
        re.search(pattern, text + "!\n")


def test_schemas_of_a_wheel_win_over_the_folder_beside(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "reconciler"
    (package / "schemas").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/plan.schema.json").write_text("beside")
    monkeypatch.setattr(schemas, "__file__", str(package / "schemas.py"))
    assert schema_text("plan") == b"beside"
    (package / "schemas/plan.schema.json").write_text("inside")
    assert schema_text("plan") == b"inside"


def test_no_other_file_can_be_read_as_a_schema() -> None:
    with pytest.raises(KeyError):
        schema_text("../../pyproject")


urls = st.one_of(
    st.text(),
    st.builds(
        "{}{}{}{}{}{}".format,
        st.sampled_from(["", " ", "'"]),
        st.sampled_from(["", "http", "HTTPS", "s3", "S3", "file", "FILE", "ftp", "C", "a+b", "é"]),
        st.sampled_from(["://", ":", ":/", "//", "", ":\\", ":///"]),
        st.sampled_from(["", "user@", "a:b@", "@"]),
        st.sampled_from(["", "h", "h:9000", "?", "#", "/", "\n", " ", "é"]),
        st.sampled_from(["", "/b", "/a@b", "?q=@", "?q=https://a:b@c", "#f", "\n", "/b/c/"]),
    ),
)


@settings(deadline=None, max_examples=examples(70, 2_000))
@given(type=st.sampled_from(["S3", "local"]), url=urls)
def test_a_url_is_usable_for_the_schema_as_it_is_for_the_code(type: str, url: str) -> None:
    assert both(entry(type=type, default_url=url)) == usable_url(type, url)


parts = st.text(alphabet=st.sampled_from("aAzZ09-._/?#@ \nßé٢%"), max_size=12)


@settings(deadline=None, max_examples=examples(70, 2_000))
@given(region=parts | st.from_regex(r"[a-z]{2}(-[a-z]{1,5}){1,3}-[0-9]{1,2}\n?"), bucket=parts)
@example(region="eu-central-2\n", bucket="lab")
@example(region="eu-central-٢", bucket="lab")
@example(region="cn-north-1", bucket="lab")
@example(region="us-gov-west-1", bucket="lab")
@example(region="eu-central-2", bucket="lab\n")
@example(region="eu-central-2", bucket="la/b")
@example(region="eu-central-2", bucket="a" * 256)
def test_a_region_and_bucket_can_be_read_back_from_their_url(region: str, bucket: str) -> None:
    valid = both(entry(type="S3", region=region, bucket=bucket))
    if valid:
        place = location("S3", aws_url(region, bucket))
        assert place.region == region
        assert place.place.startswith("aws")
        assert place.place.endswith(f":{bucket}")
    read_back = _AWS.fullmatch(aws_url(region, bucket))
    assert valid == bool(
        read_back and (read_back["region"], read_back["bucket"]) == (region, bucket)
    )


@pytest.mark.parametrize(
    ("limit", "valid"),
    [
        (0, True),
        (1000, True),
        ("1%", True),
        ("10%", True),
        ("100%", True),
        ("0%", False),
        ("101%", False),
        ("05%", False),
        ("10", False),
        ("10%\n", False),
        ("10%%", False),
        ("10%5", False),
        ("1.5%", False),
        ("", False),
        (-1, False),
        (True, False),
        (None, False),
    ],
)
def test_max_removals(limit: object, valid: bool) -> None:
    assert both({"version": 1, "policy": {"max_removals": limit}}) is valid


LOCAL = {"type": "local", "default_url": "/data"}
S3_URL = {"type": "S3", "default_url": "https://h/b"}
AWS = {"type": "S3", "region": "eu-central-2", "bucket": "lab"}


@pytest.mark.parametrize(
    ("fields", "complete", "with_defaults"),
    [
        (LOCAL, True, True),
        (S3_URL, True, True),
        (AWS, True, True),
        ({**LOCAL, "region": "eu-central-2"}, False, False),
        ({**LOCAL, "bucket": "lab"}, False, False),
        ({**S3_URL, "region": "eu-central-2"}, False, False),
        ({**S3_URL, "bucket": "lab"}, False, False),
        ({**AWS, "default_url": "https://h/b"}, False, False),
        ({}, False, True),
        ({"type": "local"}, False, True),
        ({"type": "S3"}, False, True),
        ({"type": "S3", "region": "eu-central-2"}, False, True),
        ({"type": "S3", "bucket": "lab"}, False, True),
        ({"region": "eu-central-2", "bucket": "lab"}, True, True),
        ({"region": "eu-central-2"}, False, True),
        ({"bucket": "lab"}, False, True),
        ({"default_url": "https://h/b", "bucket": "lab"}, False, False),
        ({**LOCAL, "name": "a\nb"}, False, False),
        ({**LOCAL, "name": "a\x85"}, False, False),
        ({**LOCAL, "name": "a\u2028\u202e"}, True, True),
        ({"default_url": "/data"}, False, True),
        ({**LOCAL, "name": ""}, False, False),
        ({**LOCAL, "label": ""}, True, True),
        ({**LOCAL, "id": ""}, False, False),
        ({**LOCAL, "renamed_from": []}, True, True),
        ({**LOCAL, "renamed_from": ["a", "a"]}, False, False),
        ({**LOCAL, "renamed_from": [""]}, False, False),
        ({**LOCAL, "protect": 1}, False, False),
        ({**LOCAL, "url": "/data"}, False, False),
    ],
)
def test_the_kinds_of_entries(fields: dict[str, Any], complete: bool, with_defaults: bool) -> None:
    assert both(entry(**fields)) is complete
    assert both({**entry(**fields), "defaults": {}}) is with_defaults


@pytest.mark.parametrize(
    ("address", "valid"),
    [
        ("sqlite:///a@b.db", True),
        ("https://h/x@y", True),
        ("https://user:word@h", False),
        ("", False),
        (1, False),
    ],
)
def test_addresses(address: object, valid: bool) -> None:
    assert both({"version": 1, "platform": address}) is valid


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**18),
    st.sampled_from(
        [
            "",
            "S3",
            "local",
            "s3",
            "10%",
            "30d",
            "/d",
            "https://h/b",
            "https://u@h",
            "eu-central-2",
            "lab\n",
        ]
    ),
    st.text(max_size=5),
    st.lists(st.sampled_from(["a", "b", "", None]), max_size=3),
)
names = st.sampled_from(
    [
        "name",
        "label",
        "type",
        "default_url",
        "region",
        "bucket",
        "renamed_from",
        "id",
        "protect",
        "proof",
        "every",
        "exclude",
        "holds_files",
        "undeclared",
        "max_removals",
        "scope",
        "version",
        "other",
    ]
)
objects = st.dictionaries(names, values, max_size=5) | values
entries = st.lists(
    objects | st.sampled_from([{"name": "n", **LOCAL}, {"name": "n", **AWS}]), max_size=3
)
documents = st.fixed_dictionaries(
    {"version": st.just(1) | values},
    optional={
        "platform": values,
        "lock": values,
        "policy": objects,
        "proof": objects,
        "defaults": objects,
        "storages": entries | values,
        "removed": entries | values,
        "other": values,
    },
)


@settings(deadline=None, max_examples=examples(70, 2_000))
@given(document=documents | objects)
def test_both_validators_agree(document: Any) -> None:
    both(document)


@settings(deadline=None, max_examples=examples(40, 1_000))
@given(item=objects)
def test_both_validators_agree_on_parts(item: Any) -> None:
    for definition in ("entry", "complete", "removed"):
        schema = part_schema(definition)
        slow = jsonschema.Draft202012Validator(schema)
        assert Draft202012Validator(schema).is_valid(item) == slow.is_valid(item)
