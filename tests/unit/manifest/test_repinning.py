"""Pins get other ids, and not a byte beside them changes, in whatever layout they stand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from reconciler.manifest.repinning import repinned
from support.sampling import examples

OLD, NEW = "7f0c", "91ab"
ENTRY = "{{name: a, type: local, default_url: /a, id: {}}}"


def changed(text: str, **ids: str) -> str:
    done = repinned("storages.yaml", text.encode(), ids or {OLD: NEW})
    return done.data.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("7f0c", "91ab"),
        ("'7f0c'", "'91ab'"),
        ('"7f0c"', '"91ab"'),
        ("&x 7f0c", "&x 91ab"),
        ("!!str 7f0c", "!!str 91ab"),
        ("&x\t!!str  '7f0c'", "&x\t!!str  '91ab'"),
        ('"7f\\x30c"', '"91ab"'),
    ],
)
def test_an_id_keeps_its_quotes_and_its_anchor(before: str, after: str) -> None:
    for frame in (
        "version: 1\nstorages:\n- name: a # why\n  id: {}   # pin\n  type: local\n",
        "version: 1\r\nstorages: [{{name: a, id: {} }}, {{name: b}}]\r\n\r\n# end",
        "\ufeffversion: 1\nstorages:\n  -   id:   {}\n      name: ü \n",
        '---\n"storages": [ {{"id": {} , "name": a}} ]\n...\n',
    ):
        assert changed(frame.format(before)) == frame.format(after)


@pytest.mark.parametrize(
    "new", ["123", "1e5", "no", "a, b", "a: b", "#a", "${x}", "a'b\"c", "é\n", "[", "-", " x ", "~"]
)
def test_any_id_is_read_back_as_it_is(new: str) -> None:
    for written in (OLD, f"'{OLD}'", f'"{OLD}"'):
        for frame in ("storages: [" + ENTRY + "]\n", "storages:\n  - id: {}\n    name: a\n"):
            document = Document("", changed(frame.format(written), **{OLD: new}).encode())
            read_tree(document)
            assert document.mistakes == []
            assert document.tree["storages"][0]["id"] == new.replace("$", "$$")


def test_what_is_no_pin_of_an_entry_stays_and_is_told() -> None:
    text = (
        "version: 1\nstorages:\n- {name: 7f0c, id: 7f0c}\n- {name: b, id: other}\n"
        "- {name: c, id: '${ID}'}\nremoved:\n- {name: d, id: 7f0c, holds_files: true}\n"
    )
    done = repinned("storages.yaml", text.encode(), {OLD: NEW})
    assert done.data.decode() == text.replace("id: 7f0c}", "id: 91ab}", 1)
    assert done.changed == 1
    assert [line for line, _ in done.left] == [4, 5, 7]
    assert "had the id 'other'" in done.left[0][1]
    assert "variable" in done.left[1][1]
    assert "consent" in done.left[2][1]


def test_a_dollar_is_one_sign() -> None:
    assert changed("storages: [{id: a$$b}]", **{"a$b": "c$d"}) == 'storages: [{id: "c$$d"}]'


def test_an_alias_is_replaced_itself_and_its_anchor_stays() -> None:
    text = "storages:\n- {name: &x 7f0c, id: *x }\n"
    assert changed(text) == text.replace("*x", "91ab")


def test_what_hangs_together_by_an_anchor_is_refused() -> None:
    text = "storages:\n- {id: &x 7f0c, name: *x }\n"
    with pytest.raises(ManifestError, match="anchors and aliases"):
        changed(text)
    with pytest.raises(ManifestError, match="anchors and aliases"):
        changed("storages: &s\n- {id: 7f0c}\nremoved: *s\n")


def test_an_id_on_several_lines_is_told() -> None:
    done = repinned("f", b"storages:\n- id: |-\n    7f0c\n", {OLD: NEW})
    assert (done.changed, done.left) == (0, ((2, "its id stands on several lines"),))


def test_what_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(ManifestError, match=re.escape("f:2")):
        repinned("f", b"storages:\n\t- id: 7f0c\n", {OLD: NEW})


def test_ids_that_are_as_they_were_change_nothing() -> None:
    text = 'storages: [{id: "7f0c"}]'
    done = repinned("f", text.encode(), {OLD: OLD})
    assert (done.data.decode(), done.changed, done.left) == (text, 0, ())


def test_a_file_that_was_changed_before_is_as_it_should_be() -> None:
    once = changed('storages: [{id: "7f0c"}, {id: 7f0c}]')
    done = repinned("f", once.encode(), {OLD: NEW})
    assert (done.data.decode(), done.changed, done.left) == (once, 0, ())


hashes = st.text("0123456789abcdef", min_size=1, max_size=8)
names = st.text("abcé😀 -_.", min_size=1, max_size=5).map(lambda text: f"n{text}n")
comments = st.sampled_from(["", " # id: 7f0c", "  # 'quoted' \u00e9", " #"])
blanks = st.sampled_from(["", "\n", "# between\n", "\n\n  # in\n"])
quotes = st.sampled_from(["'{}'", '"{}"'])


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Give a manifest with `{}` for each id, and the ids as they are written."""
    ids, items = [], []
    for _ in range(draw(st.integers(1, 4))):
        ids.append(draw(quotes).format(draw(hashes)))
        name, indent = draw(names), " " * draw(st.integers(0, 3))
        pairs = draw(st.permutations([f"name: '{name}'", "id: {}", "protect: true"]))
        if draw(st.booleans()):
            gap = draw(st.sampled_from(["", " ", f"\n{indent}     "]))
            items.append(f"{indent}- {{{{{gap}{f',{gap} '.join(pairs)}{gap}}}}}{draw(comments)}\n")
        else:
            lines = f"\n{indent}  ".join(f"{pair}{draw(comments)}" for pair in pairs)
            items.append(f"{indent}- {lines}\n")
        items[-1] += draw(blanks)
    # All items of a sequence stand equally far to the right.
    width = min(len(item) - len(item.lstrip(" ")) for item in items)
    moved = [item if item.startswith(" " * width + "- ") else "" for item in items]
    kept = [(item, id) for item, id in zip(moved, ids, strict=True) if item]
    head = draw(st.sampled_from(["", "---\n", "# top\n\n", "%YAML 1.2\n---\n"]))
    text = head + f"version: 1{draw(comments)}\nstorages:\n" + "".join(item for item, _ in kept)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text, [id for _, id in kept]


@given(layouts())
@settings(max_examples=examples(40, 150))
def test_every_other_byte_is_as_it_was(layout: tuple[str, list[str]]) -> None:
    text, written = layout
    ids = {id[1:-1]: f"new-{id[1:-1]}" for id in written}
    done = repinned("storages.yaml", text.format(*written).encode(), ids)
    wanted = [f"{id[0]}new-{id[1:-1]}{id[0]}" for id in written]
    assert done.data == text.format(*wanted).encode()
    assert (done.changed, done.left) == (len(written), ())
