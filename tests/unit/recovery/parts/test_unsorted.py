"""Inventories in any order come out sorted, or fail in words; nothing is left of the sorting."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import PlatformError, RepositoryError, SnapshotError
from reconciler.platform import InventoryRow
from reconciler.recovery.parts import convert, unsorted
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory

texts = st.text(st.characters(), max_size=5)  # lone surrogates among them


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine sort, however few rows there are."""
    monkeypatch.setattr(unsorted, "_SMALL", 0)


@pytest.fixture(params=[0, 2**24], ids=["engine", "here"])
def either(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, engine: None) -> None:
    """Sort with the engine, and without it."""
    monkeypatch.setattr(unsorted, "_SMALL", request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sorting")


def sorted_rows(rows: list[InventoryRow], folder: Path) -> list[InventoryRow]:
    batches = list(sorted_inventory(rows, folder))
    assert all(batch.schema.equals(INVENTORY) for batch in batches)
    return [row for batch in batches for row in convert.inventory_rows(batch)]


def by_bytes(row: InventoryRow) -> bytes:
    return row[0].encode("utf-8", "surrogatepass")


def mixed(count: int) -> list[InventoryRow]:
    rows = [(f"{at:06d}", f"sha256:{at}", f"sha256:{-at}") for at in range(count)]
    random.Random(1).shuffle(rows)
    return rows


@pytest.mark.usefixtures("either")
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(texts, st.tuples(texts, texts)), st.randoms())
def test_rows_come_out_in_the_order_of_bytes(
    folder: Path, known: dict[str, tuple[str, str]], chance: random.Random
) -> None:
    rows = [(name, *rest) for name, rest in known.items()]
    chance.shuffle(rows)
    assert sorted_rows(rows, folder) == sorted(rows, key=by_bytes)
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("either")
def test_many_batches_are_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsorted, "_BATCH", 100)
    rows = mixed(5_000)
    assert sorted_rows(rows, tmp_path) == sorted(rows)


def test_what_comes_in_order_needs_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(duckdb, "connect")
    monkeypatch.setattr(unsorted, "_BATCH", 100)
    rows = sorted(mixed(1_000))
    assert sorted_rows(rows, tmp_path) == rows


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("order", [["a", "a", "b"], ["b", "a", "a"], ["a", "b", "a", "b", "a"]])
@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_a_row_that_comes_again_is_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: list[str], batch: int
) -> None:
    monkeypatch.setattr(unsorted, "_BATCH", batch)
    rows = [(name, "1", "2") for name in order]
    assert sorted_rows(rows, tmp_path) == [("a", "1", "2"), ("b", "1", "2")]


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("other", [("1", "3"), ("3", "2")])
@pytest.mark.parametrize("batch", [1, 100])
def test_a_file_that_comes_with_other_checksums_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: tuple[str, str], batch: int
) -> None:
    monkeypatch.setattr(unsorted, "_BATCH", batch)
    rows = [("a\n", "1", "2"), ("b", "1", "2"), ("a\n", *other), ("a\n", "1", "2")]
    with pytest.raises(
        SnapshotError, match=r"the file 'a\\n' was told twice, with other checksums"
    ):
        sorted_rows(rows, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_few_rows_need_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a quarter of a second to start, and a platform may have thousands of storages."""
    monkeypatch.undo()
    monkeypatch.delattr(duckdb, "connect")
    rows = mixed(1_000)
    assert sorted_rows(rows, tmp_path) == sorted(rows)


def test_only_the_owner_reads_what_waits(tmp_path: Path) -> None:
    left = sorted_inventory(mixed(10), tmp_path)
    next(left)
    (inside,) = tmp_path.iterdir()
    assert inside.stat().st_mode & 0o777 == 0o700
    assert (inside / "rows").stat().st_mode & 0o777 == 0o600
    left.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [PlatformError("gone"), KeyboardInterrupt(), OSError("wire")])
def test_what_the_platform_raises_comes_through(tmp_path: Path, error: BaseException) -> None:
    def rows() -> Iterator[InventoryRow]:
        yield ("a", "1", "1")
        raise error

    with pytest.raises(type(error)) as caught:
        list(sorted_inventory(rows(), tmp_path))
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_while_rows_are_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RepositoryError, match=r"can't write a file in .*No space left"):
        sorted_rows(mixed(10), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsorted, "MEMORY", "1MB")
    with pytest.raises(RepositoryError, match="not enough room in it, or not 1MB of memory"):
        sorted_rows(mixed(100_000), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="can't write a file in"):
        sorted_rows([], tmp_path / "none")


def test_the_engine_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def connect(config: dict[str, object]) -> duckdb.DuckDBPyConnection:
        asked.update(config)
        return connected(config=config)

    connected = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", connect)
    sorted_rows(mixed(10), tmp_path)
    assert asked["autoinstall_known_extensions"] is False
    assert Path(str(asked["temp_directory"])).parent == tmp_path


def test_a_batch_of_nothing_has_the_columns(tmp_path: Path) -> None:
    assert convert.inventory([]).equals(
        pa.RecordBatch.from_arrays([pa.array([], pa.binary())] * 3, schema=INVENTORY)
    )
