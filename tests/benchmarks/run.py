"""Measure `reconciler` against yardsticks measured in the same run, and print a table.

    python tests/benchmarks/run.py                              # 1,000, 10,000, 100,000 storages
    python tests/benchmarks/run.py --sizes 1000 --only validate no-op
    python tests/benchmarks/run.py --octodns                    # installs octoDNS; takes minutes

It measures the `reconciler` that is installed beside the Python that runs it. It judges nothing:
targets stand beside what was measured. Linux and macOS. docs/reference/benchmarks.md explains.
"""

import argparse
import json
import shutil
import sys
import sysconfig
import tempfile
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import table
from child import Usage, run
from inputs import write_manifest
from octo import OctoDns

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "quickstart"
PYTHON = sys.executable
RECONCILER = Path(sysconfig.get_path("scripts"), "reconciler")
#: As the option has them.
MEASUREMENTS = {
    "validate": table.VALIDATE,
    "no-op": table.NO_OP,
    "creates": table.CREATES,
    "apply": table.APPLY,
    "start": table.QUICKSTART,
}

Runs = dict[str, list[Usage]]


def main() -> None:
    options = _options()
    wanted = {MEASUREMENTS[name] for name in options.only}
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        folder = Path(name)
        octodns = OctoDns(folder) if options.octodns else None
        start = _start(folder, options.runs or 21) if table.QUICKSTART in wanted else {}
        sizes = {}
        # A single storage shows what a command costs before it has done anything.
        for size in sorted({1, *options.sizes}) if wanted - {table.QUICKSTART} else ():
            sizes[size] = _size(folder / str(size), size, wanted, options.runs or _runs(size))
            if octodns and size > 1:
                sizes[size] |= _octodns(octodns, folder / str(size) / "octodns", size, wanted)
    if options.json:
        print(json.dumps({"start": start, "sizes": sizes}, indent=2))
    else:
        _print(start, sizes, Path(options.folder or tempfile.gettempdir()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--runs", type=int, help="default: 9 up to 1,000, 5 up to 10,000, else 3")
    parser.add_argument("--octodns", action="store_true", help="measure octoDNS too, once a size")
    parser.add_argument("--folder", help="where to work, best on a real disk (default: TMPDIR)")
    parser.add_argument("--json", action="store_true", help="print every run: [CPU s, peak MiB]")
    return parser.parse_args()


def _runs(size: int) -> int:
    return 9 if size <= 1_000 else 5 if size <= 10_000 else 3


def _start(folder: Path, rounds: int) -> Runs:
    """Measure what starting costs; it takes many runs to tell."""
    example = folder / "quickstart"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("*.db*"))
    commands = {
        table.BARE_START: [PYTHON, "-c", "pass"],
        table.HELP: [RECONCILER, "--help"],
        table.QUICKSTART: [RECONCILER, "plan"],
    }
    for command in commands.values():
        run(command, folder=example)  # leaves compiled modules behind
    runs: Runs = defaultdict(list)
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command, folder=example))
    return runs


def _size(folder: Path, size: int, wanted: Collection[str], rounds: int) -> Runs:
    """Measure what is wanted with `size` storages.

    Yardsticks and measurements alternate, so that a machine that gets slower does so for all.
    """
    folder.mkdir()
    write_manifest(folder / "storages.yaml", size)
    applied = _platform(folder / "applied.db")
    run([RECONCILER, "apply", "-y", *applied], folder=folder)
    runs: Runs = defaultdict(list)
    for number in range(rounds):
        rows, new = folder / f"rows-{number}.db", _platform(folder / f"new-{number}.db")
        commands = {
            table.PASS: ([PYTHON, HERE / "bare_pass.py", "storages.yaml"], 0),
            table.VALIDATE: ([RECONCILER, "validate"], 0),
            table.NO_OP: ([RECONCILER, "plan", "--detailed-exitcode", *applied], 0),
            table.CREATES: ([RECONCILER, "plan", "--detailed-exitcode", *new], 2),
            table.COMMITS: ([PYTHON, HERE / "bare_commits.py", rows, str(size)], 0),
            table.APPLY: ([RECONCILER, "apply", "-y", *new], 0),
        }
        needed = {table.PASS, *wanted} | ({table.COMMITS} if table.APPLY in wanted else set())
        for name, (command, expect) in commands.items():
            if name in needed:
                runs[name].append(run(command, expect=expect, folder=folder))
    return runs


def _platform(path: Path) -> list[str]:
    return ["--platform", f"sqlite:///{path.as_posix()}"]


def _octodns(octodns: OctoDns, folder: Path, size: int, wanted: Collection[str]) -> Runs:
    """Measure octoDNS, once: its figures are far from anything that noise could change."""
    octodns.write(folder, size)
    sync = octodns.command("octodns-sync")
    commands = {
        table.VALIDATE: octodns.command("octodns-validate"),
        table.CREATES: sync,
        table.APPLY: [*sync, "--doit"],
        table.NO_OP: sync,  # the same again, when the target has all records
    }
    return {
        table.OCTODNS + name: [run(command, folder=folder)]
        for name, command in commands.items()
        if name in wanted or (name == table.APPLY and table.NO_OP in wanted)
    }


def _print(start: Runs, sizes: dict[int, Runs], folder: Path) -> None:
    parts = [table.machine(folder)]
    if start:
        parts.append(table.measured("Starting", start))
    for size, runs in sizes.items():
        if size > 1:
            parts.append(table.measured(f"{size:,} storages", runs))
    if len(sizes) > 1:
        parts.append(table.growth(sizes))
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
