"""Turn what was measured into text: medians, ratios, and the targets beside them."""

import platform
import sqlite3
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median

from child import Usage

PASS, COMMITS = "bare pass of yaml.cyaml.CParser", "bare SQLite commits"
VALIDATE, NO_OP, CREATES, APPLY = "validate", "plan without changes", "plan of creates", "apply"
BARE_START, HELP, QUICKSTART = "python -c pass", "reconciler --help", "plan of the quickstart"
OCTODNS = "octoDNS: "

#: What each name of a measurement took, run by run.
Runs = Mapping[str, Sequence[Usage]]

#: A measurement -> what its CPU is divided by, how that is called, and the target for the ratio.
_RATIOS = {
    VALIDATE: ((PASS,), "pass", "at most 2"),
    NO_OP: ((PASS,), "pass", "at most 3"),
    CREATES: ((PASS,), "pass", ""),
    APPLY: ((PASS, COMMITS), "(pass + commits)", "at most 2"),
    HELP: ((BARE_START,), "bare Python", "at most 4"),
    QUICKSTART: ((BARE_START,), "bare Python", "at most 10"),
    OCTODNS + VALIDATE: ((VALIDATE,), "ours", ""),
    OCTODNS + NO_OP: ((NO_OP,), "ours", "at least 20"),
    OCTODNS + CREATES: ((CREATES,), "ours", ""),
    OCTODNS + APPLY: ((APPLY,), "ours", ""),
}
_ROW = "{:<32} {:>5} {:>9} {:>9}   {:<24} {}"
_HEAD = ("runs", "CPU s", "peak MiB", "ratio", "target")


def machine(folder: Path) -> str:
    """Say what the figures were measured with."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, PyYAML "
        f"{version('PyYAML')}, SQLite {sqlite3.sqlite_version}, in {folder}\n"
        "CPU: user and system seconds of the whole process, median of the runs.\n"
        "Peak: the most memory that any run held; target under 400 MiB."
    )


def measured(title: str, runs: Runs) -> str:
    """Show measurements that belong together."""
    rows = [_ROW.format(title, *_HEAD), *(_row(name, runs) for name in runs)]
    return "\n".join(row.rstrip() for row in rows)


def growth(sizes: Mapping[int, Runs]) -> str:
    """Show the CPU that each storage costs; one that does not grow with the size is linear."""
    counts = [count for count in sizes if count > 1]
    row = "{:<32} {:>14}" + " {:>10}" * len(counts) + "   {}"
    head = ("ms for one", *(f"of {count:,}" for count in counts), "growth")
    lines = [row.format("µs of CPU for each more", *head)]
    for name, single in sizes[1].items():
        once = _cpu(single)
        each = [(_cpu(sizes[count][name]) - once) / count * 1e6 for count in counts]
        steps = ", ".join(f"{after / before:.2f}" for before, after in pairwise(each))
        lines.append(row.format(name, f"{once * 1e3:.0f}", *(f"{us:.1f}" for us in each), steps))
    return "\n".join(line.rstrip() for line in lines)


def _row(name: str, runs: Runs) -> str:
    cpu, peak = _cpu(runs[name]), max(run.peak for run in runs[name])
    yardsticks, called, target = _RATIOS.get(name, ((), "", ""))
    known = yardsticks and all(yardstick in runs for yardstick in yardsticks)
    ratio = f"{cpu / sum(_cpu(runs[y]) for y in yardsticks):.2f} x {called}" if known else ""
    return _ROW.format(name, len(runs[name]), f"{cpu:.3f}", f"{peak:.0f}", ratio, target)


def _cpu(runs: Sequence[Usage]) -> float:
    return median(run.cpu for run in runs)
