"""A command that is forked from a waiting process does what the installed one does."""

import pytest

from support.commands.warm import Warm


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
    assert isinstance(warm, Warm)
    cold = type(quickstart)(quickstart.path)
    forked, started = quickstart(*line, code=code), cold(*line, code=code)
    assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)
