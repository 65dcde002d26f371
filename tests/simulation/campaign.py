"""Plays many seeds, and sums up what happened in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from msgspec import Struct, field

from simulation.baton import StuckError
from simulation.clocks import Clocks
from simulation.model import Violation
from simulation.runs import Story

#: How many seeds a process gets at a time.
_AT_ONCE = 250


class Summary(Struct):
    """What happened in some seeds."""

    seeds: int = 0
    runs: int = 0
    switches: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    races: Counter[str] = field(default_factory=Counter)
    violations: dict[int, str] = field(default_factory=dict)

    def add(self, other: Summary) -> None:
        """Take in what happened in other seeds."""
        for name in ("seeds", "runs", "switches"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("faults", "outcomes", "races"):
            getattr(self, name).update(getattr(other, name))
        self.violations.update(other.violations)


def play(seed: int, *, trace: bool = False) -> tuple[Summary, list[str]]:
    """Play one seed; give what happened in it, and its trace if that was asked for."""
    story, clocks = Story(seed, trace=trace), Clocks(seed, trace=trace)
    summary = Summary(seeds=1)
    try:
        story.play()
        clocks.play()
    except (Violation, StuckError) as error:
        summary.violations[seed] = f"{type(error).__name__}: {error}"
    summary.runs = len(story.runs)
    summary.switches = story.baton.switches
    summary.faults = story.faults + clocks.faults
    summary.outcomes = story.outcomes
    summary.races = story.platform.races
    return summary, [*(story.trace or []), *(clocks.trace or [])]


def campaign(seeds: Iterable[int], *, stop_at_first: bool = False) -> Summary:
    """Play seeds one after the other."""
    total = Summary()
    for seed in seeds:
        total.add(play(seed)[0])
        if stop_at_first and total.violations:
            break
    return total


def in_processes(seeds: Sequence[int], processes: int) -> Iterator[Summary]:
    """Play seeds in several processes; give the sum so far, whenever it grows."""
    at_once = [seeds[at : at + _AT_ONCE] for at in range(0, len(seeds), _AT_ONCE)]
    total = Summary()
    # Fresh processes: a fork of a process with threads may hang.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for summary in pool.map(campaign, at_once):
            total.add(summary)
            yield total
