"""Whatever goes wrong, nothing is lost or doubled, and what was said stays true."""

from __future__ import annotations

import os
import subprocess
import sys

from simulation.campaign import in_processes, play
from simulation.clocks import STEPS
from simulation.faults import ANYWHERE, READ, WRITE
from support.repository import ROOT
from support.sampling import sample

SEEDS = 2000


def test_no_seed_breaks_a_rule(long: bool) -> None:
    quarter = SEEDS // 4
    (first,) = sample(range(0, SEEDS, quarter), 1, "seeds of the simulation")
    seeds = range(SEEDS) if long else range(first, first + quarter)
    *_, total = in_processes(seeds, processes=2)
    assert total.violations == {}
    assert total.seeds == len(seeds)
    every = {*WRITE, *ANYWHERE, *(f"read: {kind}" for kind in READ), STEPS}
    # The rarest one comes once in a quarter.
    assert len(every - set(total.faults)) <= (0 if long else 1), "some faults never happened"
    assert set(total.outcomes) == {"done", "failed", "half_done", "unknown", "not_started"}


def test_a_seed_replays_exactly_whatever_the_hashes_are() -> None:
    seeds = "[0, 7, 99, 256, 1044]"
    script = (
        "import sys; sys.path[:0] = ['tests', '.']\n"
        "from simulation.campaign import play\n"
        f"for seed in {seeds}: print(play(seed, trace=True))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashes},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hashes in ("1", "2")
    }
    assert len(told) == 1
    assert "ended: {" in told.pop()


def test_two_seeds_are_two_stories() -> None:
    assert play(1, trace=True)[1] != play(2, trace=True)[1]


def test_the_command_tells_what_happened() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", "7", "--trace"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "run 1  list: " in ran.stdout
    assert "anna   has lease 1 " in ran.stdout or "ben    has lease 1 " in ran.stdout
    assert ran.stdout.endswith("\n0 violations\n")
