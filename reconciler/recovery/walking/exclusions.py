"""Globs that say which paths are left out: of folders, and of keys in buckets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from reconciler.recovery.values import LeftOut
from reconciler.recovery.walking.globs import pattern, whole


class Exclusions:
    """Globs, case-sensitive: `*` and `?` stand for no `/`, `**` for any folders, `[…]` for a set.

    One that ends with `/` is of folders. Without any other `/` it is of names at any depth, else of
    a path from the root. What lies in a folder that is left out is left out.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        """Understand `globs`. Raises `UsageError` for one that means nothing."""
        self.globs = tuple(globs)
        anywhere = [pattern(glob) for glob in globs if "/" not in glob[:-1]]
        self._from_root = _matcher(pattern(glob) for glob in globs if "/" in glob[:-1])
        self._name = _matcher(anywhere)
        self._part = _matcher(whole(glob) for glob in globs if "/" not in glob[:-1])
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
            self._each = {glob: _matcher([whole(glob)]) for glob in self.globs}
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
