"""The yardstick: DuckDB compares two files by itself, with all memory and all cores."""

import sys

import duckdb

QUERY = """SELECT a, b FROM read_parquet(?) a FULL OUTER JOIN read_parquet(?) b
    ON a.{key} = b.{key} WHERE {unlike}"""


def join(was: str, now: str, key: str, *columns: str) -> int:
    """Say how many rows are in one file alone, or differ in one of the columns."""
    unlike = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in (key, *columns))
    found = duckdb.sql(QUERY.format(key=key, unlike=unlike), params=[was, now])
    return sum(batch.num_rows for batch in found.to_arrow_reader(10_000))


if __name__ == "__main__":
    print(join(*sys.argv[1:]))
