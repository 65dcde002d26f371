"""The descriptions of our formats: where they lie, and the validator made of the manifest's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

_FILES = {
    "manifest": "manifest.schema.json",
    "plan": "plan.schema.json",
    "event": "event.schema.json",
    "journal": "journal.schema.json",
    "openapi": "openapi.yaml",
}
#: First line of the manifests that we write: editors complete and check by the schema beside the
#: manifest, which `reconciler schema manifest > manifest.schema.json` puts there. The schema's
#: own id would not do: it is a name, and nothing can be fetched from it.
EDITOR_LINE = "# yaml-language-server: $schema=manifest.schema.json"


def schema_text(name: str) -> bytes:
    """Give the text of a format by its name in `_FILES`; raises `KeyError` for any other name.

    A wheel carries the schemas inside the package; an editable install has them beside it.
    """
    file = _FILES[name]
    package = Path(__file__).parents[1]
    inside = package / "schemas" / file
    return (inside if inside.is_file() else package.parent / "schemas" / inside.name).read_bytes()


def manifest_schema() -> dict[str, Any]:
    """Give the schema of manifests as JSON values."""
    schema: dict[str, Any] = msgspec.json.decode(schema_text("manifest"))
    return schema


def part_schema(definition: str) -> dict[str, Any]:
    """Give the schema of one definition of the manifest's schema, such as `entry`."""
    schema = manifest_schema()
    return {"$schema": schema["$schema"], "$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Make the fast validator of a schema, which answers yes or no."""
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(schema)
