"""Inventories in any order come out sorted, or fail in words; nothing is left of the sorting."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import PlatformError, RepositoryError, SnapshotError
from reconciler.platform import InventoryRow
from reconciler.recovery.parts import convert, runs, unsorted
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory

texts = st.text(st.characters(), max_size=5)  # lone surrogates among them


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sort by files, however few rows there are."""
    monkeypatch.setattr(runs, "RUN", 0)


@pytest.fixture(params=[0, 2**26], ids=["files", "memory"])
def either(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, files: None) -> None:
    """Sort by files, and without them."""
    monkeypatch.setattr(runs, "RUN", request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sorting")


def sorted_rows(rows: list[InventoryRow], folder: Path) -> list[InventoryRow]:
    batches = list(sorted_inventory(rows, folder))
    assert all(batch.schema.equals(INVENTORY) for batch in batches)
    return [row for batch in batches for row in convert.inventory_rows(batch)]


def by_bytes(row: InventoryRow) -> bytes:
    return row[0].encode("utf-8", "surrogatepass")


def told(rows: list[InventoryRow], folder: Path) -> Iterator[InventoryRow]:
    """Yield rows, and then spoil what was put aside of them."""
    yield from rows
    for path in folder.glob("*/run-*"):
        path.write_bytes(b"\xff" * path.stat().st_size)


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


def test_what_comes_in_order_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsorted, "_BATCH", 100)
    rows = sorted(mixed(1_000))
    left = sorted_inventory(rows, tmp_path)
    first = convert.inventory_rows(next(left))
    assert [path.name for path in tmp_path.glob("*/*")] == ["run-1"]
    assert first + [row for batch in left for row in convert.inventory_rows(batch)] == rows


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


def test_few_rows_are_put_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform may have thousands of storages."""
    monkeypatch.undo()
    left = sorted_inventory(mixed(1_000), tmp_path)
    next(left)
    assert list(tmp_path.glob("*/*")) == []


def test_only_the_owner_reads_what_waits(tmp_path: Path) -> None:
    left = sorted_inventory(mixed(10), tmp_path)
    next(left)
    (inside,) = tmp_path.iterdir()
    assert inside.stat().st_mode & 0o777 == 0o700
    assert (inside / "run-1").stat().st_mode & 0o777 == 0o600
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


def test_a_disk_that_does_not_give_back_what_it_took_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsorted, "_BATCH", 100)
    left = sorted_inventory(told(mixed(1_000), tmp_path), tmp_path)
    with pytest.raises(RepositoryError, match="can't read again what was put aside in") as caught:
        next(left)
    assert str(tmp_path) in str(caught.value)
    assert ".sorting-" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="can't write a file in"):
        sorted_rows([], tmp_path / "none")


def test_a_batch_of_nothing_has_the_columns(tmp_path: Path) -> None:
    assert convert.inventory([]).equals(
        pa.RecordBatch.from_arrays([pa.array([], pa.binary())] * 3, schema=INVENTORY)
    )
