"""In which order keys stand: that of the published schema."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from reconciler.schemas import schema_text


@cache
def ranks(above: str) -> dict[str, int]:
    """Return the place of each key of a mapping, by the key that the mapping stands under.

    `above` is "" for the document; items of a list stand under the key of the list.
    """
    schema: dict[str, Any] = msgspec.json.decode(schema_text("manifest"))
    definitions, properties = schema["$defs"], schema["properties"]
    holders = {
        "": schema,
        "policy": properties["policy"],
        "proof": definitions["proof"],
        "defaults": definitions["entry"],
        "storages": definitions["entry"],
        "removed": definitions["removed"],
    }
    keys = holders.get(above, {}).get("properties", {})
    return {key: place for place, key in enumerate(keys)}
