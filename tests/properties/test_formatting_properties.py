"""Whatever a manifest looks like, `fmt` keeps values, entries and comments, and comes to rest."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.formatting.formatted import formatted
from reconciler.manifest.formatting.keys import ranks
from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from reconciler.manifest.render import render
from reconciler.model import Storage

#: Deeper than any key.
DEEP = " " * 30
LONG = [f'"a\n{DEEP}b\\\n{DEEP}c"', f"several\n{DEEP}words"]
VALUES = {
    "version": ["1"],
    "platform": ["jetraw://my-org", "sqlite:///p.db", '"https://host"', "${WHERE}"],
    "lock": ["s3://infra-locks/jetraw", "file:///l"],
    "undeclared": ["fail", "'ignore'", "${HOW:-remove}"],
    "max_removals": ["3", "10%", '"10%"'],
    "every": ["30d", "${OFTEN}"],
    "settled": ["7d"],
    "label": [
        "NAS, building 3",
        '"a # b"',
        "'it''s'",
        f'"a\n{DEEP}b\\\n{DEEP}c"',
        f"several\n{DEEP}words",
    ],
    "default_url": ["/data/nas", '"/data/{x}"', "file:///a"],
    "id": ["7f0c", '"0012"', "&pin 7f0d"],
    "holds_files": ["true"],
    "protect": ["true", "false"],
    "type": ["local"],
}
ITEMS = ["a", '"b c"', "'*'", "d-*", "/e/"]


def listed(key, above):
    lists = ("renamed_from", "scope", "exclude")
    return key in lists or (key, above) == ("protect", "policy")


class Messy:
    """Writes a manifest in some way that means what it is to mean; a seed says which."""

    def __init__(self, seed, *, in_order=False):
        self.drawn = random.Random(seed)
        self.in_order = in_order
        self.count = 0

    def chance(self, of=2):
        return self.drawn.randrange(of) == 0

    def comment(self):
        self.count += 1
        return f"#{self.drawn.choice(('', ' ', '# '))}c{self.count} 'x\" {{[: - &"

    def between(self, indent):
        """Blank lines and comments, such as stand above a key or item or at an end."""
        lines = []
        while self.chance(4):
            lines.append("" if self.chance() else " " * indent + self.comment())
        return lines

    def behind(self):
        return " " * self.drawn.randint(1, 4) + self.comment() if self.chance(5) else ""

    def keys(self, above, wanted):
        places = ranks(above)
        keys = sorted((k for k in wanted if k in places), key=places.get)
        if not self.in_order:
            self.drawn.shuffle(keys)
        return keys

    def text(self):
        sections = {"version", *self.some(["platform", "lock", "policy", "proof", "removed"])}
        lines = ["# first", ""] if self.chance() else []
        for key in self.keys("", {*sections, "storages"}):
            lines += [*self.between(0), *self.section(key)]
        lines += self.between(0)
        ends = self.drawn.choice(["\n", "\r\n"])
        return ends.join("\n".join(lines).split("\n")) + ends * self.drawn.randrange(3)

    def some(self, values):
        return [value for value in values if self.chance()]

    def section(self, key):
        if key in ("policy", "proof"):
            wanted = {"policy": ["undeclared", "max_removals", "protect", "scope"]}
            keys = self.some(wanted.get(key, ["settled", "exclude"])) or ["scope"]
            keys = {*keys, "every"} if key == "proof" else keys
            return self.mapping(key, self.keys(key, keys), 0, key)
        if key in ("storages", "removed"):
            return self.listed(key)
        return [f"{key}: {self.drawn.choice(VALUES[key])}{self.behind()}"]

    def mapping(self, key, keys, indent, above):
        pad = " " * indent
        if self.chance():
            return [f"{pad}{key}: {self.braces(keys, above, indent)}{self.behind()}"]
        deeper = indent + self.drawn.randint(1, 5)
        return [f"{pad}{key}:{self.behind()}", *self.pairs(keys, deeper, above)]

    def pairs(self, keys, indent, above):
        lines = []
        for key in keys:
            lines += self.between(indent)
            lines += self.pair(key, indent, above)
        return [*lines, *self.between(indent)]

    def pair(self, key, indent, above):
        pad = " " * indent
        is_list = key in ("renamed_from", "scope", "exclude") or (key, above) == (
            "protect",
            "policy",
        )
        if key == "proof":
            return self.mapping(key, self.keys(key, ["every", "settled"]), indent, key)
        if is_list and self.chance():
            inner = indent + self.drawn.randint(0, 3)
            lines = [f"{pad}{key}:{self.behind()}"]
            for item in self.drawn.sample(ITEMS, self.drawn.randint(1, 3)):
                lines += [*self.between(inner), f"{' ' * inner}- {item}{self.behind()}"]
            return lines
        value = self.brackets(indent) if is_list else self.drawn.choice(VALUES[key])
        return [f"{pad}{key}: {value}{self.behind()}"]

    def braces(self, keys, above, indent):
        parts = []
        for key in keys:
            is_list = listed(key, above)
            if key == "proof":
                value = self.braces(self.keys(key, ["every"]), key, indent)
            else:
                plain = [v for v in VALUES.get(key, ["x"]) if not re.search(r"[\n{}[\],&]", v)]
                value = self.brackets(indent) if is_list else self.drawn.choice(plain)
            parts.append(f"{key}: {value}")
        return self.gathered("{", parts, "}", indent)

    def brackets(self, indent):
        return self.gathered("[", self.drawn.sample(ITEMS, self.drawn.randint(1, 3)), "]", indent)

    def gathered(self, opening, parts, closing, indent):
        pad = "\n" + " " * (indent + 3)

        def room():
            chosen = self.drawn.randrange(8)
            return (f"  {self.comment()}{pad}", pad, " ", "", "", "", "", "")[chosen]

        inner = f",{room()} ".join(part + room() for part in parts)
        return f"{opening}{room()}{inner}{room()}{closing}"

    def listed(self, key):
        indent = self.drawn.randint(0, 4)
        lines = [f"{key}:{self.behind()}"]
        for n in range(self.drawn.randint(1, 3)):
            lines += [*self.between(indent), *self.entry(key, n, indent)]
        return [*lines, *self.between(indent)]

    def entry(self, above, number, indent):
        wanted = ["name", "default_url", "type", *self.some(["label", "renamed_from", "protect"])]
        wanted += self.some(["proof"]) + (["id"] if number == 0 else [])
        if above == "removed":
            wanted = ["name"]
        keys = self.keys(above, wanted)
        VALUES["name"] = [f"{above}-{number}", f'"{above} {number}"']
        if self.chance(3):
            return [f"{' ' * indent}- {self.braces(keys, above, indent)}{self.behind()}"]
        inner = indent + 1 + self.drawn.randint(1, 4)
        first, *rest = keys
        begun = self.pair(first, inner, above)
        begun[0] = f"{' ' * indent}-{' ' * (inner - indent - 1)}{begun[0].lstrip(' ')}"
        return [*begun, *self.pairs(rest, inner, above)]


def tree(text):
    document = Document("m.yaml", text.encode() if isinstance(text, str) else text)
    read_tree(document)
    assert not document.mistakes, document.mistakes
    return document.tree


def comments(text):
    return re.findall(r"#[ #]*c[0-9]+ '.*?(?=\r?$)", text, re.M)


SEEDS = st.integers(0, 2**32)


@given(SEEDS)
def test_values_entries_and_comments_are_kept(seed):
    before = Messy(seed).text()
    after = formatted("m.yaml", before.encode()).decode()
    assert tree(after) == tree(before)
    assert sorted(comments(after)) == sorted(comments(before))
    assert formatted("m.yaml", after.encode()).decode() == after


@given(SEEDS)
def test_what_is_in_order_stays_in_order(seed):
    """Comments too stay in theirs, but for those that stood between braces or brackets."""
    messy = Messy(seed, in_order=True)
    messy.gathered = lambda opening, parts, closing, _: f"{opening}{', '.join(parts)}{closing}"
    before = messy.text()
    after = formatted("m.yaml", before.encode()).decode()
    assert list(map(repr, walk(tree(after)))) == list(map(repr, walk(tree(before))))
    assert comments(after) == comments(before)


def walk(value):
    if isinstance(value, dict):
        for key in value:
            yield key
            yield from walk(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
    else:
        yield value


PIECES = [
    *("#", " ", "\n", "\n\n", "-", "- ", ": ", ",", "{", "}", "[", "]", '"', "'", "|\n", ">-\n"),
    *("&a ", "*a", "!!str ", "? ", "---\n", "...\n", "\t", "%", "\\", "  ", "# c99 '", "\ufeff"),
]


@given(SEEDS)
def test_what_can_not_be_kept_is_refused(seed):
    """A text that anything was done to is refused as a whole, or kept in all."""
    messy = Messy(seed)
    text = messy.text()
    for _ in range(messy.drawn.randint(1, 3)):
        at = messy.drawn.randrange(len(text))
        text = text[:at] + messy.drawn.choice(PIECES) + text[at + messy.drawn.randrange(3) :]
    try:
        after = formatted("m.yaml", text.encode())
    except ManifestError as error:
        assert all(problem.file == "m.yaml" for problem in error.problems)  # noqa: PT017 - or none
        return
    assert tree(after) == tree(text.removeprefix("\ufeff"))
    assert formatted("m.yaml", after) == after


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@pytest.mark.parametrize("with_ids", [True, False])
@given(st.lists(st.tuples(NAMES, NAMES), max_size=4, unique_by=lambda pair: pair[0]))
def test_what_export_writes_is_formatted(with_ids, pairs):
    storages = [
        Storage(str(n), name, label, "local", "file:///data")
        for n, (name, label) in enumerate(pairs)
        if name.strip() and label.strip()
    ]
    text = render(storages, platform="sqlite:///p.db", with_ids=with_ids).encode()
    try:
        assert formatted("m.yaml", text) == text
    except ManifestError as error:  # a name that no manifest may declare
        assert "name" in str(error) or "label" in str(error)  # noqa: PT017 - most are none
