"""`jsonschema` without the grammar of IRIs, of which manifests have none.

Where another program has brought `rfc3987_syntax`, jsonschema imports it with itself: two seconds
of CPU, in which it builds a parser that nothing here asks.
"""

from __future__ import annotations

import sys
from importlib import import_module

_GRAMMAR = "rfc3987_syntax"


def _import_without(unwanted: str) -> None:
    """Import jsonschema as where a module is not installed; to all others that stays as it was."""
    if unwanted in sys.modules:
        return
    sys.modules[unwanted] = None  # type: ignore[assignment] # so Python marks what is not there
    try:
        import_module("jsonschema")
    finally:
        del sys.modules[unwanted]


_import_without(_GRAMMAR)

from jsonschema import Draft202012Validator  # noqa: E402 - see above

__all__ = ["Draft202012Validator"]
