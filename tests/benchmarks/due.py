"""Measure how long it takes to find what is due, against one scan of the same table by DuckDB.

    python tests/benchmarks/due.py                            # 1,000,000 known files
    python tests/benchmarks/due.py --rows 10000000 --runs 3

The files were proved over 24 days, a part of each folder on each: about one in 24 is due. Every
task is a process of its own, and both count the same files. docs/reference/benchmarks.md explains.
"""

import argparse
import platform
import random
import sys
import tempfile
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from child import Usage, output
from snapshot_inputs import names

from reconciler.recovery.parts.read import batches
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import GROUP_ROWS, PartWriter
from reconciler.recovery.scanning.due.choosing import MINUTE, Marking, aged, choose

DAY, DAYS, EVERY = 86_400, 24, 30
BEGAN = 1_790_000_000 // DAY * DAY
NOW = BEGAN + (DAYS + 1) * DAY
#: By so many bytes the files are as large as images are.
SIZE = 8_000_000
TARGET = 3.0
_QUERY = "SELECT {what} FROM read_parquet(?) WHERE proved_at < ?"


def write(folder: Path, rows: int) -> Path:
    """Write the contents of a scan."""
    chance, found = random.Random(4), names()
    with PartWriter(folder, CONTENTS) as writer:
        for at in range(0, rows, GROUP_ROWS):
            count = min(GROUP_ROWS, rows - at)
            hashes = chance.randbytes(32 * count)
            columns = {
                "path": list(islice(found, count)),
                "kind": ["file"] * count,
                "size": [SIZE + chance.getrandbits(20) for _ in range(count)],
                "mtime_ns": [(BEGAN - DAY) * 10**9 + at + i for i in range(count)],
                "sha256": [hashes[32 * i : 32 * i + 32] for i in range(count)],
                "proof": ["kept"] * count,
                "proved_at": [BEGAN + chance.randrange(DAYS * DAY) for _ in range(count)],
                "version": pa.nulls(count, pa.string()),
                "detail": pa.nulls(count, pa.binary()),
            }
            writer.write(pa.RecordBatch.from_pydict(columns, schema=CONTENTS))
        return writer.finish().path


def start(_path: str) -> int:
    """Do nothing: what importing has cost."""
    return 0


def ours(path: str) -> int:
    """Find what is due, as `scan --due` does: how much there is of which age, and then which."""
    choice = choose(aged(Path(path), None), NOW, EVERY * DAY)
    marking = Marking(choice, None)
    columns = ["path", "size", "proof", "proved_at"]
    found = 0
    for batch in batches(Path(path), CONTENTS, columns=columns):
        found += batch.filter(marking.of(batch)).num_rows
    print(choice.before * MINUTE, file=sys.stderr)
    return found


def table(path: str) -> int:
    """Scan the whole table with DuckDB, every column of it, and count what is old."""
    found = duckdb.sql(_QUERY.format(what="*"), params=[path, NOW])
    return sum(_old(batch) for batch in found.to_arrow_reader(10_000))


def few(path: str) -> int:
    """Have DuckDB select what is old, by a date that it is told."""
    found = duckdb.sql(_QUERY.format(what="path, size"), params=[path, BEGAN + DAY])
    return sum(batch.num_rows for batch in found.to_arrow_reader(10_000))


def _old(batch: pa.RecordBatch) -> int:
    count: int = pc.sum(pc.less(batch["proved_at"], BEGAN + DAY)).as_py() or 0
    return count


TASKS = (start, table, few, ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where to work (default: TMPDIR); 100 bytes for each row")
    options = parser.parse_args()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pyarrow", "duckdb"))
    print(f"Python {platform.python_version()}, {platform.machine()}, {libraries}")
    taken: dict[str, list[Usage]] = {task.__name__: [] for task in TASKS}
    counted: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as folder:
        path = write(Path(folder), options.rows)
        for _ in range(options.runs):
            for name, usages in taken.items():
                usage, counted[name] = output([sys.executable, __file__, name, path])
                usages.append(usage)
    print(f"\n{options.rows:,} files; CPU: user and system seconds, median; peak: MiB, the most")
    for name, usages in taken.items():
        peak = max(usage.peak for usage in usages)
        print(f"{name:<8} {_cpu(usages):>7.2f} {peak:>7.0f}   {counted[name]} files")
    imports = _cpu(taken["start"])
    for name in ("table", "few"):
        ratio = (_cpu(taken["ours"]) - imports) / (_cpu(taken[name]) - imports)
        aim = f"; target: at most {TARGET:.0f}" if name == "table" else ""
        print(f"ours / {name}, both without the start: {ratio:.2f}{aim}")


def _cpu(usages: list[Usage]) -> float:
    return median(usage.cpu for usage in usages)


if __name__ == "__main__":
    if len(sys.argv) > 2 and not sys.argv[1].startswith("-"):
        print({task.__name__: task for task in TASKS}[sys.argv[1]](sys.argv[2]))
    else:
        main()
