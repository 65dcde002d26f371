"""Names of storages: which ones a glob means, which look alike, and how to print them safely."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

_MOVE = re.compile(r"(?s)(?P<name>.+)~move-(?P<hash>[0-9a-f]{8})\Z")
#: Categories whose members can hide, reorder or break what a terminal shows.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LOOKALIKE = str.maketrans({"0": "o", "1": "l", "I": "l", "|": "l"})


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether `name` is one of `patterns`: itself literally, or a glob, case-sensitively."""
    return any(pattern in ("*", name) or fnmatchcase(name, pattern) for pattern in patterns)


class Scope(Struct, frozen=True):
    """The names that a run may touch: those that every one of some lists of globs matches."""

    lists: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, own: tuple[str, ...], narrowing: Iterable[tuple[str, ...]] = ()) -> Scope:
        """Combine a manifest's own scope with lists that narrow it; nothing can widen it."""
        return cls(tuple(globs for globs in (own, *narrowing) if "*" not in globs))

    def holds(self, name: str) -> bool:
        """Say whether `name` is in scope."""
        return all(matches(name, globs) for globs in self.lists)


def shown(text: str) -> str:
    r"""Give `text` with control, bidirectional and other invisible characters escaped.

    >>> shown("a\nb")
    'a\\nb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) for char in text)


def quoted(text: str) -> str:
    """Give a name as messages print it: escaped, in single quotes."""
    return f"'{shown(text)}'"


def _escaped(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def temporary(name: str, storage_id: str) -> str:
    """Name a storage while a cycle of names is turned: `NAME~move-H`, H from the live id."""
    return f"{resting(name, storage_id)}~move-{_hash(storage_id)}"


def resting(name: str, storage_id: str) -> str:
    """Give the name that scope and protection go by: NAME for the temporary name of this id."""
    found = _MOVE.match(name)
    return found["name"] if found and found["hash"] == _hash(storage_id) else name


def _hash(storage_id: str) -> str:
    return hashlib.sha256(storage_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def lookalike_keys(name: str) -> tuple[str, str]:
    """Give two keys; names that share either are hard for people to tell apart.

    The first ignores letter case and Unicode normal form, the second confusable characters too
    (Unicode Technical Standard 39 has the idea; `confusable_homoglyphs` its tables).
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    folded = name.casefold()
    if not name.isascii():
        name = _latin(name)
    return folded, name.translate(_LOOKALIKE).casefold().replace("rn", "m")


def _latin(name: str) -> str:
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
    first: dict[str, str] = {}
    groups: dict[str, set[str]] = {}
    for name, keys in zip(distinct, _all_keys(distinct), strict=True):
        for key in keys:
            other = first.setdefault(key, name)
            if other != name:
                groups.setdefault(key, {other}).add(name)
    return sorted({tuple(sorted(group)) for group in groups.values()})


def _all_keys(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Give the `lookalike_keys` of each name; of many plain ones at once, which is far quicker."""
    text = "\n".join(names)
    if not text.isascii() or text.count("\n") >= len(names):
        return map(lookalike_keys, names)
    folded, skeletons = lookalike_keys(text)
    return zip(folded.split("\n"), skeletons.split("\n"), strict=True)
