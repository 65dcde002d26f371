"""However two batches are sorted out, it is the same: run by run, or path by path."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.recovery.parts import align
from support.sampling import examples
from support.values.parts import batch_of, file

NAMES = st.sets(st.integers(0, 60).map(lambda at: b"%02d" % at))


def paths(batches: list[pa.RecordBatch]) -> list[bytes]:
    return [path for batch in batches for path in batch.column("path").to_pylist()]


@settings(max_examples=examples(50, 200))
@given(NAMES, NAMES, st.sampled_from([0, 2, 64]), st.sampled_from([1, 3, 16]))
def test_what_both_have_and_what_only_one_has(
    one: set[bytes], other: set[bytes], steps: int, ahead: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(align, "_STEPS", steps)
        patch.setattr(align, "_AHEAD", ahead)
        patch.setattr(align, "_REACH", ahead)
        aligning = align.Aligning("path")
        was, now = (batch_of(map(file, sorted(names))) for names in (one, other))
        # Once runs have been too many, the next batch is walked through without looking for any.
        found, again = aligning.align(was, now), aligning.align(was, now)
    for pairs in (found.pairs, again.pairs):
        for side in zip(*pairs, strict=True):
            whole = [run.whole(pa.array(range(run.num_rows), pa.int64())) for run in side]
            assert paths(whole) == sorted(one & other)
            assert [run.rows["size"] for run in side] == [rows["size"] for rows in whole]
    assert paths(again.gone) == sorted(one - other)
    assert paths(found.gone) == sorted(one - other)
    assert paths(found.came) == sorted(other - one)


def test_what_is_kept_of_a_batch_keeps_no_more_than_that() -> None:
    was = batch_of(file(b"%05d" % at) for at in range(8_000))
    now = was.slice(1)
    before = pa.total_allocated_bytes()
    found = align.Aligning("path").align(was, now)
    gone = found.gone
    del was, now, found
    assert paths(gone) == [b"00000"]
    assert pa.total_allocated_bytes() - before < -100_000
