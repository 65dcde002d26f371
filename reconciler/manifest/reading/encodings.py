"""What a file must be as text before anybody may read it as YAML, or as `NAME=value` lines."""

from __future__ import annotations

import re

#: Accepted at the start of a file, where editors on Windows put it, and nowhere else.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
#: What readers of YAML, or the eyes of people, make different things of: line breaks for some and
#: not for others (so that what follows is a comment for a reviewer and a key for us), byte order
#: marks (libyaml skips them, and then takes the indentation for another), and characters that
#: turn the direction of what stands around them.
_HIDDEN = rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]|" + BYTE_ORDER_MARK
_NAMES = {
    "\r": "a carriage return without a line feed",
    "\x85": "U+0085 (a line break for some readers)",
    "\u2028": "U+2028 (a line break for some readers)",
    "\u2029": "U+2029 (a line break for some readers)",
    "\ufeff": "U+FEFF (a byte order mark)",
}
_LINE_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"


def other_encoding(data: bytes) -> str | None:
    """Name the encoding of a file that is not UTF-8, as far as its first bytes tell."""
    for mark, encoding in _OTHER_MARKS:
        if data.startswith(mark):
            return encoding
    zeros = [not byte for byte in data[:4]]
    if zeros in ([False, True, False, True], [True, False, True, False]):
        return "UTF-16"
    return "UTF-32" if zeros in ([False, True, True, True], [True, True, True, False]) else None


def not_utf8(error: UnicodeDecodeError) -> str:
    """Return which byte is none of UTF-8, and what it is in the encoding that it probably is."""
    byte = error.object[error.start : error.start + 1]
    latin = byte.decode("latin-1")
    perhaps = f" (in Latin-1 it is {latin})" if latin.isprintable() else ""
    return f"the byte 0x{byte[0]:02x} is not valid UTF-8{perhaps}: save the file as UTF-8"


def hidden_character(data: bytes) -> tuple[int, str, str] | None:
    """Find the first character that must not stand in a file as it is.

    Gives its offset, its name, and the escape that can be written instead in double quotes.
    """
    if data.isascii() and b"\r" not in data:
        return None
    found = re.search(_HIDDEN, data)
    if found is None:
        return None
    char = found[0].decode()
    name = _NAMES.get(char, f"U+{ord(char):04X} (it turns the direction of text)")
    escape = "\\r" if char == "\r" else f"\\u{ord(char):04x}"
    return found.start(), name, escape


def position(before: str) -> tuple[int, int]:
    """Return line and column, from 1, of what follows `before`."""
    lines = re.split(_LINE_BREAK, before)
    return len(lines), len(lines[-1]) + 1
