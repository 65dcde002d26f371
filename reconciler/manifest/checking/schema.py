"""The manifest's schema, as we check by it."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.schemas import schema_text

#: What the published schema makes an exception for: nobody knows yet what will stand there.
_VARIABLE = {"$ref": "#/$defs/variable"}


def manifest_schema() -> dict[str, Any]:
    """Return the schema of manifests whose variables are filled in, as JSON values."""
    schema: dict[str, Any] = _without_exceptions(msgspec.json.decode(schema_text("manifest")))
    return schema


def _without_exceptions(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Take out what lets values with variables pass: `if` that `else` a rule, `anyOf` a rule."""
    if isinstance(part, list):
        return [_without_exceptions(item) for item in part]
    if not isinstance(part, dict):
        return part
    rest = {key: _without_exceptions(value) for key, value in part.items()}
    if part.get("if") == _VARIABLE:
        del rest["if"]
        return {**rest, "allOf": [*rest.get("allOf", ()), rest.pop("else")]}
    if _VARIABLE in part.get("anyOf", ()):
        (rule,) = (item for item in rest.pop("anyOf") if item != _VARIABLE)
        return {**rest, **rule}
    if "errorMessage" in part and False in part.get("properties", {}).values():
        # Editors say what is wrong where the rule says it; we say it of the key.
        refused = {"errorMessage": part["errorMessage"], "not": {}}
        return {"properties": dict.fromkeys(part["properties"], refused)}
    return rest


def part_schema(definition: str) -> dict[str, Any]:
    """Return the schema of one definition of the manifest's schema, such as `entry`."""
    schema = manifest_schema()
    return {"$schema": schema["$schema"], "$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
