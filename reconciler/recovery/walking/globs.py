"""What a glob of paths means, as a regular expression."""

from __future__ import annotations

import re

from reconciler.errors import UsageError
from reconciler.printable import quoted

#: What stands for itself in no glob: a set, any number of characters, one character.
_TOKEN = re.compile(r"\[(?P<no>!?)(?P<set>\]?[^\]]*)\]|(?P<any>\*+)|(?P<one>\?)|.", re.DOTALL)
#: What means something within a set of a regular expression.
_SPECIAL = re.compile(r"[^\w-]|(?<=-)-")


def whole(glob: str) -> str:
    """Return the regular expression of a glob for whole paths. Raises `UsageError`."""
    return pattern(glob) if "/" in glob[:-1] else f"(?:.*/)?{pattern(glob)}"


def pattern(glob: str) -> str:
    """Return the regular expression of the paths that a glob means, and of what lies below them.

    Raises `UsageError` for one that means nothing.
    """
    *above, last = glob.removesuffix("/").removeprefix("/").split("/")
    if not last or not all(above):
        raise UsageError(f"the exclusion {quoted(glob)} means nothing: name a file or a folder")
    folders = "".join("(?:.*/)?" if part == "**" else _part(part) + "/" for part in above)
    folded = folders + (".*" if last == "**" else _part(last))
    regex = folded + ("/.*" if glob.endswith("/") else "(?:/.*)?")
    try:
        re.compile(regex)
    except re.error:
        raise UsageError(f"the exclusion {quoted(glob)} has a set that is none") from None
    return regex


def _part(glob: str) -> str:
    return _TOKEN.sub(_meant, glob)


def _meant(token: re.Match[str]) -> str:
    if token["set"]:
        return f"(?!/)[{'^' if token['no'] else ''}{_SPECIAL.sub(_escaped, token['set'])}]"
    if token["any"]:
        return "[^/]*"
    return "[^/]" if token["one"] else re.escape(token[0])


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[0]
