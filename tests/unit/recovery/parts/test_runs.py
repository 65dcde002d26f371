"""Runs on disk: whatever comes, in whatever pieces, comes out sorted, and nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.recovery.parts import runs
from reconciler.recovery.parts.runs import Runs

SCHEMA = pa.schema([("key", pa.binary()), ("number", pa.int64()), ("text", pa.string())])
Row = tuple[bytes, int | None, str | None]

rows = st.tuples(
    st.binary(max_size=2), st.none() | st.integers(0, 3), st.none() | st.text(max_size=3)
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few rows be many."""
    for name, value in {"RUN": 100, "BATCH_ROWS": 3, "BATCH_BYTES": 40, "MERGED": 2}.items():
        monkeypatch.setattr(runs, name, value)


def batch(*rows: Row) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.RecordBatch.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def told(batches: Iterator[pa.RecordBatch]) -> list[Row]:
    return [tuple(row.values()) for one in batches for row in one.to_pylist()]


def by_all(row: Row) -> tuple[bytes, str]:
    return row[0], repr(row[1:])


@pytest.mark.usefixtures("small")
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(rows, max_size=6), max_size=20))
def test_each_row_comes_out_in_its_place_as_often_as_it_came(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[list[Row]]
) -> None:
    folder = tmp_path_factory.mktemp("runs") / "private"
    folder.mkdir()
    with Runs(SCHEMA, folder) as sorting:
        for piece in pieces:
            sorting.add(batch(*piece))
        found = told(sorting.rows())
    came = [row for piece in pieces for row in piece]
    assert [row[0] for row in found] == sorted(row[0] for row in came)
    assert sorted(found, key=by_all) == sorted(came, key=by_all)


@pytest.mark.usefixtures("small")
def test_no_more_files_are_left_than_are_merged_at_once(tmp_path: Path) -> None:
    keys = list(range(1_000))
    random.Random(1).shuffle(keys)
    folder = tmp_path / "private"
    folder.mkdir()
    with Runs(SCHEMA, folder) as sorting:
        for key in keys:
            sorting.add(batch((b"%06d" % key, key, "")))
        left = sorting.rows()
        first = told(iter([next(left)]))
        # Two of each kind became one of the next: hundreds of runs are as many files as bits.
        assert len(list(folder.iterdir())) <= 10
        assert [row[1] for row in first + told(left)] == sorted(keys)


def test_a_batch_of_long_rows_is_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RUN", 0)
    folder = tmp_path / "private"
    folder.mkdir()
    with Runs(SCHEMA, folder) as sorting:
        sorting.add(batch(*((b"%04d" % at, at, "x" * 2**14) for at in range(500))))
        sizes = [one.nbytes for one in sorting.rows()]
    assert len(sizes) > 1
    assert max(sizes) <= runs.BATCH_BYTES
