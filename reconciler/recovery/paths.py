r"""Paths of files as text that can be printed, compared and read back: paths themselves are bytes.

One path has one text, and one text means one path: what is not printable UTF-8, the backslash, and
blanks that nobody would see (at the beginning or end of a name, and all but the first of several)
are escaped byte by byte, as `$'…'` of a shell understands it. Nothing is normalised.
"""

from __future__ import annotations

import re
from shlex import quote

from reconciler.names import BLANK

_NAMED = {0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}
_BYTES = {"\\": b"\\", "n": b"\n", "r": b"\r", "t": b"\t"}
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.?)", re.DOTALL)
_UNSEEN = re.compile(BLANK)
_BLANKS = re.compile(r"(?<![^/ ]) | (?=/|\Z)")


def shown(path: bytes) -> str:
    r"""Return the one printable text of `path`.

    >>> shown(b"caf\xc3\xa9/b\xffd\n")
    'café/b\\xffd\\n'
    """
    text = path.decode("utf-8", "surrogateescape")
    if not text.isprintable() or "\\" in text or not (text.isascii() or not _UNSEEN.search(text)):
        text = "".join(map(_escaped, text))
    return _BLANKS.sub(r"\\x20", text) if " " in text else text


def argument(path: bytes) -> str:
    r"""Return `path` as a word of a command line: none that a shell or a command misunderstands.

    >>> argument(b"-y")
    "'\\x2dy'"
    """
    text = shown(path)
    return quote(f"\\x2d{text[1:]}" if text.startswith("-") else text)


def read(text: str) -> bytes:
    r"""Return the path whose text this is; what needs no escape may also stand for itself.

    Bytes that are no UTF-8 may stand as Python has them in arguments. Raises `ValueError` if a
    backslash begins no escape.

    >>> read("b\\xffd")
    b'b\xffd'
    """
    parts, end = [], 0
    for found in _ESCAPE.finditer(text):
        parts.append(text[end : found.start()].encode("utf-8", "surrogateescape"))
        parts.append(_meant(found[1]))
        end = found.end()
    parts.append(text[end:].encode("utf-8", "surrogateescape"))
    return b"".join(parts)


def _escaped(char: str) -> str:
    if char != "\\" and char.isprintable() and not _UNSEEN.match(char):
        return char
    data = char.encode("utf-8", "surrogateescape")
    return "".join(_NAMED.get(byte) or f"\\x{byte:02x}" for byte in data)


def _meant(escape: str) -> bytes:
    if escape[:1] == "x" and len(escape) == 3:
        return bytes((int(escape[1:], 16),))
    if escape not in _BYTES:
        raise ValueError(
            "a backslash begins none of \\\\ \\n \\r \\t \\x00 to \\xff: write it as \\\\"
        )
    return _BYTES[escape]
