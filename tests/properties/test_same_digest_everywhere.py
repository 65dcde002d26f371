"""The digest is the same on two machines: another hash seed, another time zone, another folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.repository import TESTS

SCRIPT = """
from reconciler.plan.document import to_json
from support.values.building import desired, entry, plan_for, removed, storage

live = [storage(f"s{i}", label=str(i)) for i in range(30)]
live += [storage("S1", place="s1"), storage("\\u0455", place="x"), storage("a"), storage("b")]
wanted = desired(
    entry("b", "a", id="id-a"),
    entry("a", "b", id="id-b"),
    *(entry(f"s{i}", label="new") for i in range(1, 25)),
    entry("t0", "s0", renamed_from=["s0"]),
    entry("u", "s1"),
    removed=[removed("s29"), removed("gone")],
)
plan = plan_for(live, wanted)
assert plan.operations and plan.blocked_by and plan.warnings
print(plan.digest)
print(to_json(plan).decode())
"""


def planned_with(folder: Path, **environment: str) -> str:
    search = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": search, "PYTHONUTF8": "1", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_hash_seed_time_zone_and_folder_change_no_byte(tmp_path: Path, seed: str) -> None:
    here = planned_with(TESTS, PYTHONHASHSEED="0", TZ="UTC")
    there = planned_with(tmp_path, PYTHONHASHSEED=seed, TZ="Pacific/Kiritimati", LC_ALL="C")
    assert here.startswith("sha256:")
    assert there == here
