"""Reading parts: what is damaged or foreign is refused in words."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import SnapshotError
from reconciler.recovery.parts import convert, schema, write
from reconciler.recovery.parts.read import batches, count, scanned
from reconciler.recovery.parts.schema import CONTENTS, SCANNED, STAMPS
from reconciler.recovery.rows import Rows
from support.sampling import examples
from support.values.parts import any_rows, batch_of, file, rows_of, write_part

ROWS = batch_of(file(b"plate/%04d.tif" % at, sha256=bytes([at]) * 32) for at in range(200))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parts")


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "GROUP_ROWS", 64)
        return write_part(tmp_path_factory.mktemp("parts"), [ROWS], CONTENTS).path


def refused(path: Path, **more: str) -> str:
    with pytest.raises(SnapshotError) as caught:
        list(batches(path, CONTENTS, **more))
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_rows_come_in_groups_and_with_the_columns_asked_for(part: Path) -> None:
    read = list(batches(part, CONTENTS, columns=["size", "path"]))
    assert [batch.num_rows for batch in read] == [64, 64, 64, 8]
    assert pa.Table.from_batches(read).equals(
        pa.Table.from_batches([ROWS]).select(["size", "path"])
    )
    assert count(part, CONTENTS) == 200


@settings(max_examples=examples(15, 50))
@given(any_rows(), st.integers(1, 5), st.integers(1, 5))
def test_what_a_scan_wrote_side_by_side_is_read_as_one(
    folder: Path, rows: Rows, one: int, other: int
) -> None:
    contents, stamps = beside(folder, rows, one, other)
    read = pa.Table.from_batches(scanned(contents, stamps), SCANNED)
    assert read.to_pylist() == convert.scanned(rows).to_pylist()


@pytest.mark.parametrize(("more", "told"), [(0, "fewer"), (2, "more")])
def test_halves_of_different_scans_are_refused(folder: Path, more: int, told: str) -> None:
    contents, _ = beside(folder, rows_of([file(b"a")]), 1, 1)
    _, stamps = beside(folder, rows_of([file(b"%d" % at) for at in range(more)]), 1, 1)
    with pytest.raises(SnapshotError, match=f"it has {told} rows"):
        list(scanned(contents, stamps))


def beside(folder: Path, rows: Rows, one: int, other: int) -> tuple[Path, Path]:
    """Write two parts of the same rows, in groups of so many."""
    written = []
    for batch, size, of in zip(
        convert.to_batches(rows), (one, other), (CONTENTS, STAMPS), strict=True
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(write, "GROUP_ROWS", size)
            written.append(write_part(folder, [batch], of).path)
    return written[0], written[1]


def test_a_part_that_is_gone_is_told(tmp_path: Path) -> None:
    assert "it is lost" in refused(tmp_path / "none")


def test_what_the_system_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    assert "Is a directory" in refused(tmp_path)


@given(data=st.data())
def test_a_truncated_part_is_damaged(part: Path, data: st.DataObject) -> None:
    whole = part.read_bytes()
    cut = part.with_name("cut")
    cut.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert "it is corrupt" in refused(cut)


@given(data=st.data())
def test_a_flipped_bit_is_told_or_changes_nothing(part: Path, data: st.DataObject) -> None:
    whole = bytearray(part.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    flipped = part.with_name("flipped")
    flipped.write_bytes(whole)
    sha256 = hashlib.sha256(part.read_bytes()).hexdigest()
    assert "its SHA-256 differs" in refused(flipped, sha256=sha256)
    # Without the hash, what stands around the pages may go unseen: but nothing else breaks.
    with contextlib.suppress(SnapshotError):
        list(batches(flipped, CONTENTS))


def test_no_flipped_bit_in_the_rows_themselves_goes_unseen(part: Path) -> None:
    whole = part.read_bytes()
    hashes = whole.index(bytes([1]) * 32)
    flipped = part.with_name("flipped")
    for at in range(hashes, hashes + 32):
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert "it is corrupt" in refused(flipped)


def test_a_part_that_was_not_damaged_is_read_by_its_hash(part: Path) -> None:
    sha256 = hashlib.sha256(part.read_bytes()).hexdigest()
    assert sum(batch.num_rows for batch in batches(part, CONTENTS, sha256=sha256)) == 200


def test_what_is_no_parquet_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"PAR1" + os.urandom(100) + b"PAR1")
    assert "it is corrupt" in refused(path)


def test_parquet_of_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    pq.write_table(pa.Table.from_batches([ROWS]), path)
    assert "none that this program wrote" in refused(path)


def test_another_part_of_ours_is_refused(tmp_path: Path) -> None:
    assert "it holds 'stamps', not 'contents'" in refused(write_part(tmp_path, [], STAMPS).path)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (b"contents 2", "a newer version of this program"),
        (b"contents", "none that this program wrote"),
        (b"contents 1", "its columns are not those"),
    ],
)
def test_what_says_wrong_of_itself_is_refused(tmp_path: Path, mark: bytes, told: str) -> None:
    path = tmp_path / "marked"
    with pq.ParquetWriter(path, STAMPS) as writer:
        writer.add_key_value_metadata({schema.MARK: mark})
    assert told in refused(path)
