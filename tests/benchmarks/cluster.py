"""Measure what a thousand tasks of hashing cost on a Dask cluster, against threads.

    python tests/benchmarks/cluster.py --folder /dev/shm   # 1,000 tasks of 16 files of 1 MiB

The cluster is a scheduler and two workers of this machine. CPU is that of all its processes, this
one included, while the tasks are done. What Dask itself takes for as many tasks that do nothing is
measured beside, in turns. Tasks share files, so that they fit into memory; a task of a scan has up
to 2,000 files or 1 GiB. It judges nothing: the target stands beside what was measured.
"""

import argparse
import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, wait
from contextlib import closing
from pathlib import Path
from statistics import median
from threading import Event

import psutil
from distributed import Client, LocalCluster

from reconciler.recovery.rows import Rows, extend, part_of
from reconciler.recovery.scanning.reading.cluster import connected
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.reading.tasks import Done, Task, read_here, read_there
from reconciler.recovery.scanning.reading.threads import threads_of
from reconciler.recovery.sources import open_source
from reconciler.recovery.values import Target

MIB = 2**20
IN_A_FOLDER = 100
LONG_AGO = 1_600_000_000
ROW = "{:<44} {:>8} {:>8}   {}"
WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", help="where the files are made, best in memory")
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=16, help="how many files of 1 MiB a task has")
    parser.add_argument("--made", type=int, default=2_000, help="how many there are in all")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        target = made(Path(name), options.made)
        _measure(target, options)


def _measure(target: Target, options: argparse.Namespace) -> None:
    tasks = tasks_of(target, options.tasks, options.files)
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as local,
        Client(local.scheduler_address, set_as_default=False) as client,
        connected(local.scheduler_address, 60.0) as cluster,
    ):
        taken = in_turns(
            {
                "threads": lambda: by_threads(target, tasks),
                "empty": lambda: by_nobody(client, len(tasks)),
                "cluster": lambda: by_cluster(cluster.executor("nas"), target, tasks),
            },
            options.runs,
        )
    threads, empty, ours = taken["threads"], taken["empty"], taken["cluster"]
    ratio = ours / (threads + empty)
    size = options.tasks * options.files
    print(f"{len(tasks):,} tasks, {size:,} MiB in all, median of {options.runs} runs")
    print(ROW.format("", "CPU s", "ratio", "target"))
    print(ROW.format(f"{WORKERS} threads", f"{threads:.2f}", "", "").rstrip())
    print(ROW.format("Dask, as many tasks that do nothing", f"{empty:.2f}", "", "").rstrip())
    told = f"{ratio:.2f}", "at most 1.3 × threads and Dask"
    print(ROW.format(f"Dask, {WORKERS} workers", f"{ours:.2f}", *told))


def made(folder: Path, count: int) -> Target:
    """Make files that were written long ago."""
    noise = os.urandom(MIB)
    for number in range(count):
        within = folder / f"{number // IN_A_FOLDER:04}"
        within.mkdir(exist_ok=True)
        file = within / f"image-{number:06}.tif"
        file.write_bytes(noise)
        os.utime(file, (LONG_AGO, LONG_AGO))
    time.sleep(2.5)  # what was touched within 2 s is read twice
    url = f"file://{folder}"
    return Target("id", "nas", "local", f"local:{url}", url)


def tasks_of(target: Target, count: int, files: int) -> list[Task]:
    """List the files, and cut them into tasks, from the first one again after the last."""
    rows = Rows()
    with closing(open_source(target, ())) as source:
        for listed in source.listing():
            extend(rows, listed)
    starts = range(0, len(rows) - files + 1, files)
    cut = [part_of(rows, start, start + files) for start in starts]
    return [Task(i, cut[i % len(cut)], [None] * files) for i in range(count)]


def by_threads(target: Target, tasks: list[Task]) -> float:
    pace = Pace()
    with closing(open_source(target, ())) as source, threads_of(None, WORKERS, pace) as threads:
        read = functools.partial(read_here, source, pace, Event())
        return cpu_of(lambda: _done(threads, read, tasks))


def by_cluster(executor: Executor, target: Target, tasks: list[Task]) -> float:
    with closing(open_source(target, ())) as source:
        root = source.prove(None)
    read = functools.partial(read_there, open_source, target, (), root)
    return cpu_of(lambda: _done(executor, read, tasks))


def by_nobody(client: Client, count: int) -> float:
    def work() -> None:
        executor = client.get_executor(pure=False)
        wait([executor.submit(nothing, number) for number in range(count)])

    return cpu_of(work)


def nothing(number: int) -> int:
    """Do nothing: what a task of Dask costs by itself."""
    return number


def _done(executor: Executor, read: Callable[[Task], Done], tasks: list[Task]) -> None:
    futures = [executor.submit(read, task) for task in tasks]
    if sum(len(future.result().rows) for future in futures) != sum(len(t.files) for t in tasks):
        sys.exit("not every file was read")


def cpu_of(work: Callable[[], None]) -> float:
    """Say how many seconds of CPU this process and all its children take for something."""
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    this = psutil.Process()
    each = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(times.user + times.system for times in each)


def in_turns(what: dict[str, Callable[[], float]], runs: int) -> dict[str, float]:
    for measure in what.values():  # what is imported, is imported by now
        measure()
    taken: dict[str, list[float]] = {name: [] for name in what}
    for _ in range(runs):
        for name, measure in what.items():
            taken[name].append(measure())
    return {name: median(seconds) for name, seconds in taken.items()}


if __name__ == "__main__":
    main()
