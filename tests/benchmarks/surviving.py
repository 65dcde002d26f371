"""Measure what surviving costs: lease, journal and checks against the bare writes of one plan.

    python tests/benchmarks/surviving.py
    python tests/benchmarks/surviving.py --operations 1000 --runs 5

Also how long an apply takes that finishes what a killed one left. It judges nothing: targets
stand beside what was measured. docs/reference/benchmarks.md explains.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from datetime import datetime
from pathlib import Path
from statistics import median

import table
from child import environment, output, run

BARE = Path(__file__).parent / "bare_writes.py"
RECONCILER = Path(sysconfig.get_path("scripts"), "reconciler")
_ROW = "{:<56} {:>16} {:>6}   {}"


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        folder = Path(name)
        _prepare(folder, options.operations)
        bare, applied, rest = [], [], []
        for _ in range(options.runs):
            bare.append(_bare(folder))
            applied.append(_applied(folder))
            rest.append(_rest(folder, options.operations))
    print(table.machine(Path(options.folder or tempfile.gettempdir())).partition("\n")[0])
    print(_ROW.format("", "median (range)", "ratio", ""))
    print(_line(f"{options.operations:,} operations: bare writes, s", bare))
    name = "  apply, from its journal's first line to the last end, s"
    print(_line(name, applied, median(bare), "to the bare writes; at most 1.3"))
    name = "  apply after a kill, s for each remaining / for each of all"
    print(_line(name, rest, None, "1 is exactly the remaining work"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where to work, best on a real disk (default: TMPDIR)")
    return parser.parse_args()


def _prepare(folder: Path, operations: int) -> None:
    """Make a platform, and a manifest that needs a create, rename, relabel and removal in turn."""
    quarter = operations // 4
    first = [_entry(f"{kind} {i}") for kind in ("old", "label", "gone") for i in range(quarter)]
    second = [_entry(f"made {i}") for i in range(quarter)]
    for i in range(quarter):
        renamed = _entry(f"old {i}")
        second.append({**renamed, "name": f"new {i}", "renamed_from": [renamed["name"]]})
    second += [{**_entry(f"label {i}"), "label": "changed"} for i in range(quarter)]
    removed = [{"name": f"gone {i}"} for i in range(quarter)]
    _write(folder, {"storages": first})
    run([RECONCILER, "apply", "-y", "-q"], folder=folder)
    (folder / "platform.db").rename(folder / "before.db")
    _write(folder, {"storages": second, "removed": removed})


def _entry(name: str) -> dict[str, object]:
    url = f"/data/{name.replace(' ', '-')}"
    return {"name": name, "type": "local", "default_url": url, "label": "as it was"}


def _write(folder: Path, content: dict[str, object]) -> None:
    manifest = {"version": 1, "platform": "sqlite:///platform.db", **content}
    (folder / "storages.yaml").write_text(json.dumps(manifest), encoding="utf-8")


def _reset(folder: Path) -> None:
    for path in folder.glob("platform.db*"):
        path.unlink()
    shutil.copy(folder / "before.db", folder / "platform.db")


def _bare(folder: Path) -> float:
    _reset(folder)
    run([RECONCILER, "plan", "-q", "--out", "plan.json"], folder=folder)
    return float(output([sys.executable, BARE, folder / "plan.json"])[1])


def _applied(folder: Path) -> float:
    _reset(folder)
    return _apply(folder)[0]


def _apply(folder: Path) -> tuple[float, int]:
    """Run an apply; give the seconds from its first operation to its last, and how many.

    Its journal tells, so that nothing else is written for the sake of measuring.
    """
    journal = folder / "journal"
    shutil.rmtree(journal, ignore_errors=True)
    run([RECONCILER, "apply", "-y", "-q", "--journal", journal], folder=folder)
    (path,) = journal.iterdir()
    told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    times = [_seconds(e["time"]) for e in told if e["event"] != "run_ended"]
    return max(times) - min(times), sum(e["event"] == "operation_done" for e in told)


def _rest(folder: Path, operations: int) -> float:
    """Kill an apply half way, free its lease, and time the next; for each operation, to `_bare`."""
    _reset(folder)
    whole = _apply(folder)[0] / operations
    _reset(folder)
    command = [RECONCILER, "apply", "-y", "-q", "--events", "-"]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        done = 0
        while done < operations // 2:
            done += b"operation_done" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    run([RECONCILER, "lock", "release", "-y"], folder=folder)
    seconds, left = _apply(folder)
    return seconds / left / whole


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _line(name: str, runs: list[float], to: float | None = None, target: str = "") -> str:
    told = f"{median(runs):.2f} ({min(runs):.2f}-{max(runs):.2f})"
    return _ROW.format(name, told, "" if to is None else f"{median(runs) / to:.2f}", target)


if __name__ == "__main__":
    main()
