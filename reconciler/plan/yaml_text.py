"""Text that is there to be copied into a manifest."""

from __future__ import annotations

from reconciler.printable import shown


def flow(text: str) -> str:
    """Write a text so that it can be copied into YAML whatever it holds."""
    plain = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    if plain and text[0].isalpha() and len(text) > 5:
        return text
    escaped = shown(text.replace("\\", "\\\\").replace('"', '\\"')).replace("$", "$$")
    return f'"{escaped}"'
