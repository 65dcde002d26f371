"""A command that is forked from a waiting process does what the installed one does."""

import re

import pytest

from support.commands.warm import Waiting


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["plan"], 0),
        (["plan", "-o", "json"], 0),
        (["drift"], 2),
        (["nonsense"], 64),
        (["lsit"], 64),
    ],
)
def test_a_forked_command_tells_what_the_installed_one_does(quickstart, warm, line, code):
    if warm is None:
        pytest.skip("each command is started as users do")
    assert isinstance(warm, Waiting)
    cold = type(quickstart)(quickstart.path)
    forked, started = quickstart(*line, code=code), cold(*line, code=code)
    assert timeless(forked) == timeless(started)


def timeless(told):
    """Return what was told, without the second in which it was."""
    return re.sub(r"\d\d:\d\d:\d\dZ", "TIME", told.stdout), told.stderr
