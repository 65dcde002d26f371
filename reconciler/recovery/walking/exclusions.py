"""Globs that say which paths are left out: of folders, and of keys in buckets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from reconciler.errors import UsageError
from reconciler.printable import quoted
from reconciler.recovery.values import LeftOut

#: What stands for itself in no glob: a set, any number of characters, one character.
_TOKEN = re.compile(r"\[(?P<no>!?)(?P<set>\]?[^\]]*)\]|(?P<any>\*+)|(?P<one>\?)|.", re.DOTALL)
#: What means something within a set of a regular expression.
_SPECIAL = re.compile(r"[^\w-]|(?<=-)-")


class Exclusions:
    """Globs, case-sensitive: `*` and `?` stand for no `/`, `**` for any folders, `[…]` for a set.

    One that ends with `/` is of folders. Without any other `/` it is of names at any depth, else of
    a path from the root. What lies in a folder that is left out is left out.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        """Understand `globs`. Raises `UsageError` for one that means nothing."""
        self.globs = tuple(globs)
        anywhere = [_pattern(glob) for glob in globs if "/" not in glob[:-1]]
        self._from_root = _matcher(_pattern(glob) for glob in globs if "/" in glob[:-1])
        self._name = _matcher(anywhere)
        self._part = _matcher(_whole(glob) for glob in globs if "/" not in glob[:-1])
        self._noted = {glob: [0, 0] for glob in self.globs}
        self._each: dict[str, Callable[[str], object]] = {}

    def covers(self, path: bytes) -> bool:
        """Return whether a file, or a folder (it ends with `/`), or one above it, is left out."""
        if not self.globs:
            return False
        text = path.decode("utf-8", "surrogateescape")
        return bool(self._part(text) or self._from_root(text))

    def kept(self, folder: bytes, names: list[bytes]) -> list[bytes]:
        """Return those of the names in a folder that are not left out; it is not left out itself.

        `folder` ends with `/`, or is empty for the root; names of folders end with `/`.
        """
        if not self.globs:
            return names
        above = folder.decode("utf-8", "surrogateescape")
        texts = [name.decode("utf-8", "surrogateescape") for name in names]
        gone = [self._name(text) or self._from_root(above + text) for text in texts]
        if any(gone):
            for name, out in zip(names, gone, strict=True):
                if out:
                    self.note(folder + name)
        return [name for name, out in zip(names, gone, strict=True) if not out]

    def note(self, path: bytes) -> None:
        """Count a file, or a folder (it ends with `/`), that is left out, for each of its globs."""
        if not self._each:
            self._each = {glob: _matcher([_whole(glob)]) for glob in self.globs}
        text = path.decode("utf-8", "surrogateescape")
        for glob, matches in self._each.items():
            if matches(text):
                self._noted[glob][path.endswith(b"/")] += 1

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was noted, of each glob; where several match, each counts it."""
        return tuple(LeftOut(glob, *self._noted[glob]) for glob in self._noted)


def _matcher(patterns: Iterable[str]) -> Callable[[str], object]:
    joined = "|".join(patterns)
    return re.compile(joined, re.DOTALL).fullmatch if joined else lambda _: None


def _whole(glob: str) -> str:
    """Return the regular expression of a glob for whole paths."""
    return _pattern(glob) if "/" in glob[:-1] else f"(?:.*/)?{_pattern(glob)}"


def _pattern(glob: str) -> str:
    """Return the regular expression of the paths that a glob means, and of what lies below them."""
    *above, last = glob.removesuffix("/").removeprefix("/").split("/")
    if not last or not all(above):
        raise UsageError(f"the exclusion {quoted(glob)} means nothing: name a file or a folder")
    folders = "".join("(?:.*/)?" if part == "**" else _part(part) + "/" for part in above)
    whole = folders + (".*" if last == "**" else _part(last))
    pattern = whole + ("/.*" if glob.endswith("/") else "(?:/.*)?")
    try:
        re.compile(pattern)
    except re.error:
        raise UsageError(f"the exclusion {quoted(glob)} has a set that is none") from None
    return pattern


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
