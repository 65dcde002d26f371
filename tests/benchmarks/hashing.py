"""Measure what reading and hashing a folder costs, against what this machine can do at all.

    python tests/benchmarks/hashing.py --folder /dev/shm              # 2 GiB in 2,000 files, …
    python tests/benchmarks/hashing.py --folder /data --large 10000

The yardsticks are measured in the same run, in turns: `openssl speed` for as many bytes, a bare
loop that reads them, `openssl dgst` with as many processes as we have threads, and `find -printf`
for listing. Ours are the tasks of a scan, as its threads read them. Of several runs the least
counts: whatever else the machine does only adds. It judges nothing: targets stand beside what was
measured.
"""

import argparse
import mmap
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import NamedTuple

import child

from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.reading.tasks import Cutter, Task, read_here
from reconciler.recovery.values import Target
from reconciler.recovery.walking.folder import FolderSource

#: Files that one process of openssl reads.
PART = 64
IN_A_FOLDER = 1_000
MIB = 2**20
LONG_AGO = 1_600_000_000
ROW = "{:<34} {:>8} {:>8} {:>8}   {}"


class Took(NamedTuple):
    """Seconds."""

    cpu: float
    wall: float


def main() -> None:
    options = _options()
    if options.client:
        took = CLIENTS[options.client](options.folder, options.threads)
        print(took.cpu, took.wall)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        sets = (("large", [MIB] * options.large), ("small", _small(options.small)))
        for title, sizes in sets:
            _hash(title, _made(Path(name, title), sizes), sum(sizes), options)
        _list(_made(Path(name, "listed"), [0] * options.listed), options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", help="where the files are made, best in memory")
    parser.add_argument("--large", type=int, default=2_000, help="how many files of 1 MiB")
    parser.add_argument("--small", type=int, default=20_000, help="… of 4 to 64 KiB")
    parser.add_argument("--listed", type=int, default=200_000, help="… that are only listed")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    return parser.parse_args()


def _small(count: int) -> list[int]:
    chance = random.Random(10)
    return [chance.randrange(4 * 1024, 64 * 1024) for _ in range(count)]


def _made(folder: Path, sizes: list[int]) -> Path:
    """Make files that were written long ago."""
    noise = os.urandom(MIB)
    for number, size in enumerate(sizes):
        within = folder / f"{number // IN_A_FOLDER:04}"
        if number % IN_A_FOLDER == 0:
            within.mkdir(parents=True)
        file = within / f"image-{number:06}.tif"
        file.write_bytes(noise[:size])
        os.utime(file, (LONG_AGO, LONG_AGO))
    time.sleep(2.5)  # what was touched within 2 s is read twice
    return folder


def _hash(title: str, folder: Path, size: int, options: argparse.Namespace) -> None:
    taken = _in_turns(
        {
            "openssl speed": lambda: _speed(size),
            "read": lambda: _client("read", folder, 1),
            "ours, 1 thread": lambda: _client("hash", folder, 1),
            "openssl dgst": lambda: _dgst(folder, options.threads),
            "ours": lambda: _client("hash", folder, options.threads),
        },
        options.runs,
    )
    bare = taken["openssl speed"].cpu + taken["read"].cpu
    wall = taken["openssl dgst"].wall
    print(f"\n{title}: {size / MIB:,.0f} MiB, the least of {options.runs} runs")
    print(ROW.format("", "CPU s", "wall s", "ratio", "target"))
    one, many = taken["ours, 1 thread"], taken["ours"]
    for what, took, ratio, target in (
        ("openssl speed, for as many bytes", taken["openssl speed"], None, ""),
        ("read only", taken["read"], None, ""),
        ("read and hashed by us, 1 thread", one, one.cpu / bare, "CPU at most 1.25 × both"),
        (f"openssl dgst, {options.threads} processes", taken["openssl dgst"], None, ""),
        (f"ours, {options.threads} threads", many, wall / many.wall, "speed at least 0.85"),
    ):
        _row(what, took, ratio, target)


def _list(folder: Path, options: argparse.Namespace) -> None:
    find = ["find", str(folder), "-printf", r"%p %s %T@ %C@ %i\0"]
    taken = _in_turns(
        {"find": lambda: _run(find), "ours": lambda: _client("list", folder, 1)}, options.runs
    )
    print(f"\nlisting {options.listed:,} files, the least of {options.runs} runs")
    print(ROW.format("", "CPU s", "wall s", "ratio", "target"))
    _row("find -printf", taken["find"], None, "")
    _row("ours, listing only", taken["ours"], taken["ours"].cpu / taken["find"].cpu, "")


def _row(what: str, took: Took, ratio: float | None, target: str) -> None:
    told = "" if ratio is None else f"{ratio:.2f}"
    print(ROW.format(what, f"{took.cpu:.2f}", f"{took.wall:.2f}", told, target).rstrip())


def _in_turns(what: dict[str, Callable[[], Took]], runs: int) -> dict[str, Took]:
    taken: dict[str, list[Took]] = {name: [] for name in what}
    for _ in range(runs):
        for name, measure in what.items():
            taken[name].append(measure())
    return {
        name: Took(min(t.cpu for t in took), min(t.wall for t in took))
        for name, took in taken.items()
    }


def _speed(size: int) -> Took:
    """Say how long SHA-256 of so many bytes takes that lie in memory."""
    command = ["openssl", "speed", "-mr", "-bytes", "262144", "-seconds", "1", "-evp", "sha256"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds = size / float(told.strip().rpartition(":")[2])
    return Took(seconds, seconds)


def _dgst(folder: Path, processes: int) -> Took:
    files = f"find '{folder}' -type f -print0"
    return _run(["sh", "-c", f"{files} | xargs -0 -P {processes} -n {PART} openssl dgst -sha256"])


def _run(command: list[str]) -> Took:
    start = time.perf_counter()
    used = child.run(command)
    return Took(used.cpu, time.perf_counter() - start)


def _client(what: str, folder: Path, threads: int) -> Took:
    """Measure in a process of its own, without its start."""
    command = [sys.executable, __file__, "--client", what, "--folder", folder]
    cpu, wall = child.output([*command, "--threads", str(threads)])[1].split()
    return Took(float(cpu), float(wall))


def _timed(work: Callable[[], None]) -> Took:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Took(time.process_time() - cpu, time.perf_counter() - wall)


def _source(folder: str) -> FolderSource:
    return FolderSource(Target("id", "nas", "local", "place", folder), ())


def _listing(folder: str, _: int) -> Took:
    def work() -> None:
        with closing(_source(folder)) as source:
            for _ in source.listing():
                pass

    return _timed(work)


def _tasks(folder: str, threads: int) -> list[Task]:
    """Return what a scan with so many threads would hand out."""
    cutter = Cutter(threads)
    with closing(_source(folder)) as source:
        cut = [[*cutter.add(rows, [None] * len(rows))] for rows in source.listing()]
    return [task for tasks in (*cut, cutter.rest()) for task in tasks]


def _reading(folder: str, _: int) -> Took:
    root, buffer = os.fsencode(folder) + b"/", mmap.mmap(-1, 256 * 1024)
    paths = [path for task in _tasks(folder, 1) for path in task.files.path]

    def work() -> None:
        for path in paths:
            fd = os.open(root + path, os.O_RDONLY)
            while os.readv(fd, (buffer,)):
                pass
            os.close(fd)

    return _timed(work)


def _hashing(folder: str, threads: int) -> Took:
    tasks, pace, halt = _tasks(folder, threads), Pace(), Event()

    def work() -> None:
        with closing(_source(folder)) as source, ThreadPoolExecutor(threads) as pool:
            done = pool.map(lambda task: read_here(source, pace, halt, task), tasks)
            found = sum(len(one.rows) for one in done)
        if found != sum(len(task.files) for task in tasks):
            sys.exit("not every file was read")

    return _timed(work)


CLIENTS = {"list": _listing, "read": _reading, "hash": _hashing}

if __name__ == "__main__":
    main()
