"""Write the tables of keys in docs/reference from the schemas: `python docs/keys.py`.

A table stands between `<!-- keys: SCHEMA PATH -->` and `<!-- end -->`, where PATH leads to the
object in the schema whose properties it lists. Text around the tables is written by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
TABLE = re.compile(r"(<!-- keys: (\S+) (\S*) ?-->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return the text of a page with its tables made anew."""
    return TABLE.sub(lambda m: f"{m[1]}{table(m[2], m[3])}{m[4]}", page)


def table(name: str, path: str) -> str:
    """Write the table of the object at `path` (parts joined by dots) in a schema."""
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    at = schema
    for part in filter(None, path.split(".")):
        at = at[part]
    required = at.get("required", ())
    apart = of_some(at)
    keys = {k: apart[k] if v is True else v for k, v in at["properties"].items()}
    rows = [row(key, value, schema, key in required) for key, value in keys.items()]
    return "\n".join(["| key | what it says | values |", "|---|---|---|", *rows]) + "\n"


def of_some(at: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that only some objects may have, described where it is known which ones."""
    others = [part["else"] for part in (at, *at.get("allOf", ())) if "else" in part]
    return {
        k: v for other in others for k, v in (other.get("properties", {}) | of_some(other)).items()
    }


def row(key: str, value: dict[str, Any], schema: dict[str, Any], required: bool) -> str:
    """Write the row of one key."""
    whole = resolved(value, schema)
    text = whole["description"].replace("|", "\\|") + (" **Required.**" if required else "")
    return f"| `{key}` | {text} | {values(whole)} |"


def resolved(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a subschema with what it refers to; what it says itself wins."""
    if "$ref" not in value:
        return value
    at = schema
    for part in value["$ref"].removeprefix("#/").split("/"):
        at = at[part]
    return resolved(at, schema) | value


def values(value: dict[str, Any]) -> str:
    """Return which values a key takes."""
    if "anyOf" in value:  # or a variable, which any value may be
        return values(value["anyOf"][0])
    if "type" in value.get("else", ()):
        return values(value["else"])
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    types = value.get("type", "object")
    listed = [types] if isinstance(types, str) else types
    words = {"array": "list", "boolean": "`true`, `false`", "object": "map", "null": "none"}
    return " or ".join(words.get(item, item) for item in listed)


if __name__ == "__main__":
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text), encoding="utf-8", newline="\n")
