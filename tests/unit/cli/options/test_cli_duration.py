"""Durations and numbers on the command line."""

from argparse import ArgumentTypeError

import pytest

from reconciler.cli.commands.server.token import lifetime
from reconciler.cli.output.terminal import has_colour, width
from reconciler.cli.settings import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("7d", 604_800)],
)
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "inf", "nan", "1w", "one", "1 h 2"])
def test_no_durations(text):
    with pytest.raises(ArgumentTypeError):
        duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("12h", 43200), ("90d", 7776000), ("0.5d", 43200)],
)
def test_lifetimes(text, seconds):
    assert lifetime(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "1md", "1hd", "1sd", "1dd", "d", "-1d", "+1d", "1e3d", "1_0d", " 1d", "1 d", "nand", "infd",
        "nan", "inf", "1e3", "1_0", "²d", "٣d", "0d", "0", "", "36501d", "9" * 400 + "d", "1d\n",
    ],
)  # fmt: skip
def test_no_lifetimes(text):
    with pytest.raises(ArgumentTypeError, match="no lifetime: write 12h"):
        lifetime(text)


@pytest.mark.parametrize(
    ("columns", "expected"), [("60", 60), ("0", 80), ("-5", 80), ("wide", 80), ("", 80), ("²", 80)]
)
def test_width_without_a_terminal(columns, expected):
    assert width({"COLUMNS": columns}, None) == expected


def test_no_colour_wins_over_force_colour():
    assert has_colour({"FORCE_COLOR": "1"}, None)
    assert not has_colour({"FORCE_COLOR": "0"}, None)
    assert not has_colour({"FORCE_COLOR": "1", "NO_COLOR": "1"}, None)
