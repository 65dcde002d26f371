"""What YAML libraries complain about, in plain words and with its position."""

from __future__ import annotations

import re

from yaml import MarkedYAMLError, YAMLError

from reconciler.manifest.mistakes import Mistake
from reconciler.manifest.reading.encodings import (
    hidden_character,
    not_utf8,
    other_encoding,
    position,
)
from reconciler.manifest.reading.yaml_events import FORBIDDEN

_DIRECTIVE = "a line that begins with % is a directive: remove it"
_TAG = "tags are not supported: remove the tag, or put text that begins with ! in quotes"
#: For what a library says that we don't know: never its own words, which are not for people.
UNKNOWN = "this can't be read as YAML: look for a quote, bracket or indentation that is wrong"
_AS_ESCAPE = "in double quotes it can be written as an escape"
#: What the libraries say (libyaml's words first, then those of the pure parser), and what we say.
_SENTENCES = (
    (r"tab char", "a tab can't be used here: indent with spaces"),
    (
        r"mapping values are not allowed",
        "a key can't stand here: line keys up, or put text that has a colon in quotes",
    ),
    (
        r"expected key|expected '-' indicator|expected <block end>|block start",
        "the indentation does not fit what stands above, or a quote or bracket is missing",
    ),
    (r"<document start>", "the document ends above this line: one file holds one document"),
    (r"directive|incompatible|version number", _DIRECTIVE),
    (r"expected ':'", "this line has no `: ` between key and value, or is not indented enough"),
    (
        r"alphabetic or numeric character",
        "a plain value can't begin with * or &: put it in quotes",
    ),
    (
        r"cannot start any token",
        "a plain value can't begin with this character: put it in quotes",
    ),
    (
        r"unexpected end of stream|document (?:separator|indicator)",
        "a quote is opened and never closed",
    ),
    (r"',' or '[\]}]'|node content", "a comma or bracket is missing, or is one too many"),
    (r"sequence entries are not allowed", "a list begins on a line of its own, below its key"),
    (
        r"unknown escape|escape sequence|hexa?dec",
        "a backslash in double quotes begins an escape: write \\\\ or use single quotes",
    ),
    (r"comment or (?:a )?line break|chomping", "text after | or > begins on the next line"),
    (r"range 1-9|equal to 0", "a digit after | or > is one from 1 to 9"),
    (r"mapping keys", "a key that begins with ? can't stand here: put it in quotes"),
    (r"nesting depth", "this is nested too deeply"),
    (r"tag|'>'|URI", _TAG),
    (r"Unicode character escape", "this escape does not stand for a character"),
)


def encoding_mistake(data: bytes) -> Mistake | None:
    """Return what is wrong with the file as text, as far as a parser would not."""
    encoding = other_encoding(data)
    if encoding is not None:
        return Mistake((), f"the file is {encoding}: save it as UTF-8", "", 1, 1)
    hidden = hidden_character(data)
    if hidden is None or not _is_utf8(data):
        return None  # that it is no UTF-8 is said by `complaint`
    start, name, escape = hidden
    message = f"{name} may not stand in a file as it is"
    hint = f"in double quotes write {escape}"
    return Mistake((), message, hint, *position(data[:start].decode(errors="replace")))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def complaint(error: YAMLError | UnicodeDecodeError, data: bytes) -> Mistake:
    """Turn the error of a YAML library into one mistake with its position."""
    try:
        text = data.decode()
    except UnicodeDecodeError as wrong:
        line, column = position(data[: wrong.start].decode())
        return Mistake((), not_utf8(wrong), "", line, column)
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return _forbidden_character(text)
    mark = error.problem_mark
    message = _sentence(error, text[max(mark.index - 1, 0) : mark.index + 1])
    line, column = mark.line + 1, mark.column + 1
    if mark.index >= len(text):
        line, column = position(text)
    return Mistake((), message, _opened_at(error, line), line, column)


def _forbidden_character(text: str) -> Mistake:
    found = re.search(FORBIDDEN, text)
    if not found:
        return Mistake((), UNKNOWN, "", 1, 1)
    line, column = position(text[: found.start()])
    name = f"the control character U+{ord(found[0]):04X} may not stand in YAML"
    if found[0] == "\0":
        name += " (is this a text file?)"
    return Mistake((), name, _AS_ESCAPE, line, column)


def _sentence(error: MarkedYAMLError, chars: str) -> str:
    """Return it in plain words; `chars` are those before and at the place of the error."""
    if chars == "${":
        return "inside of { } or [ ], text with ${NAME} must be in quotes"
    where = error.context or ""
    if "directive" in where or "tag" in where:
        return _DIRECTIVE if "directive" in where else _TAG
    problem = "tab character" if chars.endswith("\t") else error.problem or ""
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, problem):
            return sentence
    return UNKNOWN


def _opened_at(error: MarkedYAMLError, line: int) -> str:
    opened = error.context_mark
    if opened is None or opened.line + 1 == line:
        return ""
    return f"look at line {opened.line + 1}, column {opened.column + 1} too"
