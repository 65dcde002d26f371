"""Rows of an inventory in the order of a part, however a platform tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import pyarrow as pa

from reconciler.errors import SnapshotError
from reconciler.platform import InventoryRow
from reconciler.printable import quoted
from reconciler.recovery.parts import convert

_BATCH = 20_000


def sorted_batches(rows: Iterable[InventoryRow], folder: Path) -> Iterator[pa.RecordBatch]:
    """Yield rows as batches, sorted by the bytes of `upload_id`; `folder` is for what is spilled.

    Raises `SnapshotError` if an upload id comes twice with different checksums.
    """
    del folder
    ordered = sorted(set(rows), key=lambda row: row[0].encode("utf-8", "surrogatepass"))
    for one, other in pairwise(ordered):
        if one[0] == other[0]:
            raise SnapshotError(f"the file {quoted(one[0])} was told twice, with other checksums")
    told = iter(ordered)
    while some := list(islice(told, _BATCH)):
        yield convert.inventory(some)
