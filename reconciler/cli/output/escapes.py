r"""What stands for characters that a terminal or a pipe can't show: nothing is lost or guessed.

A path is read back as it is shown (`verify --explain`), so a character becomes the bytes that it
has in UTF-8, as `recovery.paths` writes bytes that are no text: `\xc3\xa4`, an a with dots.
"""

from __future__ import annotations

import codecs

#: The name by which streams ask for it.
ESCAPED = "reconciler.escaped"


def escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Return what is written for characters that an encoding lacks, and where to go on.

    >>> "Ger\u00e4t".encode("ascii", ESCAPED)
    b'Ger\\xc3\\xa4t'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(map(_escaped, missing)), error.end


def _escaped(char: str) -> str:
    if "\ud800" <= char <= "\udfff":  # no text: a document that programs read escapes it so
        return f"\\u{ord(char):04x}"
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


codecs.register_error(ESCAPED, escaped)
