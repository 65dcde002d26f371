"""`python -m tests.simulation --seeds 100000`: plays many seeds, or one of them step by step."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

# As pytest does: the modules here, and those of `support`, are found from `tests`.
sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.campaign import Summary, in_processes, play


def main() -> int:
    """Play what was asked for; 1 if there was a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, metavar="N", help="how many")
    parser.add_argument("--start", type=int, default=0, metavar="S", help="the first")
    parser.add_argument("--seed", type=int, metavar="X", help="play this one only")
    parser.add_argument("--trace", action="store_true", help="with --seed: tell what happens")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed, trace=options.trace)
    seeds = range(options.start, options.start + options.seeds)
    total = Summary()
    for total in in_processes(seeds, options.processes):
        if sys.stderr.isatty():
            print(f"\r{total.seeds:,} of {len(seeds):,} seeds", end="\r", file=sys.stderr)
    _tell(total)
    return 1 if total.violations else 0


def _one(seed: int, *, trace: bool) -> int:
    summary, lines = play(seed, trace=trace)
    print("\n".join(lines))
    _tell(summary)
    return 1 if summary.violations else 0


def _tell(total: Summary) -> None:
    print(f"{total.seeds:,} seeds, {total.runs:,} runs, {total.switches:,} switches of threads")
    _tell_counts("Schedules by end of operation", total.outcomes)
    _tell_counts("Faults", total.faults)
    _tell_counts("Races with others that nothing can prevent", total.races)
    for seed, violation in sorted(total.violations.items()):
        print(f"VIOLATION in seed {seed}: {violation}")
        print(f"  replay it: python -m tests.simulation --seed {seed} --trace")
    print(f"{len(total.violations)} violations")


def _tell_counts(title: str, counts: Counter[str]) -> None:
    print(f"{title}:")
    for what, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        print(f"  {count:9,} {what}")


if __name__ == "__main__":
    sys.exit(main())
