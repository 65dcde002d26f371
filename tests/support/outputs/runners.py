"""What CI runners take for commands in the lines that a step prints.

GitHub's rules are those of `ActionCommand` in the source of its runner; there are two forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: All that a runner of GitHub knows, and has known.
_KNOWN = frozenset(
    {"add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group"}
    | {"internal-set-repo-path", "notice", "remove-matcher", "save-state", "set-env"}
    | {"set-output", "stop-commands", "warning"}
)
#: What .NET takes for white space at the beginning of a line.
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_OLD = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))
_MARKED = re.compile(r"##(?:vso|teamcity|octopus)\[[^\]]*\]", re.IGNORECASE)
_GITLAB = re.compile(r"section_(?:start|end):")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Command(NamedTuple):
    """What a runner would do."""

    name: str
    properties: dict[str, str]
    data: str


def lines(text: str) -> list[str]:
    """Split as .NET reads lines: what else ends one elsewhere does not here."""
    return re.split("\r\n|[\n\r]", text)


def commands(text: str) -> Iterator[Command]:
    """Yield every command of GitHub, in either form, that is in what a step prints."""
    for line in lines(text):
        for form in (line, _COLOUR.sub("", line)):
            found = _new(form) or _old(form)
            if found:
                yield found
                break


def others(text: str) -> list[str]:
    """Return what Azure Pipelines, TeamCity, Octopus or GitLab would take for theirs."""
    return _MARKED.findall(text) + _GITLAB.findall(text)


def outputs(text: str) -> dict[str, str]:
    """Read what was appended to `GITHUB_OUTPUT`, as the runner does."""
    told, rest = {}, text.split("\n")
    while rest:
        line = rest.pop(0)
        if not line:
            continue
        equals, here = line.find("="), line.find("<<")
        if here >= 0 and (equals < 0 or here < equals):
            key, _, end = line.partition("<<")
            at = rest.index(end)
            told[key], rest = "\n".join(rest[:at]), rest[at + 1 :]
        else:
            assert equals > 0, f"the runner refuses {line!r}"
            key, _, told_value = line.partition("=")
            told[key] = told_value
    return told


def _new(line: str) -> Command | None:
    line = line.lstrip(_BLANKS)
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, given = line[2:end].partition(" ")
    if name not in _KNOWN:
        return None
    pairs = (pair.split("=", 1) for pair in given.strip().split(",") if "=" in pair)
    properties = {key: _plain(value, _PROPERTY) for key, value in pairs if key and value}
    return Command(name, properties, _plain(line[end + 2 :], _DATA))


def _old(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name = line[start + 3 : end].partition(" ")[0]
    return Command(name, {}, _plain(line[end + 1 :], _OLD)) if name in _KNOWN else None


def _plain(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for escape, char in pairs:
        text = text.replace(escape, char)
    return text
