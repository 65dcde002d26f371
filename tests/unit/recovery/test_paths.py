"""A path's text: printable, one for one path, and read back byte by byte."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.recovery.paths import read, shown

#: Bytes as they are, and text whose characters are hidden, reorder others, or look alike.
PATHS = st.binary(max_size=40) | st.text(max_size=40).map(lambda t: t.encode("utf-8", "replace"))


@given(PATHS)
@example(b"\xed\xa0\x80")  # a surrogate, which is no UTF-8
@example(b"\\xff")
@example(b"\xff")
@example(b" a/  b /c  d/ ")
@example("\u202egpj.exe \u3164\ufe0f".encode())
def test_a_path_comes_back_from_its_text_which_is_printable(path: bytes) -> None:
    text = shown(path)
    assert read(text) == path
    assert text.isprintable()
    assert "  " not in text
    assert not any(name != name.strip() for name in text.split("/"))
    text.encode("utf-8")  # no surrogates


@given(st.lists(PATHS, unique=True, max_size=20))
def test_two_paths_never_have_one_text(paths: list[bytes]) -> None:
    assert len({shown(path) for path in paths}) == len(paths)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"a/b c.tif", "a/b c.tif"),
        ("Müller/图.tif".encode(), "Müller/图.tif"),
        (b" a/  b /c  d/e ", r"\x20a/\x20\x20b\x20/c \x20d/e\x20"),
        (b"\n a", r"\n a"),
        (b"a\nb\tc\rd", r"a\nb\tc\rd"),
        (b"a\\nb", r"a\\nb"),
        (b"caf\xe9", r"caf\xe9"),
        (b"\x1b[31m\x00", r"\x1b[31m\x00"),
        ("\u202e".encode(), r"\xe2\x80\xae"),
        ("\u00a0\u2028".encode(), r"\xc2\xa0\xe2\x80\xa8"),
        ("\u3164".encode(), r"\xe3\x85\xa4"),
    ],
)
def test_what_can_not_be_seen_is_escaped_byte_by_byte(path: bytes, text: str) -> None:
    assert shown(path) == text


def test_the_forms_of_unicode_are_told_apart() -> None:
    composed, split = "é".encode(), unicodedata.normalize("NFD", "é").encode()
    assert shown(composed) != shown(split)
    assert read(shown(split)) == split


def test_an_argument_may_have_the_bytes_themselves() -> None:
    assert read(os.fsdecode(b"caf\xe9\xc3\xa9")) == b"caf\xe9\xc3\xa9"


@pytest.mark.parametrize("text", ["a\\", r"C:\Users", r"\xf", r"\xFG", r"\xFF"])
def test_a_backslash_that_escapes_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        read(text)
