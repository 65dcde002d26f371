"""JSON documents: how each of them is written, and of which format it says it is."""

from __future__ import annotations

import json

import msgspec

FORMAT_VERSION = 1


def of_fields(**fields: object) -> str:
    """Write a document with its format."""
    return written({"format_version": FORMAT_VERSION, **fields})


def written(value: object) -> str:
    """Write a document, indented, with a final newline."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        # Lone surrogates, which a live storage may hold: the standard library escapes them.
        return json.dumps(msgspec.to_builtins(value), indent=2) + "\n"
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
