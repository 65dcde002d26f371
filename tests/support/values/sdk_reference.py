"""The vendor's reference of `jetraw.storages`, as text beside this file, and what it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_TEXT = Path(__file__).with_name("jetraw-storages-module.txt").read_text(encoding="utf-8")
_FUNCTION = re.compile(r"jetraw\.storages\.(\w+)(\(.*\))")
_CLASS = re.compile(r"class jetraw\.storages\.(\w+)(\(.*\))")
_METHOD = re.compile(r"(\w+)(\(\))")
_PROPERTY = re.compile(r"property (\w+): (.+)")


class Member(NamedTuple):
    """One function, class, method or property."""

    name: str
    #: As the reference writes it: parameters, or what a property is.
    signature: str
    kind: str
    #: The statements of its example, if it has one.
    example: str


def members() -> list[Member]:
    """Give every member that the reference names, in its order."""
    found: list[Member] = []
    for line in _TEXT.splitlines():
        for kind, header in _HEADERS:
            if match := header.fullmatch(line):
                found.append(Member(match[1], match[2], kind, ""))
                break
        else:
            if code := statement(line):
                last = found.pop()
                found.append(last._replace(example=last.example + code))
    return found


def statement(line: str) -> str:
    """Give the line of Python that a line of an example has; empty if it is none."""
    return line[4:] + "\n" if line.startswith((">>>", "...")) else ""


_HEADERS = (
    ("class", _CLASS),
    ("function", _FUNCTION),
    ("property", _PROPERTY),
    ("method", _METHOD),
)
