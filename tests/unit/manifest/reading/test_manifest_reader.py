"""Events -> tree: what is read, what is refused, and where; by libyaml and in pure Python."""

from __future__ import annotations

import ast
import gc

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest.mistakes import Document, Mistake
from reconciler.manifest.reading import reader
from reconciler.manifest.reading.reader import MAX_EXPANDED, MAX_NESTING, read_tree
from reconciler.manifest.reading.yaml_errors import UNKNOWN, complaint
from support.sampling import examples


def read(text: str | bytes, *, pure: bool = False) -> Document:
    document = Document("m.yaml", text.encode() if isinstance(text, str) else text)
    read_tree(document, pure=pure)
    return document


def only(text: str | bytes, *, pure: bool = False) -> Mistake:
    (mistake,) = read(text, pure=pure).mistakes
    return mistake


#: What is wrong, where it is found, and a part of the message; both parsers agree on all of it.
WRONG = [
    ("a:\n\t- b", (2, 1), "a tab can't be used here: indent with spaces"),
    ("a: b\n\tc: d", (2, 1), "a tab can't be used here"),
    ("a: b: c", (1, 5), "put text that has a colon in quotes"),
    ("a:\n  b: 1\n c: 2", (3, 2), "the indentation does not fit"),
    ("a: [1, 2", (1, 9), "a comma or bracket is missing"),
    ("a: {b: 1\n", (2, 1), "a comma or bracket is missing"),
    ("a: {b: ${C}}", (1, 9), "text with ${NAME} must be in quotes"),
    ("a: [${C}]", (1, 6), "text with ${NAME} must be in quotes"),
    ("a: ]", (1, 4), "a comma or bracket is missing, or is one too many"),
    ("a: 'x", (1, 6), "a quote is opened and never closed"),
    ("a: @x", (1, 4), "put it in quotes"),
    ("a: - b", (1, 4), "a list begins on a line of its own"),
    ('a: "x"\nb', (2, 2), "no `: ` between key and value"),
    ("a: >x", (1, 5), "text after | or > begins on the next line"),
    ("a: !e!x y", (1, 4), "tags are not supported"),
    ("a: * b", (1, 5), "a plain value can't begin with * or &"),
    ("%YAML 3.0\n--- {}", (1, 1), "a line that begins with % is a directive"),
    ("a: \x01", (1, 4), "the control character U+0001"),
    ("a: 1\nb: \x00", (2, 4), "is this a text file?"),
    (b"a: 1\nb: c\xff", (2, 5), "the byte 0xff is not valid UTF-8"),
    ("a: 1\n\ufeffb: 1", (2, 1), "U+FEFF (a byte order mark)"),
    ("# see\u2028b: 1", (1, 6), "U+2028 (a line break for some readers)"),
    ("# see\u2029b: 1", (1, 6), "U+2029 (a line break for some readers)"),
    ("a: 1\n# s\x85b: 1", (2, 4), "U+0085 (a line break for some readers)"),
    ("# see\rb: 1", (1, 6), "a carriage return without a line feed"),
    ("a: 1\r\n# see\r", (2, 6), "a carriage return without a line feed"),
    ("# \u202eb: 1", (1, 3), "U+202E (it turns the direction of text)"),
    ("a: x\u2066y", (1, 5), "U+2066 (it turns the direction of text)"),
    ("a: 1".encode("utf-16"), (1, 1), "UTF-16"),
    ("a: 1".encode("utf-32"), (1, 1), "UTF-32"),
    ("", (1, 1), "the file is empty"),
    ("# nothing\n", (2, 1), "the file is empty"),
    ("hello", (1, 1), "a manifest is a mapping of keys"),
    ("a: 1\n---\nb: 1", (2, 1), "a second document begins here"),
    ("a: 1\n...\nb: 1", (3, 1), "one file holds one document"),
    ("a: !!int 12", (1, 4), "tags other than !!str are not supported"),
    ("!x {a: 1}", (1, 1), "tags other than"),
    ("a: !!set {b: }", (1, 4), "tags other than"),
    ("!!int a: 1", (1, 1), "tags other than"),
    ("a: &x {b: *x}", (1, 11), "stands inside of its own anchor"),
    ("a: *x", (1, 4), "the alias *x has no anchor"),
    ("<<: {a: 1}", (1, 1), "merge keys are not supported"),
    ("? [a]\n: b", (1, 3), "a key must be plain text"),
    ("a: &x 1\n*x : b", (2, 1), "a key must be plain text"),
    ("a: 1\nb: 2\na: 3", (3, 1), "the key 'a' stands twice"),
    ("a: 012", (1, 4), "YAML readers disagree on what 012 is"),
    ("a:\n " + "[" * 100 + "]" * 100, (2, MAX_NESTING + 1), "nested more than 64 levels deep"),
]


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
@pytest.mark.parametrize(("text", "place", "message"), WRONG)
def test_each_mistake_is_told_once_with_its_place(
    text: str | bytes, place: tuple[int, int], message: str, pure: bool
) -> None:
    mistake = only(text, pure=pure)
    assert (mistake.line, mistake.column) == place
    assert message in mistake.message


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
@pytest.mark.parametrize(("text", "place"), [(r'a: "\ud800"', 1), (r'a: "\U00110000"', 1)])
def test_an_escape_that_stands_for_no_character(text: str, place: int, pure: bool) -> None:
    mistake = only(text, pure=pure)
    assert (mistake.line, mistake.message) == (place, "this escape does not stand for a character")


