"""What a scan costs that finds nothing changed, beside a bare walk by `find`.

python tests/benchmarks/scanning.py [--files 200000] [--runs 5] [--folder DIR]

Runs take turns, so that both meet the same machine. The walk prints what a scan compares: path,
size, times and inode.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from child import Usage, run

COMMAND = Path(sys.executable).with_name("reconciler")
IN_A_FOLDER = 1_000
LONG_AGO = 1_600_000_000
FIND, SCAN, LIST = "find -printf", "scan, unchanged", "list"
TARGET = 3.0


def make(folder: Path, files: int) -> None:
    """Make files as a microscope leaves them, long ago."""
    for start in range(0, files, IN_A_FOLDER):
        plate = folder / f"plate_{start // IN_A_FOLDER:04}" / "raw"
        plate.mkdir(parents=True)
        for number in range(start, min(start + IN_A_FOLDER, files)):
            path = plate / f"IMG_{number:07}.tif"
            path.write_bytes(b"%d" % number)
            os.utime(path, (LONG_AGO, LONG_AGO))


def measure(folder: Path, files: int, runs: int) -> dict[str, list[Usage]]:
    """Scan once to have something to compare with, and then measure."""
    data = folder / "data"
    make(data, files)
    (folder / "storages.yaml").write_text(
        "version: 1\nplatform: sqlite:///platform.db\nstorages:\n"
        f"  - {{name: nas, label: NAS, type: local, default_url: {data}}}\n"
    )
    run([COMMAND, "apply", "-y", "-q"], folder=folder)
    scan = [COMMAND, "scan", "--into", "proofs", "-q"]
    run(scan, folder=folder)
    commands = {
        FIND: ["find", data, "-printf", "%p %s %T@ %C@ %i\n"],
        SCAN: scan,
        LIST: [COMMAND, "list", "-q"],
    }
    found: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(run(command, folder=folder))
    return found


def main() -> None:
    """Measure, and print medians and the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        found = measure(folder, options.files, options.runs)
    finally:
        shutil.rmtree(folder)
    print(f"{options.files:,} files, {options.runs} runs, in {folder.parent}; medians")
    cpu = {name: median(usage.cpu for usage in usages) for name, usages in found.items()}
    for name, usages in found.items():
        peak = median(usage.peak for usage in usages)
        print(f"{name:<18} CPU {cpu[name]:6.2f} s   peak {peak:6.0f} MiB")
    ratio = cpu[SCAN] / cpu[FIND]
    print(f"scan / find: {ratio:.2f} (target: at most {TARGET:g})")


if __name__ == "__main__":
    main()
