"""Writing parts: the same rows, the same bytes; whole, or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import RepositoryError
from reconciler.recovery.parts import convert, write
from reconciler.recovery.parts.read import batches
from reconciler.recovery.parts.schema import CONTENTS, SCANNED, STAMPS
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.rows import Rows
from support.sampling import examples
from support.values.parts import any_rows, batch_of, cut, file, write_part

SIZES = st.lists(st.integers(0, 7), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parts")


@settings(max_examples=examples(15, 50))
@given(any_rows(), SIZES)
def test_parquet_gives_back_what_it_was_given(folder: Path, rows: Rows, sizes: list[int]) -> None:
    whole = convert.scanned(rows)
    written = write_part(folder, cut(whole, sizes), SCANNED)
    read = pa.Table.from_batches(batches(written.path, SCANNED), SCANNED).combine_chunks()
    assert read.equals(pa.Table.from_batches([whole]))
    assert written.rows == len(rows)


@settings(max_examples=examples(15, 50))
@given(any_rows(max_size=20), SIZES, st.integers(1, 9), st.integers(1, 40))
def test_the_same_rows_give_the_same_file_however_they_come(
    folder: Path, rows: Rows, sizes: list[int], most: int, most_bytes: int
) -> None:
    whole = convert.scanned(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "GROUP_ROWS", most)
        patch.setattr(write, "GROUP_BYTES", most_bytes)
        one, other = (
            write_part(folder, [whole], SCANNED),
            write_part(folder, cut(whole, sizes), SCANNED),
        )
    assert one.sha256 == other.sha256
    groups = pq.ParquetFile(one.path).metadata
    for at in range(groups.num_row_groups):
        assert groups.row_group(at).num_rows <= most


def test_a_group_ends_before_long_paths_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "GROUP_BYTES", 100)
    paths = [bytes([at]) * 40 for at in range(9)]
    written = write_part(tmp_path, [batch_of(file(path) for path in paths)], CONTENTS)
    groups = pq.ParquetFile(written.path).metadata
    assert [groups.row_group(at).num_rows for at in range(3)] == [3, 3, 3]


def test_the_hash_and_size_are_those_of_the_file_which_only_its_owner_reads(tmp_path: Path) -> None:
    written = write_part(tmp_path, [batch_of([file(b"a")])], CONTENTS)
    data = written.path.read_bytes()
    assert written.sha256 == hashlib.sha256(data).hexdigest()
    assert (written.size, written.rows) == (len(data), 1)
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [written.path]


def test_a_part_without_rows_is_a_part(tmp_path: Path) -> None:
    assert list(batches(write_part(tmp_path, [], STAMPS).path, STAMPS)) == []


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with PartWriter(tmp_path, STAMPS) as writer, pytest.raises(ValueError, match="other columns"):
        writer.write(batch_of([file(b"a")]))


@pytest.mark.parametrize("pair", [(b"b", b"a"), (b"a", b"a"), (b"a/", b"a")])
@pytest.mark.parametrize("apart", [True, False])
def test_rows_out_of_order_are_refused(
    tmp_path: Path, pair: tuple[bytes, bytes], apart: bool
) -> None:
    whole = batch_of(map(file, pair))
    with pytest.raises(ValueError, match="not sorted"):
        write_part(tmp_path, cut(whole, [1]) if apart else [whole], CONTENTS)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_what_was_not_finished(tmp_path: Path) -> None:
    with PartWriter(tmp_path, CONTENTS) as writer:
        writer.write(batch_of([file(b"a")]))
        writer.abandon()
        writer.abandon()
    with pytest.raises(KeyboardInterrupt):
        write_part(tmp_path, interrupted(), CONTENTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after", [0, 10, 400, 100_000])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_told_in_words_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, code: int
) -> None:
    monkeypatch.setattr(write, "GROUP_ROWS", 1_000)
    full_after(monkeypatch, after, code)
    rows = batch_of(file(b"%06d" % at, sha256=os.urandom(32)) for at in range(5_000))
    reason = os.strerror(code)
    with pytest.raises(RepositoryError, match=f"can't write .*{reason}.*nothing of it is left"):
        write_part(tmp_path, [rows], CONTENTS)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_at_the_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RepositoryError, match=os.strerror(errno.EIO)):
        write_part(tmp_path, [], CONTENTS)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"can't write a file in '.*/none'"):
        PartWriter(tmp_path / "none", CONTENTS)


def interrupted() -> Iterator[pa.RecordBatch]:
    yield batch_of([file(b"a")])
    raise KeyboardInterrupt


def full_after(monkeypatch: pytest.MonkeyPatch, bytes: int, code: int) -> None:
    """Have the system refuse to write more than so many bytes in all."""
    left, put = [bytes], os.write

    def put_while_there_is_room(descriptor: int, data: memoryview) -> int:
        if not left[0]:
            raise OSError(code, os.strerror(code))
        done = put(descriptor, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", put_while_there_is_room)
