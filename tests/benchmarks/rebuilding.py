"""Measure a rebuild against an apply of the same storages, and print a table.

    python tests/benchmarks/rebuilding.py
    python tests/benchmarks/rebuilding.py --storages 1000 --records 10 --runs 1

Server and client share one machine and its loopback; the server keeps an SQLite file. It judges
nothing: targets stand beside what was measured. docs/reference/benchmarks.md explains.
"""

import argparse
import sqlite3
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from child import Usage, output, run
from over_http import Figure, show
from serving import serving

RECONCILER = Path(sysconfig.get_path("scripts"), "reconciler")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        show(_measured(Path(name), options), Path(options.folder or tempfile.gettempdir()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--storages", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=100, help="of each storage")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where to work, best on a real disk (default: TMPDIR)")
    return parser.parse_args()


def _measured(folder: Path, options: argparse.Namespace) -> list[Figure]:
    count, records = options.storages, options.storages * options.records
    bare, without, whole, file, again, agrees, peaks = ([] for _ in range(7))
    checked = []
    names, filled = (_snapshot(folder, count, rows) for rows in (0, options.records))
    (manifest,) = names.glob("snapshots/*/storages.yaml")
    for _ in range(options.runs):
        with _server(folder) as url:
            bare.append(count / _seconds(folder, url, "apply", "-f", manifest)[0])
        with _server(folder) as url:
            without.append(count / _seconds(folder, url, "rebuild", names)[0])
        with _server(folder) as url:
            seconds, used = _seconds(folder, url, "rebuild", filled)
            whole.append(seconds)
            peaks.append(used.peak)
            again.append(_seconds(folder, url, "rebuild", filled)[0])
            agrees.append(_timed(folder, "verify", filled, "-q", "--platform", url)[0])
        checked.append(_timed(folder, "snapshot", "check", filled, "-q")[0])
        with _folder(folder) as home:
            url = f"sqlite:///{home}/new.db"
            file.append(_seconds(folder, url, "rebuild", filled)[0])
    name, more = f"{count:,} storages", f"and {records:,} records"
    yardstick = f"{name} over HTTP: apply"
    return [
        Figure(yardstick, "a second", bare),
        Figure(f"{name} over HTTP: rebuild", "a second", without, yardstick, "at least 0.8"),
        Figure(f"{more} over HTTP", "s", whole),
        Figure(f"{more} over HTTP, memory", "MiB", peaks, target="under 400 MiB"),
        Figure(f"{more} over HTTP, again", "s", again),
        Figure(f"{more} over HTTP, verified", "s", agrees),
        Figure(f"{more} in a file", "s", file),
        Figure("the snapshot checked", "s", checked),
    ]


def _seconds(folder: Path, url: str, command: str, *arguments: str | Path) -> tuple[float, Usage]:
    line = (command, *arguments, "-y", "-q", "--platform", url)
    return _timed(folder, *line, "--journal", folder / "journal")


def _timed(folder: Path, *line: str | Path) -> tuple[float, Usage]:
    begin = time.perf_counter()
    used = run([RECONCILER, *line], folder=folder)
    return time.perf_counter() - begin, used


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with _folder(folder) as home, serving(RECONCILER, home / "server.db") as server:
        yield server.url


def _snapshot(folder: Path, count: int, rows: int) -> Path:
    """Make a platform that has these storages, with so many records each, and keep a snapshot."""
    platform = folder / f"with-{rows}.db"
    url = f"sqlite:///{platform.as_posix()}"
    first = folder / "first.yaml"
    first.write_text("version: 1\nstorages:\n  - {name: x, type: local, default_url: /x}\n")
    run([RECONCILER, "apply", "-y", "-q", "-f", first, "--platform", url], folder=folder)
    with closing(sqlite3.connect(platform)) as db, db:
        db.execute("DELETE FROM storages")
        db.executemany(
            "INSERT INTO storages (id, name, label, type, default_url, created_at)"
            " VALUES (?, ?, ?, 'local', ?, '2026-01-01T00:00:00Z')",
            (
                (f"{i:032x}", f"nas-{i:06d}", f"Rack {i}", f"file:///data/{i:06d}")
                for i in range(count)
            ),
        )
        db.executemany(
            "INSERT INTO inventory (storage_id, upload_id, checksum, checksum_on_disk)"
            " VALUES (?, ?, ?, ?)",
            (
                (f"{i:032x}", f"plate/{row:06d}.tif", f"{row:064x}", f"{row:064x}")
                for i in range(count)
                for row in range(rows)
            ),
        )
    repository = folder / f"proofs-{rows}"
    output([RECONCILER, "snapshot", "create", repository, "-q", "--platform", url], folder=folder)
    return repository


if __name__ == "__main__":
    main()
