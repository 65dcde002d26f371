from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diff.temporary_names import resting, temporary
from reconciler.names import Globs, Scope, lookalike_keys, lookalikes, matches
from reconciler.printable import listed, quoted, shown


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("nas", "nas", True),
        ("nas", "NAS", False),
        ("NAS", "n*", False),
        ("nas-1", "nas-?", True),
        ("nas-10", "nas-?", False),
        ("nas", "*", True),
        ("", "*", True),
        ("a\nb", "a*", True),
        ("team/a/b", "team/*", True),
        ("[raw]", "[raw]", True),
        ("r", "[raw]", True),
        ("x", "[!raw]", True),
        ("what?", "what?", True),
        ("nas", "na", False),
        ("café", "cafe\u0301", False),
    ],
)
def test_a_glob_minds_case_and_a_name_is_itself_first(
    name: str, pattern: str, expected: bool
) -> None:
    assert matches(name, [pattern]) is expected
    assert matches(name, ["no match", pattern]) is expected


GLOBS = st.lists(st.text("ab*?[]!-", max_size=6), max_size=5)


@given(GLOBS, st.lists(st.text("ab*?[]!-", max_size=6), max_size=5))
@settings(deadline=None)
def test_many_globs_at_once_mean_what_each_means(patterns: list[str], names: list[str]) -> None:
    globs = Globs(patterns)
    for name in names:
        assert globs.match(name) is matches(name, patterns)
    idle = [p for p in patterns if not any(matches(name, [p]) for name in names)]
    assert globs.idle(names) == idle


def test_of_thousands_of_names_some_are_told() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    told = listed([f"n{i}" for i in range(5_000)])
    assert told.startswith("'n0', 'n1', ")
    assert told.endswith("'n19' and 4,980 more")


@pytest.mark.parametrize(
    "other",
    [
        "raw  frames",
        " raw frames",
        "raw frames ",
        "raw\u00a0frames",
        "raw\u2003frames",
        "raw\tframes",
        "raw\u2028frames",
        "raw\u200b frames",
        "raw\u00ad frames",
        "\ufeffraw frames",
        "raw\u2060 frames",
        "raw fr\ufe0fames",
        "raw \u202eframes",
        "raw frames\u3164",
        "r\u0430w \u200bframes",
        "R\x07aw Frames",
    ],
)
def test_white_space_and_invisible_characters_tell_no_names_apart(other: str) -> None:
    assert lookalikes(["raw frames", other, "rawframes"]) == [tuple(sorted(("raw frames", other)))]


def test_no_patterns_match_nothing() -> None:
    assert not matches("nas", [])


@given(st.text())
@settings(deadline=None)
def test_every_name_matches_itself(name: str) -> None:
    assert matches(name, [name])


def test_a_scope_is_what_all_lists_have_in_common() -> None:
    scope = Scope.of(("team-a/*", "shared"), [("*",), ("*/raw", "shared")])
    assert scope.holds("team-a/raw")
    assert scope.holds("shared")
    assert not scope.holds("team-a/cooked")
    assert not scope.holds("team-b/raw")


def test_nothing_widens_a_scope() -> None:
    assert not Scope.of(("a",), [("a", "b")]).holds("b")
    assert Scope.of(("*",)).holds("anything")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ~name 1", "plain ~name 1"),
        ("größe 🧊 日本", "größe 🧊 日本"),
        ("a\nb\tc\0", "a\\nb\\tc\\x00"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x7f\x85", "\\x7f\\x85"),
        ("\u202egnp", "\\u202egnp"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028para\u2029", "line\\u2028para\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_could_fool_a_terminal_is_escaped(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert quoted(text) == f"'{expected}'"


@given(st.text(st.characters(), max_size=20))
@settings(deadline=None)
def test_what_is_shown_is_one_line_that_can_be_written(text: str) -> None:
    assert len(shown(text).splitlines()) <= 1
    shown(text).encode()


def test_a_temporary_name_is_bound_to_its_storage() -> None:
    name = temporary("nas", "id-1")
    assert name.startswith("nas~move-")
    assert name != temporary("nas", "id-2")
    assert resting(name, "id-1") == "nas"
    assert resting(name, "id-2") == name


@pytest.mark.parametrize("name", ["nas", "~move-00000000", "nas~move-", "nas~move-0000000g", ""])
def test_other_names_rest_where_they_are(name: str) -> None:
    assert resting(name, "id-1") == name


def test_the_hash_of_a_temporary_name_never_changes() -> None:
    # Storages that a crash left under such a name have to be known by every later version.
    assert temporary("nas", "7f0c") == "nas~move-bb9a589c"


@given(st.text(min_size=1), st.text(st.characters()))
@settings(deadline=None)
def test_stepping_aside_twice_is_stepping_aside_once(name: str, id: str) -> None:
    once = temporary(name, id)
    assert temporary(once, id) == once
    assert resting(once, id) == resting(name, id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nas", "NAS"),
        ("straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("ﬁles", "files"),
        ("nas", "nаs"),  # Cyrillic a
        ("scope", "ѕсоре"),  # all Cyrillic
        ("l0g", "log"),
        ("nas-1", "nas-l"),
        ("Ill", "lll"),
        ("corner", "comer"),
    ],
)
def test_names_that_look_alike_share_a_key(one: str, other: str) -> None:
    assert set(lookalike_keys(one)) & set(lookalike_keys(other))
    assert lookalikes([one, "unlike", other]) == [tuple(sorted((one, other)))]


@pytest.mark.parametrize(
    ("one", "other"), [("nas", "nas2"), ("a b", "ab"), ("raw", "row"), ("größe", "grösse-2")]
)
def test_names_that_differ_share_none(one: str, other: str) -> None:
    assert lookalikes([one, other]) == []


def test_a_name_is_no_lookalike_of_itself() -> None:
    assert lookalikes(["nas", "nas"]) == []


def test_lookalikes_are_sorted_whatever_the_order() -> None:
    names = ["B", "b", "A", "a", "Ａ"]
    assert lookalikes(names) == lookalikes(reversed(names)) == [("A", "a", "Ａ"), ("B", "b")]
