"""Manifests that `export` wrote: known again, so that nobody's edits are overwritten.

The last line is a comment with the SHA-256 of all above it: whatever is changed there shows.
"""

from __future__ import annotations

import hashlib

_LINE = (
    "# Written by `reconciler export`, which replaces it as long as nobody edits it: sha256:{}\n"
)


def sealed(text: str) -> str:
    """Return a manifest in YAML with the line that says who wrote it."""
    return text + _line(text.encode())


def is_sealed(data: bytes) -> bool:
    """Return whether a file is a manifest as it was `sealed`."""
    data = data.replace(b"\r\n", b"\n")  # as Git may check it out
    text, _, _ = data.rpartition(b"# ")
    return bool(text) and data == text + _line(text).encode()


def _line(text: bytes) -> str:
    return _LINE.format(hashlib.sha256(text).hexdigest())
