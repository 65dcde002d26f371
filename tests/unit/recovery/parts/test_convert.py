"""Values to columns and back: nothing is lost, whatever a file system or a bucket holds."""

from __future__ import annotations

import pytest
from hypothesis import given

from reconciler.recovery.parts import convert, schema
from reconciler.recovery.rows import CONTENT_COLUMNS, STAMP_COLUMNS, Content, Rows
from support.values.parts import any_rows, batch_of, file


@given(any_rows())
def test_what_goes_in_comes_out(rows: Rows) -> None:
    contents, stamps = convert.to_batches(rows)
    assert contents.schema.equals(schema.CONTENTS)
    assert stamps.schema.equals(schema.STAMPS)
    assert convert.rows_of(contents, stamps) == rows
    assert convert.rows_of(convert.scanned(rows)) == rows


@given(any_rows())
def test_each_row_is_an_object_as_well(rows: Rows) -> None:
    contents, _ = convert.to_batches(rows)
    expected = [
        Content(*(getattr(rows, name)[i] for name in CONTENT_COLUMNS)) for i in range(len(rows))
    ]
    assert convert.contents(contents) == expected


def test_without_stamps_their_columns_are_none() -> None:
    rows = convert.rows_of(batch_of([file(b"a"), file(b"b")]))
    assert {name: getattr(rows, name) for name in STAMP_COLUMNS} == {
        "ctime_ns": [None, None],
        "inode": [None, None],
        "tag": [None, None],
    }


@pytest.mark.parametrize(("time", "kept"), [(2**63, 2**63 - 1), (-(2**70), -(2**63))])
def test_a_time_beyond_what_64_bits_hold_is_kept_as_the_nearest(time: int, kept: int) -> None:
    batch = batch_of([file(b"a", mtime_ns=time), file(b"b"), file(b"c", mtime_ns=None)])
    assert batch.column("mtime_ns").to_pylist() == [kept, 10, None]


def test_no_other_number_is_bent_to_fit() -> None:
    with pytest.raises(OverflowError):
        batch_of([file(b"a", size=2**63)])
