"""`snapshot create --help`: what one action of a command takes, on one screen."""

from __future__ import annotations

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import Shown, parse

OWN = {
    "create": ["--scan", "--exclude", "--allow-fewer", "--digest-file"],
    "list": [],
    "check": ["--expect"],
    "prune": ["--keep-last", "--keep-daily", "-y,"],
}


@pytest.mark.parametrize("action", OWN)
@pytest.mark.parametrize("words", ["snapshot {} --help", "snapshot -h {} x", "help snapshot {}"])
def test_the_help_of_an_action_has_its_options_and_no_others(monkeypatch, action, words):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(Shown) as shown:
        parse(words.format(action).split(), COMMANDS)
    told = shown.value.text
    assert told.startswith(f"usage: reconciler snapshot {action} REPO [options]\n")
    assert len(told.splitlines()) <= 45
    options = [line.split()[0] for line in told.splitlines() if line.startswith("  -")]
    assert set(OWN[action]) <= set(options)
    assert not set(options) & {o for other, some in OWN.items() if other != action for o in some}
    assert f"{action}: " not in told
    assert "--env-file FILE" in told


def test_without_an_action_help_has_all(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(Shown) as shown:
        parse(["snapshot", "--help"], COMMANDS)
    assert "prune: keep the last N" in shown.value.text
