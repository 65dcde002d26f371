"""`jsonschema` without the grammar of IRIs, of which manifests have none.

Where another program has brought `rfc3987_syntax`, jsonschema imports it with itself: two seconds
of CPU, in which it builds a parser that nothing here asks. To all others that stays as it was.
"""

from __future__ import annotations

import sys

_GRAMMAR = "rfc3987_syntax"
_is_there = _GRAMMAR in sys.modules
if not _is_there:
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment] # so Python marks what is not there
try:
    from jsonschema import Draft202012Validator
finally:
    if not _is_there:
        del sys.modules[_GRAMMAR]

__all__ = ["Draft202012Validator"]
