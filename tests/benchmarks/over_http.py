"""Measure a state server and its client against yardsticks of the same run, and print a table.

    python tests/benchmarks/over_http.py
    python tests/benchmarks/over_http.py --only list creates --runs 5

Client and server share one machine and its loopback; the server keeps an SQLite file. It judges
nothing: targets stand beside what was measured. docs/reference/benchmarks.md explains.
"""

import argparse
import json
import sqlite3
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import table
from child import Usage, output, run
from serving import serving

PARTS = Path(__file__).parent / "http_parts.py"
RECONCILER = Path(sysconfig.get_path("scripts"), "reconciler")
THREADS = 10
#: How often a list is read in one measurement; one alone is lost among the start of a server.
TIMES = 10
_ROW = "{:<44} {:>5} {:>16} {:>6}   {}"


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    unit: str
    runs: list[float]
    #: What the ratio is to, and what it should be.
    yardstick: str = ""
    target: str = ""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        folder = Path(name)
        figures = [
            figure for part in options.only for figure in MEASUREMENTS[part](folder, options)
        ]
        if options.json:
            print(json.dumps({figure.name: figure.runs for figure in figures}, indent=2))
        else:
            show(figures, Path(options.folder or tempfile.gettempdir()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--storages", type=int, default=100_000, help="in the list")
    parser.add_argument("--creates", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the inventory")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where to work, best on a real disk (default: TMPDIR)")
    parser.add_argument("--json", action="store_true", help="print every run")
    return parser.parse_args()


def _list(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Read the same storages from a file and over HTTP; CPU seconds of one reading."""
    embedded, served = folder / "embedded.db", folder / "served.db"
    _part("list", f"sqlite:///{_made(embedded).as_posix()}", "1")
    with serving(RECONCILER, served):
        pass
    _fill(embedded, options.storages, "")
    _fill(served, options.storages, ", 1, 0")
    direct, client, server = [], [], []
    for _ in range(options.runs):
        direct.append(float(_part("list", f"sqlite:///{embedded.as_posix()}", str(TIMES))))
        with serving(RECONCILER, served) as idle:
            _part("list", idle.url, "0")
        with serving(RECONCILER, served) as busy:
            client.append(float(_part("list", busy.url, str(TIMES))))
        server.append((busy.used.cpu - idle.used.cpu) / TIMES)
    both = [sum(pair) for pair in zip(client, server, strict=True)]
    name = f"list of {options.storages:,}"
    return [
        Figure(f"{name}: embedded file", "CPU s", direct),
        Figure(f"{name}: HTTP client", "CPU s", client),
        Figure(f"{name}: HTTP server", "CPU s", server),
        Figure(f"{name}: client and server", "CPU s", both, f"{name}: embedded file", "at most 3"),
    ]


def _creates(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Create as many storages by a bare loop and by `apply`; creates a second."""
    manifest = folder / "storages.yaml"
    with manifest.open("w", encoding="utf-8") as file:
        file.write("version: 1\nstorages:\n")
        file.writelines(
            f"  - name: minio-{i:06d}\n    label: On-premise {i}\n    type: S3\n"
            f"    default_url: https://storage-server:9000/bucket-{i:06d}\n"
            for i in range(options.creates)
        )
    rates: dict[str, list[float]] = {"creates": [], "keyed": []}
    whole, writing = [], []
    for number in range(options.runs):
        for part, found in rates.items():
            with serving(RECONCILER, folder / f"{part}-{number}.db") as server:
                seconds = float(_part(part, server.url, str(options.creates), str(THREADS)))
            found.append(options.creates / seconds)
        with serving(RECONCILER, folder / f"apply-{number}.db") as server:
            begin = time.perf_counter()
            seconds = _apply(folder, server.url)
            whole.append(options.creates / (time.perf_counter() - begin))
        writing.append(options.creates / seconds)
    name = f"{options.creates:,} creates"
    yardstick = f"{name}: bare httpx, {THREADS} threads"
    return [
        Figure(yardstick, "a second", rates["creates"]),
        Figure(f"{name}: the same, with keys", "a second", rates["keyed"], yardstick),
        Figure(f"{name}: apply, while it writes", "a second", writing, yardstick, "at least 0.8"),
        Figure(f"{name}: apply, start to end", "a second", whole, yardstick),
    ]


def _apply(folder: Path, url: str) -> float:
    """Run an apply, and give the seconds from its first operation to the end of its last."""
    events = folder / "events.jsonl"
    events.unlink(missing_ok=True)
    line = [RECONCILER, "apply", "-y", "-q", "--platform", url, "--parallelism", str(THREADS)]
    run([*line, "--events", events, "--journal", folder / "journal"], folder=folder)
    times = [
        _seconds(event["time"])
        for event in map(json.loads, events.read_text().splitlines())
        if event["event"] in ("operation_started", "operation_done")
    ]
    return max(times) - min(times)


def _rows(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Write and read an inventory; the most memory that each side held."""
    database = folder / "inventory.db"
    with serving(RECONCILER, database) as server_in:
        client_in, id = _measured("rows-in", server_in.url, str(options.rows))
    with serving(RECONCILER, database) as server_out:
        client_out, count = _measured("rows-out", server_out.url, id)
    if int(count) != options.rows:
        sys.exit(f"{count} rows came back, not {options.rows}")
    sides = {
        "in: client": client_in,
        "in: server": server_in.used,
        "out: client": client_out,
        "out: server": server_out.used,
    }
    name = f"{options.rows:,} rows"
    return [
        Figure(f"{name} {side}, memory", "MiB", [used.peak], target="under 200 MiB")
        for side, used in sides.items()
    ] + [Figure(f"{name} {side}, CPU", "CPU s", [used.cpu]) for side, used in sides.items()]


MEASUREMENTS: dict[str, Callable[[Path, argparse.Namespace], list[Figure]]] = {
    "list": _list,
    "creates": _creates,
    "rows": _rows,
}


def _part(*arguments: str) -> str:
    return _measured(*arguments)[1]


def _measured(*arguments: str) -> tuple[Usage, str]:
    return output([sys.executable, PARTS, *arguments])


def _made(path: Path) -> Path:
    """Make an empty embedded platform."""
    script = (
        "import sys; from reconciler.platforms import open_platform; "
        "open_platform(sys.argv[1], base=None).writer(wait=0).close()"
    )
    run([sys.executable, "-c", script, f"sqlite:///{path.as_posix()}"])
    return path


def _fill(path: Path, count: int, more: str) -> None:
    """Put storages into a database; through either door it would take minutes."""
    rows = (
        (
            f"{i:032x}",
            f"minio-{i:06d}",
            f"On-premise {i}",
            f"https://storage-server:9000/bucket-{i:06d}",
        )
        for i in range(count)
    )
    with sqlite3.connect(path) as database:
        database.executemany(
            f"INSERT INTO storages VALUES (?, ?, ?, 'S3', ?, '2026-01-01T00:00:00.000000Z'{more})",
            rows,
        )
    database.close()


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def show(figures: list[Figure], folder: Path) -> None:
    """Print a table of what was measured in a folder."""
    found = {figure.name: median(figure.runs) for figure in figures}
    print(table.machine(folder).partition("\n")[0])
    print(_ROW.format("", "runs", "median", "ratio", "target").rstrip())
    for figure in figures:
        middle = found[figure.name]
        ratio = f"{middle / found[figure.yardstick]:.2f}" if figure.yardstick else ""
        value = f"{middle:,.3f} {figure.unit}" if middle < 100 else f"{middle:,.0f} {figure.unit}"
        print(_ROW.format(figure.name, len(figure.runs), value, ratio, figure.target).rstrip())


if __name__ == "__main__":
    main()
