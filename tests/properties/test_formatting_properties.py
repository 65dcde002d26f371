"""Whatever a manifest looks like, `fmt` keeps values, entries and comments, and comes to rest."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.formatting.formatted import formatted
from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from reconciler.manifest.render import render
from reconciler.model import Storage
from support.values.messy import Messy


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
