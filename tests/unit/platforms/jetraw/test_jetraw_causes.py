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
    told = cause(ValueError(text), [SECRET, "another-secret"], all_known=True)
    assert told == "ValueError (its text is withheld, since it holds a secret)"


def test_a_short_secret_is_looked_for_as_a_whole() -> None:
    assert "withheld" in cause(ValueError("pin 1234."), ["1234"], all_known=True)
    assert cause(ValueError("pin 123"), ["1234"], all_known=True) == "ValueError: pin 123"
    assert cause(ValueError("anything"), [""], all_known=True) == "ValueError: anything"


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
    assert cause(ConnectionError(text), [SECRET], all_known=True) == ": ".join(
        filter(None, ["ConnectionError", told])
    )


def test_long_texts_are_cut() -> None:
    assert cause(OSError("word " * 1000), [], all_known=True) == "OSError: " + ("word " * 40) + "…"


def test_an_error_that_can_not_even_be_told() -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert cause(OddError(), [], all_known=True) == "OddError"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bad API key rt-REAL-but-revoked-9f8e7d6c5b4a", "bad API key ***"),
        ("401: 0123456789abcdefABCDEF=, go away", "401: ***, go away"),
        ("id 6f1c2f0e-95cf-4d4e-8a9b-aa1b5d3f7c11", "id ***"),
        ("no storage 'raw-frames-of-the-lab' at /data/nas/2024", None),
        ("HTTP 503 from https://host.example:9000/bucket", None),
    ],
)
def test_where_nobody_knows_the_secret_whatever_may_be_one_is_left_out(
    text: str, told: str | None
) -> None:
    assert cause(OSError(text), [], all_known=False) == f"OSError: {told or text}"


def test_a_text_that_ends_the_program_when_it_is_asked_for() -> None:
    class RudeError(Exception):
        def __str__(self) -> str:
            raise SystemExit

    assert cause(RudeError(), [], all_known=True) == "RudeError"
