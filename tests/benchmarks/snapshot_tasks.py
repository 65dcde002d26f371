"""What the benchmark of snapshots measures, each in a process of its own; prints what it found."""

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from reconciler.recovery.parts.merge import COMPARED, differences
from reconciler.recovery.parts.read import batches
from reconciler.recovery.parts.schema import CONTENTS

_UNLIKE = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in COMPARED)
_JOIN = f"""SELECT a, b FROM read_parquet(?) a FULL OUTER JOIN read_parquet(?) b
    ON a.path = b.path WHERE {_UNLIKE}"""


def compare(was: str, now: str) -> int:
    """Compare as `verify --against` does."""
    found = differences(batches(Path(was), CONTENTS), batches(Path(now), CONTENTS))
    return sum(1 for _ in found)


def compare_with_duckdb(was: str, now: str) -> int:
    """Compare as DuckDB does it by itself: all of the machine's memory, threads for all cores."""
    found = duckdb.connect().execute(_JOIN, [was, now]).to_arrow_reader(10_000)
    return sum(batch.num_rows for batch in found)


def read(was: str, now: str) -> int:
    """Read both, and look at nothing."""
    return sum(b.num_rows for name in (was, now) for b in batches(Path(name), CONTENTS)) and 0


TASKS: dict[str, Callable[..., int]] = {
    "compare": compare,
    "compare-duckdb": compare_with_duckdb,
    "read": read,
}

if __name__ == "__main__":
    print(TASKS[sys.argv[1]](*sys.argv[2:]))