def test_a_complaint_that_nobody_knows_is_told_in_words_of_ours() -> None:
    error = yaml.MarkedYAMLError(problem="odd \x1b", problem_mark=yaml.Mark("", 0, 0, 0, None, 0))
    assert complaint(error, b"a").message == UNKNOWN
    assert complaint(yaml.YAMLError("odd"), b"a").message == UNKNOWN


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
def test_values(pure: bool) -> None:
    text = """
    text: [plain, 'single', "double \\x41", !!str 12, "012", 'no']
    others: {yes_: true, no_: false, zero: 0, int: -12, none: ~, empty: , null_: null}
    block: |
      two
      lines
    "quoted key": &anchor {a: [1]}
    again: *anchor
    """
    document = read(text, pure=pure)
    assert document.mistakes == []
    assert document.tree == {
        "text": ["plain", "single", "double A", "12", "012", "no"],
        "others": {
            "yes_": True,
            "no_": False,
            "zero": 0,
            "int": -12,
            "none": None,
            "empty": None,
            "null_": None,
        },
        "block": "two\nlines\n",
        "quoted key": {"a": [1]},
        "again": {"a": [1]},
    }


def test_yaml_is_read_by_libyaml_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert yaml.__with_libyaml__
    monkeypatch.setattr(yaml, "SafeLoader", None)
    assert read("a: 1").tree == {"a": 1}


def test_yaml_is_read_in_python_where_libyaml_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    monkeypatch.delattr(yaml.cyaml, "CParser")
    assert read("a: 1").tree == {"a": 1}


trees = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
        max_leaves=10,
    ),
)


@settings(deadline=None, max_examples=examples(30, 1_000))
@given(
    tree=trees,
    style=st.sampled_from([None, '"', "'", "|"]),
    flow=st.booleans(),
    as_written=st.booleans(),
)
def test_both_parsers_give_the_same(
    tree: dict[str, object], style: str | None, flow: bool, as_written: bool
) -> None:
    text = yaml.safe_dump(
        tree, default_style=style, default_flow_style=flow, allow_unicode=as_written
    )
    fast, slow = read(text), read(text, pure=True)
    assert fast.tree == slow.tree
    assert fast.dollars == slow.dollars
    assert fast.mistakes == slow.mistakes


@settings(deadline=None, max_examples=examples(70, 2_000))
@given(text=st.text(alphabet=st.sampled_from("ab01:-'\"#\n []{}*&!|>%@,?~$é\x85"), max_size=30))
def test_both_parsers_give_the_same_where_both_give_something(text: str) -> None:
    fast, slow = read("a: " + text), read("a: " + text, pure=True)
    if not fast.mistakes and not slow.mistakes:
        assert (fast.tree, fast.dollars) == (slow.tree, slow.dollars)


def test_what_a_key_that_stands_twice_holds_is_not_looked_at() -> None:
    document = read("a: {x: 1}\na: {y: [1, {z: 2}], $: $}\nb: 3")
    assert document.tree == {"a": {"x": 1}, "b": 3}
    assert document.dollars == []
    (mistake,) = document.mistakes
    assert mistake.first is not None
    assert mistake.first.path == ("a",)


