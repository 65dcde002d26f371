"""Plain scalars: which value each stands for, and which ones YAML readers disagree on.

A scalar without quotes is text here unless it is `true`, `false`, a decimal integer or null.
Whatever else a reader of YAML 1.1 or 1.2 could take for something other than text is refused.
"""

from __future__ import annotations

import re
from typing import Final

from reconciler.manifest.mistakes import LONGEST, Path
from reconciler.printable import shown


class Ambiguous:
    """The type of the answer that readers disagree."""


AMBIGUOUS: Final = Ambiguous()

_YES, _NO = ("true", "yes", "on", "y"), ("false", "no", "off", "n")
#: Words that some reader takes for a boolean or null.
WORDS = frozenset(
    form for word in (*_YES, *_NO, "null") for form in (word, word.capitalize(), word.upper())
) | {"", "~"}
#: First characters of everything else that some reader takes for something other than text.
FIRST = frozenset("0123456789+-.=<")

_VALUES: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
}
#: Eighteen digits are exact wherever JSON and YAML are read.
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})")
_OTHER = re.compile(
    r"""(?ix)
    [-+]?0b[01_]+ | [-+]?0o[0-7_]+ | [-+]?0x[0-9a-f_]+
    | [-+]?[0-9][0-9_,]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?                     # 12:30:45
    | [-+]?(?:[0-9][0-9_,]*(?:\.[0-9_,]*)?|\.[0-9][0-9_,]*)(?:e[-+]?[0-9]+)?
    | [-+]?\.(?:inf|nan)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
      (?:(?:t|[\ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
         (?:[\ \t]*(?:z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?
    | = | <<
    """
)


def resolve(text: str) -> str | int | bool | Ambiguous | None:
    """Return the value of a plain scalar, or AMBIGUOUS."""
    if text in _VALUES:
        return _VALUES[text]
    if text in WORDS:
        return AMBIGUOUS
    if text[0] not in FIRST:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return AMBIGUOUS if _OTHER.fullmatch(text) else text


def remedy(text: str, path: Path) -> str:
    """Return what to write for an ambiguous scalar, going by the key that it stands under."""
    if _wants_flag(path):
        word = text.lower()
        if word in _YES + _NO:
            return f"write {'true' if word in _YES else 'false'}"
        return "write true or false"
    if path in {("version",), ("policy", "max_removals")}:
        plain = re.fullmatch(r"\+?0*([0-9]{1,9})(?:\.0*)?", text)
        return f"write {int(plain[1])}" if plain else "write a whole number"
    return f"write {in_quotes(text)}" if len(text) <= LONGEST else "put it in quotes"


def in_quotes(text: str) -> str:
    """Return text in double quotes, as it can be typed into a manifest."""
    return '"' + shown(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _wants_flag(path: Path) -> bool:
    return path[-1:] in {("protect",), ("holds_files",)} and path[:1] != ("policy",)
