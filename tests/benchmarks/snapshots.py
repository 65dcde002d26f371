"""Measure how snapshots are written and compared, against what DuckDB takes for the same files.

    python tests/benchmarks/snapshots.py                      # 100,000 and 1,000,000 rows
    python tests/benchmarks/snapshots.py --rows 10000000 --runs 1

Every task is a process of its own, and says how many rows differ, which must be right. It judges
no figure: targets stand beside what was measured. docs/reference/benchmarks.md explains.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from child import Usage, output

HERE = Path(__file__).parent
OURS = (sys.executable, HERE / "snapshot_ours.py")
LIVE = (sys.executable, HERE / "snapshot_live.py")
JOIN = (sys.executable, HERE / "snapshot_join.py")
#: What makes a file another; `verify` looks at the same.
CONTENTS = ("path", "kind", "size", "mtime_ns", "sha256", "version", "detail")
INVENTORY = ("upload_id", "checksum", "checksum_on_disk")
SHARES = {"equal": 0.0, "0.1 % differ": 0.001, "5 % differ": 0.05}
SPARSE = "compare, 0.1 % differ"
START, MAKING = "start of Python, with imports", "making the rows of a live inventory"
_ROW = "{:<40} {:>9} {:>9}   {:<28} {}"


class Task(NamedTuple):
    """One thing that is measured."""

    name: str
    command: tuple[str | Path, ...]
    #: How many differences it must find.
    finds: int = 0
    #: What its CPU is divided by, and the targets for that and for the memory.
    yardstick: str = ""
    target: str = ""
    #: Whether the rows have to be made first, which is not counted.
    making: bool = False


Runs = dict[str, list[Usage]]


def main() -> None:
    options = _options()
    print(_machine(Path(options.folder or tempfile.gettempdir())))
    compared: dict[int, float] = {}
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
            tasks = [Task(START, (*OURS, "start"))]
            tasks += (task for what in options.only for task in PREPARED[what](Path(name), rows))
            runs = _measured(tasks, options.runs)
        print("\n" + _ROW.format(f"{rows:,} rows", "CPU s", "peak MiB", "ratio", "target"))
        for task in tasks:
            print(_line(task, runs))
        if SPARSE in runs:
            compared[rows] = _cpu(runs[SPARSE]) - _cpu(runs[START])
    if compared:
        print("\nµs of CPU for each row of a comparison in which 0.1 % differ, without the start")
        print("  ".join(f"of {rows:,}: {cpu / rows * 1e6:.2f}" for rows, cpu in compared.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PREPARED, default=list(PREPARED))
    parser.add_argument("--folder", help="where to work (default: TMPDIR); 1 KB for each row")
    return parser.parse_args()


def _machine(folder: Path) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pyarrow", "duckdb"))
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{libraries}, in {folder}\n"
        "CPU: user and system seconds of the whole process, median of the runs.\n"
        "Peak: the most memory that any run held."
    )


def _contents(folder: Path, rows: int) -> list[Task]:
    """Write contents to compare; give what is measured with them."""
    was, size = _written("contents", folder, rows)
    tasks = [Task(f"reading both, {size / rows:.1f} bytes a row", (*OURS, "read", was, was))]
    for what, share in SHARES.items():
        now, differing = _written("changed", folder, was, share)
        full = f"DuckDB: full outer join, {what}"
        tasks.append(Task(full, (*JOIN, was, now, *CONTENTS), differing))
        command = (*OURS, "compare", was, now)
        tasks.append(Task(f"compare, {what}", command, differing, full, "at most 1; 300 MiB"))
    return tasks


def _inventories(folder: Path, rows: int) -> list[Task]:
    was, _ = _written("inventory", folder, rows, False)
    now, differing = _written("inventory", folder, rows, True)
    full, target = "DuckDB: full outer join, inventories", "at most 2.5; 1 GiB"
    live, command = "compare, inventory in any order", (*LIVE, "compare", was, str(rows))
    return [
        Task(full, (*JOIN, was, now, *INVENTORY), differing),
        Task(MAKING, (*LIVE, "make", str(rows))),
        Task(live, command, differing, full, target, making=True),
    ]


#: What can be measured alone.
PREPARED = {"contents": _contents, "inventories": _inventories}


def _written(what: str, *words: object) -> tuple[str, int]:
    """Write a part, in a process of its own: this one's memory is the least that is measured."""
    path, number = json.loads(output([*LIVE, what, *map(str, words)])[1])
    return path, number


def _measured(tasks: list[Task], runs: int) -> Runs:
    found: Runs = defaultdict(list)
    for _ in range(runs):
        for task in tasks:
            usage, told = output(task.command)
            if told != str(task.finds):
                sys.exit(f"{task.name}: found {told} differences, not {task.finds}")
            found[task.name].append(usage)
    return found


def _line(task: Task, runs: Runs) -> str:
    cpu, peak = _cpu(runs[task.name]), max(run.peak for run in runs[task.name])
    ratio = ""
    if task.yardstick:
        made = _cpu(runs[MAKING]) - _cpu(runs[START]) if task.making else 0
        ratio = f"{(cpu - made) / _cpu(runs[task.yardstick]):.2f} x DuckDB"
        ratio += ", without making" if made else ""
    return _ROW.format(task.name, f"{cpu:.2f}", f"{peak:.0f}", ratio, task.target).rstrip()


def _cpu(runs: list[Usage]) -> float:
    return median(run.cpu for run in runs)


if __name__ == "__main__":
    main()
