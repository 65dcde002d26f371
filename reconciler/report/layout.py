"""Lines that fit a terminal: words wrap, while names and addresses stay in one piece."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

#: A word of a message. What stands in quotes is a name, and stays one word with its spaces.
_WORD = re.compile(r"(?:(?<![^\s(\[])'[^']*'|\S)+")


def lines(text: str | Sequence[str], width: int, first: str = "", rest: str = "") -> list[str]:
    """Fill lines, none for no text; `first` and `rest` are what the lines begin with.

    A sequence is words that must each stay in one piece; a message is split into words.
    A word that is wider than a line gets a line of its own, and is never cut.
    """
    if not text:
        return []
    whole = first + (text if isinstance(text, str) else " ".join(text))
    if columns(whole) <= width:
        return [whole]
    words = _WORD.findall(text) if isinstance(text, str) else text
    return _filled(words, width, first, rest)


def _filled(words: Sequence[str], width: int, first: str, rest: str) -> list[str]:
    done: list[str] = []
    line, empty = first, True
    for word in words:
        if empty:
            line, empty = line + word, False
        elif columns(line) + 1 + columns(word) <= width:
            line = f"{line} {word}"
        else:
            done.append(line)
            line = rest + word
    return [*done, line]


def columns(text: str) -> int:
    """Count the columns that a terminal needs for `text`."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align rows in columns, two blanks apart. The first row is the heading."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip(" ") for row in rows]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
