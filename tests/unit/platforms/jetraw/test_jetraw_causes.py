"""What the SDK raises is told without what must not be seen."""

from __future__ import annotations

import pytest

from reconciler.platforms.jetraw.causes import cause

SECRET = "rt-5ecret-0f-my-0rganisation"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"401 for {SECRET}!",
        f"bad key {SECRET[:8]}… (cut)",
        f"…{SECRET[-8:]}",
        f"{SECRET[5:14]}",
        f"line\n{SECRET}\n",
        "x" * 1900 + SECRET,
    ],
)
def test_a_text_with_a_piece_of_a_secret_is_withheld(text: str) -> None:
    told = cause(ValueError(text), [SECRET, "another-secret"])
    assert told == "ValueError (its text is withheld, since it holds a secret)"


def test_a_short_secret_is_looked_for_as_a_whole() -> None:
    assert "withheld" in cause(ValueError("pin 1234."), ["1234"])
    assert cause(ValueError("pin 123"), ["1234"]) == "ValueError: pin 123"
    assert cause(ValueError("anything"), [""]) == "ValueError: anything"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent Bearer abc.def to it", "sent Bearer *** to it"),
        ("{'refresh_token': 'abc', 'x': 1}", "{'refresh_token': '***', 'x': 1}"),
        ("password=abc&x=1", "password=***"),
        ("no token was given", "no token was given"),
        ("got eyJhbGciOi.eyJzdWIi.sig-1 back", "got *** back"),
        ("GET https://me:pw@host/a failed", "GET https://***@host/a failed"),
        ("GET https://host/a?signature=abc#x failed", "GET https://host/a?*** failed"),
        ("two\nlines\tand\x1b[31m red", "two lines and\\x1b[31m red"),
        ("", ""),
    ],
)
def test_other_texts_are_cleaned(text: str, told: str) -> None:
    assert cause(ConnectionError(text), [SECRET]) == ": ".join(
        filter(None, ["ConnectionError", told])
    )


def test_long_texts_are_cut() -> None:
    assert cause(OSError("word " * 1000), []) == "OSError: " + ("word " * 40) + "…"


def test_an_error_that_can_not_even_be_told() -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert cause(OddError(), []) == "OddError"
