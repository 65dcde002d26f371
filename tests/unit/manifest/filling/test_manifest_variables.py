"""Variables from the environment and from env files."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ManifestError, UsageError
from reconciler.manifest import read_variables

Write = Callable[..., Path]


def test_the_environment_wins_then_the_later_file(write: Write) -> None:
    write("A=1\nB=1\nC=1\n", "one.env")
    write("B=2\nC=2\n", "two.env")
    assert read_variables({"C": "3", "D": "3"}, ["one.env", "two.env"]) == {
        "A": "1",
        "B": "2",
        "C": "3",
        "D": "3",
    }


def test_an_empty_variable_of_the_environment_wins_too(write: Write) -> None:
    write("A=1", ".env")
    assert read_variables({"A": ""}, [".env"]) == {"A": ""}


def test_the_form_of_env_files(write: Write) -> None:
    write(
        "# one\n\nexport A = plain # two\nB='single $A'\nC=\"two\\nlines\"\nD=${A}\nE=\nF\n",
        ".env",
    )
    assert read_variables({}, [".env"]) == {
        "A": "plain",
        "B": "single $A",
        "C": "two\nlines",
        "D": "plain",
        "E": "",
    }


def test_variables_in_an_env_file_are_filled_in_as_in_a_manifest(write: Write) -> None:
    write(
        "A=a\nB=${A}-${OUT}\nC=\"${NO:-else} $$x\"\nD='${A} $x'\nOUT=own\nE=${OUT}\n",
        ".env",
    )
    assert read_variables({"OUT": "outer"}, [".env"]) == {
        "A": "a",
        "B": "a-outer",
        "C": "else $x",
        "D": "${A} $x",
        "OUT": "outer",
        "E": "outer",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A=${NO}", "A: the variable NO is not set"),
        ("A=${NO:?say which}", "A: the variable NO is not set: say which"),
        ("A=${API_TOKEN}", "A: the variable API_TOKEN is refused"),
        ("A=hunter2$x", "A: write ${NAME} to fill in, and $$ for a dollar"),
        ("A=hunter2$", "A: write ${NAME} to fill in, and $$ for a dollar"),
        ("A=${hunter2 }", "A: write ${NAME} to fill in, and $$ for a dollar"),
        ("A=${X:-${hunter2}}", "A: write ${NAME} to fill in, and $$ for a dollar"),
        ('A="hunter2\\$x"', "A: write ${NAME} to fill in, and $$ for a dollar"),
        ("A='hunter2\\\\x'", "in single quotes a backslash is not the same to all readers"),
    ],
)
def test_what_compose_reads_in_another_way_is_refused(
    write: Write, line: str, message: str
) -> None:
    write(f"X=1\n{line}\n", "m.env")
    with pytest.raises(ManifestError) as caught:
        read_variables({"API_TOKEN": "hunter2"}, ["m.env"])
    assert str(caught.value).startswith(f"m.env:2:1: {message}")
    assert "hunter2" not in str(caught.value)


def test_the_encoding_of_env_files(write: Write) -> None:
    write(b"\xef\xbb\xbfA=1\n", "m.env")
    assert read_variables({}, ["m.env"]) == {"A": "1"}
    write("A=1\n".encode("utf-16"), "utf16.env")
    write("A=Z\xfcrich\n".encode("latin-1"), "latin.env")
    write("A=1 # \u2028B=2\n", "hidden.env")
    with pytest.raises(ManifestError) as caught:
        read_variables({}, ["utf16.env", "latin.env", "hidden.env"])
    assert [problem.text().partition(": save")[0] for problem in caught.value.problems] == [
        "utf16.env:1:1: the file is UTF-16",
        "latin.env:1:4: the byte 0xfc is not valid UTF-8 (in Latin-1 it is ü)",
        "hidden.env:1:7: U+2028 (a line break for some readers) may not stand in a file as it is",
    ]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"A=1\n\n\nB='hunter2\nC=3\n", "m.env:4:1: "),
        (b"A=1\nthis is hunter2\n", "m.env:2:1: "),
        (b"A=1\nB=hunter2\xff\n", "m.env:2:10: "),
    ],
)
def test_a_line_that_is_wrong_is_named_but_not_shown(
    write: Write, caplog: pytest.LogCaptureFixture, data: bytes, place: str
) -> None:
    write(data, "m.env")
    with caplog.at_level(logging.DEBUG), pytest.raises(ManifestError) as caught:
        read_variables({}, ["m.env"])
    assert str(caught.value).startswith(place)
    assert "hunter2" not in str(caught.value)
    assert caplog.records == []


def test_all_env_files_are_looked_at(write: Write) -> None:
    write("a b\n", "one.env")
    write("c d\n", "two.env")
    Path("three.env").symlink_to("nowhere")
    with pytest.raises(ManifestError) as caught:
        read_variables({}, ["one.env", "two.env", "three.env"])
    assert [problem.file for problem in caught.value.problems] == [
        "one.env",
        "two.env",
        "three.env",
    ]


def test_an_env_file_that_does_not_exist(write: Write) -> None:
    write("")
    with pytest.raises(UsageError, match=r"no\.env' does not exist"):
        read_variables({}, ["no.env"])


@pytest.mark.parametrize("given", ["PASSWORD=s3cr3t", "https://u:s3cr3t@h/x", "a?token=s3cr3t"])
def test_a_secret_in_place_of_an_env_file_is_not_shown(given: str) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught:
        read_variables({}, [given])
    assert "s3cr3t" not in str(caught.value)
