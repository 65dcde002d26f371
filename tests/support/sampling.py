"""How much of a long campaign a run plays: a sample that moves on with each commit, or all of it.

`pytest --long` (`python3 dev.py test --long`) plays all. A sample depends on nothing but the
commit, so that a failure is repeated by running the same commit again.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace

import pytest

from support.repository import ROOT

_chosen = SimpleNamespace(long=False)


def is_long(config: pytest.Config) -> bool:
    """Say whether all of the long campaigns is to be run."""
    return bool(config.getoption("--long"))


def choose(config: pytest.Config) -> None:
    """Take note, before the tests are collected, of how much is to be run."""
    _chosen.long = is_long(config)


def examples(few: int, many: int) -> int:
    """Return how many examples Hypothesis is to try: few for each commit, many with `--long`."""
    return many if _chosen.long else few


def sample(everything: Sequence[int], size: int, what: str) -> list[int]:
    """Choose some of the numbers of a campaign, by the commit and the campaign's name."""
    return sorted(random.Random(f"{what} at {_commit()}").sample(everything, size))


@cache
def _commit() -> str:
    """Give the name of this commit; of the sources, where there is no git to ask."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if asked.returncode == 0:
        return asked.stdout.strip()
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
