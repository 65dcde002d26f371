"""Lines that fit a terminal: words wrap, while names and addresses stay in one piece."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

#: A word of a message. What stands in quotes is a name, and stays one word with its spaces; so
#: do a line that is there to be copied into a manifest, and a command to be pasted into a shell,
#: which stands in backticks: wider than a terminal it is copied whole, broken by us it is not.
_WORD = (
    r"- \{[^{}]*\}|(?:`[^`]+`|(?<![^\s(\[])'(?:[^']|'(?=\w))*'|\S)+"  # compiled if one must wrap
)

#: What an empty cell holds for other programs, so that they count the same columns in each line.
NOTHING = "-"


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
    words = re.findall(_WORD, text) if isinstance(text, str) else text
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


def joined(sections: Sequence[Sequence[str]]) -> str:
    """Put sections below each other, a blank line between those that have any lines."""
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def wrapped(text: str, width: int) -> str:
    """Fill the lines of a message that are too wide; lines that are painted stay as they are."""
    return "\n".join(
        part
        for line in text.split("\n")
        for part in ([line] if _fits(line, width) else _fill(line, width))
    )


def _fits(line: str, width: int) -> bool:
    return columns(line) <= width or "\x1b" in line or not line.strip()


def _fill(line: str, width: int) -> list[str]:
    words = line.lstrip(" ")
    indent = " " * (len(line) - len(words))
    return lines(words, width, indent, f"{indent}  ")


def columns(text: str) -> int:
    """Count the columns that a terminal needs for `text`."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def table(rows: Sequence[Sequence[str]], *, records: bool = False) -> list[str]:
    """Align rows in columns, at least two blanks apart; for other programs no cell stays empty.

    The first row is the heading.
    """
    if records:
        rows = [[cell or NOTHING for cell in row] for row in rows]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip(" ") for row in rows]


def paragraph(heading: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    """Return a row of a table that is too wide: its first cell, and a line for each of the rest."""
    fields = [(title.lower(), cell) for title, cell in zip(heading, row, strict=True) if cell]
    told = [fields[0][1]]
    for title, cell in fields[1:]:
        told += lines([f"{title}:", cell], width, "    ", "      ")
    return told


def laid_out(rows: Sequence[Sequence[str]], width: int, *, records: bool) -> list[str]:
    """Return a table where it fits the width or is for other programs, else a paragraph a row."""
    told = table(rows, records=records)
    if records or max(map(columns, told)) <= width:
        return told
    return [line for row in rows[1:] for line in paragraph(rows[0], row, width)]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
