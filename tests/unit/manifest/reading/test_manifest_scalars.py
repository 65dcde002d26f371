"""Plain scalars: what is a value, what is text, and what readers disagree on."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest.reading.scalars import AMBIGUOUS, FIRST, WORDS, in_quotes, remedy, resolve
from support.sampling import examples

#: What YAML 1.2's core schema takes for something other than text.
CORE = re.compile(
    r"""(?x) null|Null|NULL|~| | true|True|TRUE|false|False|FALSE
    | [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+
    | [-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)"""
)
SCHEMA_11 = yaml.SafeLoader.yaml_implicit_resolvers


def text_for_everyone(text: str) -> bool:
    """Say whether the rules of YAML 1.1 (PyYAML's, and its `y` and `n`) and 1.2 both say text."""
    rules = SCHEMA_11.get(text[:1], [])
    return (
        not any(pattern.match(text) for _, pattern in rules)
        and not CORE.fullmatch(text)
        and text.lower() not in {"y", "n"}
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("12", 12),
        ("-3", -3),
        ("999999999999999999", 10**18 - 1),
        ("", None),
        ("~", None),
        ("null", None),
    ],
)
def test_values(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No",
        "NO",
        "yes",
        "Yes",
        "YES",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "y",
        "Y",
        "n",
        "N",
        "True",
        "TRUE",
        "False",
        "FALSE",
        "Null",
        "NULL",
        "012",
        "00",
        "+1",
        "-0",
        "0o17",
        "0b11",
        "0x1F",
        "1_000",
        "1,000",
        "1.10",
        "1.",
        ".5",
        "1e3",
        "1E-3",
        "-1.5e+3",
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        "12:30:45",
        "1:30",
        "190:20:30.15",
        "2024-01-01",
        "2024-1-2",
        "2024-01-01T12:30:45Z",
        "1000000000000000000",
        "2001-12-14t21:59:43.10-05:00",
        "=",
        "<<",
    ],
)
def test_what_readers_disagree_on(text: str) -> None:
    assert resolve(text) is AMBIGUOUS


@pytest.mark.parametrize("text", ["2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43"])
def test_a_time_with_spaces(text: str) -> None:
    assert resolve(text) is AMBIGUOUS


@pytest.mark.parametrize(
    "text",
    [
        "nas-1",
        "yes-no",
        "10%",
        "2024-raw",
        "v1.0",
        "1.2.3",
        "10.0.0.1",
        "1a",
        "-x",
        "+x",
        ".hidden",
        "...",
        "---",
        "=x",
        "0x",
        "0o8z",
        "e3",
        "trueish",
        "nothing",
        "/data",
        "12:xx",
        "2024-01",
        "nUlL",
        "yEs",
        "1__a",
        "a1",
        "http://h:1",
    ],
)
def test_text(text: str) -> None:
    assert resolve(text) == text
    assert text_for_everyone(text)


@settings(deadline=None, max_examples=examples(300, 10_000))
@given(
    text=st.text(
        alphabet=st.sampled_from("0123456789abefnotyxTZ_-+.,:= ~"), min_size=1, max_size=12
    )
    | st.sampled_from(sorted(WORDS))
    | st.dates().map(str)
    | st.datetimes().map(str)
    | st.floats().map(str)
    | st.integers().map(str)
)
def test_what_is_text_here_is_text_for_every_reader(text: str) -> None:
    if resolve(text) == text:
        assert text_for_everyone(text)
    else:
        assert text in WORDS or text[0] in FIRST, "the reader would not even ask"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("no", ("storages", 0, "name"), 'write "no"'),
        ("1.10", ("storages", 0, "renamed_from", 0), 'write "1.10"'),
        ("Yes", ("storages", 0, "protect"), "write true"),
        ("off", ("defaults", "protect"), "write false"),
        ("1.0", ("removed", 0, "holds_files"), "write true or false"),
        ("no", ("policy", "protect", 0), 'write "no"'),
        ("yes", ("policy", "protect"), 'write "yes"'),
        ("1.0", ("version",), "write 1"),
        ("010", ("policy", "max_removals"), "write 10"),
        ("1e3", ("policy", "max_removals"), "write a whole number"),
    ],
)
def test_the_remedy_fits_the_key(text: str, path: tuple[str | int, ...], words: str) -> None:
    assert remedy(text, path) == words


def test_text_in_quotes_can_be_typed() -> None:
    assert in_quotes('a"b\\c') == r'"a\"b\\c"'
