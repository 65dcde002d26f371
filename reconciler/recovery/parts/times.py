"""When files were last written, as rows have it: which times tell that it was at one moment."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.rows import FIRST_NS, LAST_NS


def same_time(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.Array:
    """Say for each row whether both were last written at one moment; null where nobody knows.

    A time that says only that it lies beyond what is kept of times is no moment.
    """
    times = one["mtime_ns"]
    exact = pc.and_(pc.greater(times, FIRST_NS), pc.less(times, LAST_NS))
    return pc.and_(exact, pc.equal(times, other["mtime_ns"]))
