"""Variables in values: the forms, what is refused, and what never shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest.filling.interpolate import interpolate
from reconciler.manifest.mistakes import Document
from reconciler.masking import has_secret_in

VARIABLES = {"A": "alpha", "EMPTY": "", "ODD": "${A} $$ no", "KEY": "k", "N_1": "n"}


def filled(text: str, variables: dict[str, str] | None = None) -> str:
    document = Document("m.yaml", b"", {"a": [text]}, [("a", 0)])
    interpolate(document, VARIABLES if variables is None else variables)
    assert document.mistakes == []
    result: str = document.tree["a"][0]
    return result


def refused(text: str) -> str:
    document = Document("m.yaml", b"", {"a": [text]}, [("a", 0)])
    interpolate(document, VARIABLES)
    (mistake,) = document.mistakes
    assert mistake.path == ("a", 0)
    return mistake.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "alpha"),
        ("x-${A}-${N_1}", "x-alpha-n"),
        ("${A:-other}", "alpha"),
        ("${EMPTY:-other}", "other"),
        ("${UNSET:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${UNSET:-a $$ $b :- \n}", "a $ $b :- \n"),
        ("${A:?needed}", "alpha"),
        ("${ODD}", "${A} $$ no"),
        ("${KEY}", "k"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$alpha"),
        ("$A $ $1 a$", "$A $ $1 a$"),
    ],
)
def test_forms(text: str, value: str) -> None:
    assert filled(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${UNSET}", "the variable UNSET is not set: set it, or write ${UNSET:-default}"),
        ("${EMPTY}", "the variable EMPTY is empty: set it, or write ${EMPTY:-default}"),
        ("${UNSET:?staging or prod}", "the variable UNSET is not set: staging or prod"),
        ("${EMPTY:?staging or prod}", "the variable EMPTY is not set: staging or prod"),
        ("${UNSET:?}", "the variable UNSET is not set: set it, or write ${UNSET:-default}"),
        ("${UNSET:?a\x1b}", "the variable UNSET is not set: a\\x1b"),
        ("${", "${ is malformed"),
        ("a ${A", "${A is malformed"),
        ("${}", "${} is malformed"),
        ("${A-b}", "${A-b} is malformed"),
        ("${A:+b}", "${A:+b} is malformed"),
        ("${1A}", "${1A} is malformed"),
        ("${ A }", "${ A } is malformed"),
        ("${É}", "${É} is malformed"),
        ("${UNSET:-${A}}", "${UNSET:-${A} is malformed: variables can't be nested"),
    ],
)
def test_what_can_not_be_filled_in(text: str, message: str) -> None:
    assert refused(text) == message


def test_several_variables_of_one_value_are_one_finding() -> None:
    both = refused("${ONE}-${TWO}-${ONE}")
    assert both.count("the variable ONE is not set") == 1
    assert both.count("the variable TWO is not set") == 1


@pytest.mark.parametrize(
    "name",
    [
        *("TOKEN", "MY_TOKEN", "mytoken", "Client_Secret", "DB_PASSWORD", "API_KEY", "x_key"),
        *("RECONCILER_NOTIFY_URLS", "RECONCILER_DATABASE"),
    ],
)
@pytest.mark.parametrize("form", ["${%s}", "${%s:-x}", "${%s:?y}"])
def test_secrets_are_refused_whether_set_or_not(form: str, name: str) -> None:
    assert f"the variable {name} is refused" in refused(form % name)
    document = Document("m.yaml", b"", {"a": form % name}, [("a",)])
    interpolate(document, {name: "hunter2"})
    assert "hunter2" not in document.mistakes[0].message
    assert document.tree["a"] == form % name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${X}", "https://gitlab-ci-token:HUSH@gitlab.example/team/storages.git"),
        ("proxy ${X}", "http://bob:HUSH@proxy:3128"),
        ("${X:-y}", "see u:HUSH@h:9000"),
        ("${X}", "https://h/b?X-Amz-Signature=HUSH"),
        ("https://u:${X}@h", "HUSH"),
        ("https://${X}h/b", "HUSH@"),
        ("https://h/b?token=${X}", "HUSH"),
        ("https://h/b?${X}=HUSH", "token"),
    ],
)
def test_a_secret_is_refused_whatever_the_variable_is_called(text: str, value: str) -> None:
    document = Document("m.yaml", b"", {"a": text}, [("a",)])
    interpolate(document, {"X": value})
    (mistake,) = document.mistakes
    assert "what a manifest holds is stored and printed" in mistake.message
    assert document.tree["a"] == text
    assert "HUSH" not in mistake.message


def test_addresses_without_a_secret_are_filled_in() -> None:
    for value in ("https://minio:9000/b", "s3://b/x@y", "ann@lab.example", "/data/12:30@lab"):
        assert filled("${X} here", {"X": value}) == f"{value} here"
    assert filled("$${X} u:p@h", {}) == "${X} u:p@h"


@settings(deadline=None)
@given(text=st.text())
def test_a_text_with_doubled_dollars_is_itself(text: str) -> None:
    assert filled(text.replace("$", "$$")) == text


@settings(deadline=None)
@given(value=st.text(min_size=1).filter(lambda value: not has_secret_in(f"<{value}>")))
def test_a_value_is_never_looked_at_again(value: str) -> None:
    assert filled("<${A}>", {"A": value}) == f"<{value}>"


def test_what_was_written_is_kept_for_messages() -> None:
    document = Document("m.yaml", b"", {"a": "x${A}", "b": "$$"}, [("a",), ("b",)])
    interpolate(document, VARIABLES)
    assert document.tree == {"a": "xalpha", "b": "$"}
    assert document.written == {("a",): "x${A}"}


def test_a_variable_that_is_not_utf8_is_named() -> None:
    document = Document("m.yaml", b"", {"a": "${TEAM}"}, [("a",)])
    interpolate(document, {"TEAM": "caf\udce9"})
    (mistake,) = document.mistakes
    assert "the value of the variable TEAM is not valid UTF-8" in mistake.message
