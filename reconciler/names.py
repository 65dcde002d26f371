"""Names of storages: which ones a glob means, which look alike, and how to print them safely."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from operator import ne

_MOVE = re.compile(r"(?s)(?P<name>.+)~move-(?P<hash>[0-9a-f]{8})\Z")
#: Categories whose members can hide, reorder or break what a terminal shows.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# These three are compiled when they first may match: most runs have no use for them.
#: Drawn as nothing, whatever category Unicode puts them into.
_BLANK = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
#: By what a runner knows a command, up to a character that is escaped.
_COMMAND = (
    r"(?:\A|[\r\n\v\f\x85\u2028\u2029])(?:\s|\ufeff|\x1b\[[0-9;]*[A-Za-z])*:(?=:)"
    r"|#(?=#(?:\[|(?i:vso)\[))|section_(?:start|end):"
)
#: What is one wherever it stands in a line. JSON and YAML have no other than within quotes.
_QUOTED_COMMAND = r"#(?=#(?:\[|(?i:vso)\[))|section_(?:start|end):"
_LOOKALIKE = str.maketrans({"0": "o", "1": "l", "I": "l", "|": "l"})


#: So many names are told one by one, where a message could name thousands.
NAMED = 20
#: What the literal start of a glob ends at, and what its literal end begins after.
_BEFORE_WILD = re.compile(r"[^*?\[]*")
_AFTER_WILD = re.compile(r"[^*?\[\]]*\Z")


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether `name` is one of `patterns`: itself literally, or a glob, case-sensitively."""
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
        """Say whether any of them matches `name`."""
        return name in self._literal or any(fnmatchcase(name, glob) for glob in self._near(name))

    def idle(self, names: Iterable[str]) -> list[str]:
        """Give the patterns that match none of `names`, in the order in which they were given."""
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
        """Say whether `name` is in scope."""
        return all(globs.match(name) for globs in self.lists)


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


def listed(names: Sequence[str], how: Callable[[str], str] = quoted) -> str:
    """Give names as messages list them: the first ones, and how many more there are."""
    told = ", ".join(map(how, names[:NAMED]))
    return f"{told} and {len(names) - NAMED:,} more" if len(names) > NAMED else told


def commandless(text: str) -> str:
    r"""Give text in which no line is a command to a CI runner, whoever chose the words in it.

    GitHub Actions heeds `::command::` where a line begins and `##[command]` anywhere, Azure
    Pipelines `##vso[`, GitLab the markers of sections.

    >>> commandless("::add-mask::true")
    '\\x3a:add-mask::true'
    """
    if "::" not in text and "##" not in text and "section_" not in text:
        return text
    return re.sub(_COMMAND, lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}", text)


def commandless_quoted(text: str) -> str:
    r"""Give JSON, or YAML in double quotes, that has the same value and holds no command.

    >>> commandless_quoted('"##[set-output]"')
    '"\\u0023#[set-output]"'
    """
    if "##" not in text and "section_" not in text:
        return text
    return re.sub(_QUOTED_COMMAND, lambda found: f"{found[0][:-1]}\\u{ord(found[0][-1]):04x}", text)


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


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf") and not re.match(_BLANK, char)


def _has_odd_space(text: str) -> bool:
    """Say whether there is white space that people don't count, in ASCII names, one a line."""
    lines = f"\n{text}\n"
    return (
        "  " in text
        or "\n " in lines
        or " \n" in lines
        or not text.replace("\n", "").isprintable()  # tabs, control characters
    )


def lookalike_keys(name: str) -> tuple[str, str]:
    """Give two keys; names that share either are hard for people to tell apart.

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
    """Give both `lookalike_keys` of each name; of many plain ones at once, far quicker."""
    text = "\n".join(names)
    if not text.isascii() or text.count("\n") >= len(names) or _has_odd_space(text):
        keys = [lookalike_keys(name) for name in names]
        return [key for key, _ in keys], [key for _, key in keys]
    folded, skeletons = _folded(text)
    return folded.split("\n"), skeletons.split("\n")
