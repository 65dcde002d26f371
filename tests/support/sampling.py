"""How much of a long campaign a run plays: a sample that moves on with each commit, or all of it.

`pytest --long` (`python3 dev.py test --long`) plays all. A sample depends on nothing but the
commit, so that a failure is repeated by running the same commit again.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace

import pytest

from support.repository import ROOT

#: Of the tests of the installed command in a file a run of everything plays a third, and of those
#: that have more values than these half of the values: what they are about has tests of its own in
#: `unit`, `contract` and `properties`, played whole.
_MANY = 6
_OF_FILES = 3
_COMMANDS = "tests/e2e/"
#: All blocks of the documents and all examples are run for each commit.
_DOCUMENTS = "tests/e2e/repository/"

#: Kills, restarts, clients by the dozen, random input: each commit plays some of these tests.
CAMPAIGN = pytest.mark.sampled(4, of="campaigns")

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


def left_out(config: pytest.Config, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Choose what a run of everything leaves to other commits.

    That is, of tests that are marked `sampled`: `sampled(size)` plays so many values of a test,
    `sampled(size, of="NAME")` so many of all tests that say that name. Of the others a third of
    what each file in `tests/e2e` has, and of those half of many values. `--long`, and whoever names
    a path or a part of a name, plays all.
    """
    asked = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    if is_long(config) or asked or config.option.keyword:
        return []
    groups = defaultdict[str, list[pytest.Item]](list)
    sizes: dict[str, int] = {}
    files = defaultdict[str, dict[str, None]](dict)
    for item in items:
        test = item.nodeid.partition("[")[0]
        if marker := item.get_closest_marker("sampled"):
            name = marker.kwargs.get("of") or test
            groups[name].append(item)
            (sizes[name],) = marker.args
        elif test.startswith(_COMMANDS) and not test.startswith(_DOCUMENTS):
            groups[test].append(item)
            files[test.partition("::")[0]][test] = None
    for file, tests in files.items():
        played = _chosen_of(len(tests), -(-len(tests) // _OF_FILES), file)
        sizes.update((test, 0) for number, test in enumerate(tests) if number not in played)
    left: list[pytest.Item] = []
    for name, group in groups.items():
        size = sizes.get(name, max(_MANY, len(group) // 2))
        played = _chosen_of(len(group), size, name)
        left += [item for number, item in enumerate(group) if number not in played]
    return left


def _chosen_of(count: int, size: int, what: str) -> set[int]:
    return set(sample(range(count), min(size, count), what))


@cache
def _commit() -> str:
    """Give the name of this commit; of the sources, where there is no git to ask."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if asked.returncode == 0:
        return asked.stdout.strip()
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
