"""Messages in pieces: what in a sentence is a name, an address or words to be typed."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: A name in quotes, in which an apostrophe may stand; words in backticks of ours; an address.
_PIECE = re.compile(
    r"(?<![^\s(\[])'((?:[^']|'(?=\w))*)'|`([^`]*)`"
    r"|(?<![\w+.-])([A-Za-z][\w+.-]*://\S+?)(?=[,.;:)]*(?:\s|\Z))"
)


def pieces(message: str) -> Iterator[tuple[bool, str]]:
    """Split a message; true stands with what is to be shown as code, without its quotes."""
    at = 0
    for piece in _PIECE.finditer(message):
        yield False, message[at : piece.start()]
        yield True, next(group for group in piece.groups() if group is not None)
        at = piece.end()
    yield False, message[at:]
