"""The benchmarks of the docs run, on a handful of storages; no figure is judged.

octoDNS is left out: it would have to be installed, and what runs it is the same loop.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
COMMANDS = sorted(
    {
        tuple(shlex.split(line, comments=True)[1:])
        for line in re.findall(r"^\$ (python .+)$", PAGE.read_text(encoding="utf-8"), re.M)
    }
)
MEASUREMENTS = ("bare pass", "validate", "plan without changes", "plan of creates", "apply")


def run(command):
    few = [word for word in command if word != "--octodns"]
    done = subprocess.run(
        [sys.executable, *few, "--sizes", "5", "--runs", "1"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_of_the_page_runs(command):
    printed = run(command)
    if "--json" in command:
        assert json.loads(printed)
    elif "--only" not in command:
        assert [name for name in MEASUREMENTS if name not in printed] == []


def test_the_page_has_commands():
    assert len(COMMANDS) >= 4
