"""Four times as much costs four times as much, counted in calls and not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from reconciler.diff import compare
from reconciler.errors import ManifestError
from reconciler.manifest import load
from reconciler.model import Storage
from reconciler.plan import policy
from reconciler.plan.policy import Facts, Rules

FEW = 150
HEAD = "version: 1\nplatform: sqlite:///p.db\n"
Case = Callable[[int], tuple[str, list[Storage]]]


def entries(names: list[str], folder: str = "") -> str:
    return "storages:\n" + "".join(
        f'  - {{name: "{name}", type: local, default_url: "{folder or "/d/" + name}"}}\n'
        for name in names
    )


def live(names: list[str], folder: str = "") -> list[Storage]:
    return [
        Storage(f"id-{name}", name, "", "local", f"file://{folder or '/live/' + name}")
        for name in names
    ]


def some(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def listed(key: str, items: list[str]) -> str:
    return f"{key}: [{', '.join(items)}]\n"


def globs(key: str) -> Case:
    def case(n: int) -> tuple[str, list[Storage]]:
        rules = f"policy:\n  undeclared: remove\n  {listed(key, [f'n{i}-*' for i in range(n)])}"
        return HEAD + rules + entries([f"n{i}-x" for i in range(n)]), live(some("u", n))

    return case


CASES: dict[str, Case] = {
    "entries at one location": lambda n: (HEAD + entries(some("n", n), "/one"), []),
    "entries and live at one location": lambda n: (
        HEAD + entries(some("n", n), "/one"),
        live(some("u", n), "/one"),
    ),
    "globs in protect": globs("protect"),
    "globs in scope": globs("scope"),
    "earlier names": lambda n: (
        HEAD + entries(["a"])[:-2] + ", renamed_from: [" + ", ".join(some("o", n)) + "]}\n",
        [],
    ),
    "earlier names that are live": lambda n: (
        HEAD + entries(["a"])[:-2] + ", renamed_from: [" + ", ".join(some("o", n)) + "]}\n",
        live(some("o", n)),
    ),
    "near-duplicates": lambda n: (
        HEAD + entries([name for i in range(n) for name in (f"a{i}", f"A{i}")]),
        [],
    ),
    "near-duplicates of one another": lambda n: (
        HEAD + entries(["".join("lI1"[i // 3**k % 3] for k in range(8)) for i in range(n)]),
        [],
    ),
    "removed": lambda n: (
        HEAD + "removed:\n" + "".join(f"  - {{name: r{i}}}\n" for i in range(n)),
        live(some("r", n)),
    ),
    "one name declared again and again": lambda n: (HEAD + entries(["same"] * n), []),
    "one name protected twice among many": lambda n: (
        HEAD + "policy:\n  " + listed("protect", [*some("p", n), f"p{n - 1}"]),
        [],
    ),
}


def calls(run: Callable[[], object]) -> int:
    """Count the calls, of Python's functions and of built-in ones, that `run` makes."""
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


def outcome(path: Path, storages: list[Storage]) -> list[str]:
    """Read, compare and judge; give all that is said."""
    try:
        manifest = load([str(path)], {})
        diff = compare(manifest.desired, storages)
    except ManifestError as error:
        return [problem.text() for problem in error.problems]
    rules = Rules(manifest.desired)
    chosen = policy.removals(diff, rules.policy)
    facts = Facts({removal.live.id: False for removal in chosen}, {})
    reasons = policy.reasons(diff, chosen, [p for p in diff.updates if p.renames], facts, rules)
    return [n.message for n in (*manifest.warnings, *diff.warnings, *reasons)]


@pytest.mark.parametrize("name", CASES)
def test_the_cost_grows_with_the_size_and_no_faster(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    counts = []
    for size in (10, FEW, 4 * FEW):  # the first one loads what is imported late
        text, storages = CASES[name](size)
        path.write_text(text, encoding="utf-8")
        counts.append(calls(lambda storages=storages: outcome(path, storages)))
    assert counts[2] < 4.6 * counts[1]


@pytest.mark.parametrize("name", CASES)
def test_no_message_names_thousands(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    text, storages = CASES[name](1_000)
    path.write_text(text, encoding="utf-8")
    assert max(map(len, outcome(path, storages)), default=0) < 2_000
