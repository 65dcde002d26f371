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


@pytest.mark.parametrize(
    "script",
    [
        '"$0" drift',
        '"$0" lsit 2>&1 | tail -n 1',
        '"$0" validate -f - <storages.yaml; echo "told: $?"',
        'umask 077; "$0" plan --out plan.json >&2; stat -c %a plan.json; "$0" nonsense',
    ],
)
def test_a_shell_gets_from_a_forked_command_what_it_gets_from_the_installed_one(
    quickstart, warm, script
):
    if warm is None:
        pytest.skip("each command is started as users do")
    forked, started = quickstart.shell(script, plain=True), quickstart.shell(script)
    assert forked.returncode == started.returncode
    assert timeless(forked) == timeless(started)
