"""Names of storages: which ones a glob means, and which look alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from operator import ne

#: Drawn as nothing, whatever category Unicode puts them into.
BLANK = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LOOKALIKE = str.maketrans({"0": "o", "1": "l", "I": "l", "|": "l"})


#: What the literal start of a glob ends at, and what its literal end begins after.
_BEFORE_WILD = re.compile(r"[^*?\[]*")
_AFTER_WILD = re.compile(r"[^*?\[\]]*\Z")


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether `name` is one of `patterns`: itself literally, or a glob, case-sensitively."""
    return any(pattern in ("*", name) or fnmatchcase(name, pattern) for pattern in patterns)


class Globs:
    """Many patterns at once: what `matches` says, at a cost that does not grow with their number.

    Globs are kept by their literal start and end, so that a name meets only those that share both.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        """Sort out `patterns`."""
        self.patterns = tuple(patterns)
        self._literal = frozenset(self.patterns)
        self._wild: dict[tuple[str, str], list[str]] = {}
        for pattern in self.patterns:
            start, end = _ends(pattern)
            if start != pattern:
                self._wild.setdefault((start, end), []).append(pattern)
        self._lengths = sorted({(len(start), len(end)) for start, end in self._wild})

    def match(self, name: str) -> bool:
        """Return whether any of them matches `name`."""
        return name in self._literal or any(fnmatchcase(name, glob) for glob in self._near(name))

    def idle(self, names: Iterable[str]) -> list[str]:
        """Return the patterns that match none of `names`, in the order in which they were given."""
        used: set[str] = set()
        for name in names:
            if name in self._literal:
                used.add(name)
            used |= {g for g in self._near(name) if g not in used and fnmatchcase(name, g)}
        return [pattern for pattern in self.patterns if pattern not in used]

    def _near(self, name: str) -> Iterator[str]:
        for start, end in self._lengths:
            yield from self._wild.get((name[:start], name[len(name) - end :]), ())


def _ends(pattern: str) -> tuple[str, str]:
    start = _BEFORE_WILD.match(pattern)
    end = _AFTER_WILD.search(pattern)
    return (start[0] if start else ""), (end[0] if end else "")


class Scope:
    """The names that a run may touch: those that every one of some lists of globs matches."""

    def __init__(self, lists: Iterable[tuple[str, ...]]) -> None:
        """Take the lists."""
        self.lists = tuple(Globs(globs) for globs in lists)

    @classmethod
    def of(cls, own: tuple[str, ...], narrowing: Iterable[tuple[str, ...]] = ()) -> Scope:
        """Combine a manifest's own scope with lists that narrow it; nothing can widen it."""
        return cls(globs for globs in (own, *narrowing) if "*" not in globs)

    def holds(self, name: str) -> bool:
        """Return whether `name` is in scope."""
        return all(globs.match(name) for globs in self.lists)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf") and not re.match(BLANK, char)


def _has_odd_space(text: str) -> bool:
    """Return whether there is white space that people don't count, in ASCII names, one a line."""
    lines = f"\n{text}\n"
    return (
        "  " in text
        or "\n " in lines
        or " \n" in lines
        or not text.replace("\n", "").isprintable()  # tabs, control characters
    )


def lookalike_keys(name: str) -> tuple[str, str]:
    """Return two keys; names that share either are hard for people to tell apart.

    The first ignores letter case, Unicode normal form, invisible characters and how much white
    space there is, the second confusable characters too (Unicode Technical Standard 39 has the
    idea; `confusable_homoglyphs` its tables).
    """
    if not name.isascii() or _has_odd_space(name):
        seen = filter(_is_seen, " ".join(name.split()))
        name = " ".join(unicodedata.normalize("NFKC", "".join(seen)).split())
    return _folded(name)


def _folded(name: str) -> tuple[str, str]:
    folded = name.casefold()
    if not name.isascii():
        name = _latin(name)
    return folded, name.translate(_LOOKALIKE).casefold().replace("rn", "m")


def _latin(name: str) -> str:
    # Its tables are read at once, and most names are ASCII.
    from confusable_homoglyphs import confusables  # type: ignore[import-untyped]

    def twin(char: str) -> str:
        if char.isascii():
            return char
        found = confusables.is_confusable(char, greedy=True)
        alike = [h["c"] for h in found[0]["homoglyphs"]] if found else []
        return min((c for c in alike if c.isascii()), default=char)

    return "".join(map(twin, name))


def lookalikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Group distinct names that people can't tell apart, each group sorted, groups sorted."""
    distinct = list(set(names))
    folded, skeletons = _all_keys(distinct)
    own = sum(map(ne, folded, skeletons))  # as nearly always, no key belongs to two names
    if len({*folded, *skeletons}) == len(distinct) + own:
        return []
    first: dict[str, str] = {}
    groups: dict[str, set[str]] = {}
    for name, keys in zip(distinct, zip(folded, skeletons, strict=True), strict=True):
        for key in keys:
            other = first.setdefault(key, name)
            if other != name:
                groups.setdefault(key, {other}).add(name)
    return sorted({tuple(sorted(group)) for group in groups.values()})


def _all_keys(names: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return both `lookalike_keys` of each name; of many plain ones at once, far quicker."""
    text = "\n".join(names)
    if not text.isascii() or text.count("\n") >= len(names) or _has_odd_space(text):
        keys = [lookalike_keys(name) for name in names]
        return [key for key, _ in keys], [key for _, key in keys]
    folded, skeletons = _folded(text)
    return folded.split("\n"), skeletons.split("\n")