def test_paths_of_findings_and_dollars() -> None:
    document = read("a: [{b: on}, {c: [x, 1.10]}]\nd: $x\ne: &e [$y]\nf: *e")
    assert [mistake.path for mistake in document.mistakes] == [("a", 0, "b"), ("a", 1, "c", 1)]
    assert document.dollars == [("d",), ("e", 0), ("f", 0)]


def test_an_alias_is_a_copy() -> None:
    tree = read("a: &x {b: [1]}\nc: *x").tree
    assert tree["a"] == tree["c"]
    assert tree["a"]["b"] is not tree["c"]["b"]


def test_an_anchor_may_be_given_again() -> None:
    assert read("a: &x 1\nb: *x\nc: &x 2\nd: *x").tree == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_an_anchor_on_a_key_and_on_a_scalar() -> None:
    assert read("&k a: &v b\nc: [*k, *v]").tree == {"a": "b", "c": ["a", "b"]}


def test_aliases_up_to_the_limit_are_fine() -> None:
    inner = ", ".join(["x"] * 99)
    text = f"a: &a [{inner}]\nb: &b [{', '.join(['*a'] * 10)}]\nc: [{', '.join(['*b'] * 10)}]\n"
    assert read(text).mistakes == []


def test_an_alias_bomb_is_refused_at_the_alias_that_is_too_much() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40)]
    mistake = only("\n".join(lines))
    assert mistake.message == f"aliases stand for more than {MAX_EXPANDED:,} values in this file"
    assert mistake.line > 1


def test_nesting_through_aliases_counts_too() -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 3_000))]
    assert "this alias leads more than 64 levels deep" in only("\n".join(lines)).message


@pytest.mark.parametrize("escape", ["\\x85", "\\u2028", "\\u2029", "\\ufeff", "\\r", "\\u202e"])
def test_what_must_not_stand_as_it_is_can_be_written_as_an_escape(escape: str) -> None:
    char = ast.literal_eval(f'"{escape}"')
    mistake = only(f'a: "{char}"')
    written = mistake.hint.removeprefix("in double quotes write ")
    assert read(f'a: "{written}"').tree == read(f'a: "{escape}"').tree == {"a": char}


TOO_DEEP = f"this is nested more than {MAX_NESTING} levels deep"


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[" * 100_000, (1, 65), TOO_DEEP),
        ("{a: " * 100_000, (1, 257), TOO_DEEP),
        ("- " * 100_000, (1, 129), TOO_DEEP),
        ("? " * 100_000, (1, 3), "a key must be plain text"),
        ("a: b\n\u00e9: " + "[" * 2_000, (2, 67), TOO_DEEP),
        ("- " * 60 + "[" * 2_000, (1, 125), TOO_DEEP),
        ("\n".join(" " * level + "a:" for level in range(1_100)), (65, 65), TOO_DEEP),
        ("a: 1\na: " + "[" * 2_000, (2, 1), "the key 'a' stands twice"),
        ("? [" * 2_000, (1, 3), "a key must be plain text"),
    ],
)
def test_the_limit_of_nesting_is_ours_in_place_and_words(
    text: str, place: tuple[int, int], message: str, pure: bool
) -> None:
    """Newer versions of libyaml have one too, of 1,000 levels, which they meet ahead of ours."""
    mistake = only(text, pure=pure)
    assert (mistake.line, mistake.column) == place
    assert message in mistake.message


def test_nesting_up_to_the_limit_is_fine() -> None:
    text = "a: " + "[" * (MAX_NESTING - 1) + "]" * (MAX_NESTING - 1)
    assert read(text).mistakes == []


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("text", ["a: 1", "a: [", "a: *x"])
def test_the_collector_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, text: str, enabled: bool
) -> None:
    paused = []
    build = reader.open_events

    def watched(data: bytes, *, pure: bool) -> object:
        paused.append(not gc.isenabled())
        return build(data, pure=pure)

    monkeypatch.setattr(reader, "open_events", watched)
    (gc.enable if enabled else gc.disable)()
    try:
        read(text)
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert paused == [True]
