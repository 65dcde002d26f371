"""Durations and numbers on the command line."""

from argparse import ArgumentTypeError

import pytest

from reconciler.cli.apply import duration
from reconciler.cli.terminal import has_colour, width


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)]
)
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "inf", "nan", "1d", "one", "1 h 2"])
def test_no_durations(text):
    with pytest.raises(ArgumentTypeError):
        duration(text)


@pytest.mark.parametrize(
    ("columns", "expected"), [("60", 60), ("0", 80), ("-5", 80), ("wide", 80), ("", 80), ("²", 80)]
)
def test_width_without_a_terminal(columns, expected):
    assert width({"COLUMNS": columns}, None) == expected


def test_no_colour_wins_over_force_colour():
    assert has_colour({"FORCE_COLOR": "1"}, None)
    assert not has_colour({"FORCE_COLOR": "0"}, None)
    assert not has_colour({"FORCE_COLOR": "1", "NO_COLOR": "1"}, None)
