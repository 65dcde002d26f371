"""Contents and inventories as facilities have them, for the benchmark of comparing them.

Names, sizes and times are those of high-content screens: plates of wells, sites and channels,
files of similar size written one after the other, nanoseconds of which no two are alike.
"""

import random
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.platform import InventoryRow
from reconciler.recovery.parts.read import batches
from reconciler.recovery.parts.schema import CONTENTS, INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory
from reconciler.recovery.parts.write import GROUP_ROWS, PartWriter

_BEGIN = 1_760_000_000
_FILES = [
    f"/{'ABCDEFGH'[well // 12]}{well % 12 + 1:02d}_s{site}_w{channel}.ome.p.tif".encode()
    for well in range(96)
    for site in range(9)
    for channel in range(4)
]
#: Of so many rows of an inventory one is another's.
_EVERY = 1_000


def names() -> Iterator[bytes]:
    """Yield paths in their order, without end."""
    letters = random.Random(1)
    for plate in range(10**6):
        folder = b"screen_%04d/plate_%06d_%08x" % (plate // 200, plate, letters.getrandbits(32))
        for file in _FILES:
            yield folder + file


def write_contents(folder: Path, rows: int) -> tuple[str, int]:
    """Write a part; give it and its size."""
    chance, found, moment = random.Random(3), names(), _BEGIN * 10**9
    with PartWriter(folder, CONTENTS) as writer:
        for at in range(0, rows, GROUP_ROWS):
            count = min(GROUP_ROWS, rows - at)
            apart = (int(1.6e9 * part) for part in _part(chance, count))
            times = list(accumulate(apart, initial=moment))
            moment = times.pop()
            columns = {
                "path": list(islice(found, count)),
                "kind": ["file"] * count,
                "size": [int(8e6 + 1e6 * part) for part in _part(chance, count)],
                "mtime_ns": times,
                "sha256": _hashes(chance, count),
                "proof": ["read"] * count,
                "proved_at": [_BEGIN + 10**7 + row // 40 for row in range(at, at + count)],
                "version": pa.nulls(count, pa.string()),
                "detail": pa.nulls(count, pa.binary()),
            }
            writer.write(pa.RecordBatch.from_pydict(columns, schema=CONTENTS))
        written = writer.finish()
    return str(written.path), written.size


def change_contents(folder: Path, was: Path, changed: float) -> tuple[str, int]:
    """Write a part in which a share of the rows differs; give it, and how many do.

    Of six, four are other bytes, one is gone, and before one there is a new file.
    """
    chance, differing = random.Random(2), 0
    with PartWriter(folder, CONTENTS) as writer:
        for batch in batches(was, CONTENTS):
            at = sorted(chance.sample(range(batch.num_rows), int(batch.num_rows * changed)))
            differing += len(at)
            writer.write(_changed(batch, at[::6], at[1::6], sorted({*at} - {*at[::6], *at[1::6]})))
        written = writer.finish()
    return str(written.path), differing


def _changed(
    batch: pa.RecordBatch, gone: list[int], came: list[int], other: list[int]
) -> pa.RecordBatch:
    """Give rows of which some are gone, some have a new one before them, some have other bytes."""
    new = batch.take(pa.array(came, pa.int32()))
    new = _with(new, "path", pc.binary_slice(new["path"], 0, -1))
    zeros = pa.scalar(bytes(32), pa.binary(32))
    rotten = pc.if_else(_marks(batch, other), zeros, batch["sha256"])
    left = _with(batch, "sha256", rotten).filter(pc.invert(_marks(batch, gone)))
    whole = pa.concat_batches([left, new])
    return whole.take(pc.sort_indices(whole["path"]))


def _with(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return batch.set_column(CONTENTS.get_field_index(name), CONTENTS.field(name), column)


def _marks(batch: pa.RecordBatch, rows: list[int]) -> pa.Array:
    marks = [False] * batch.num_rows
    for at in rows:
        marks[at] = True
    return pa.array(marks, pa.bool_())


def _part(chance: random.Random, count: int) -> Iterator[float]:
    """Yield so many numbers between 0 and 1."""
    return (chance.random() for _ in range(count))


def _hashes(chance: random.Random, count: int) -> pa.Array:
    data = pa.py_buffer(chance.randbytes(32 * count))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), count, [None, data])


def live_inventory(rows: int, *, changed: bool) -> Iterator[InventoryRow]:
    """Yield an inventory in an order that has nothing to do with its ids.

    With `changed`, one in a thousand has another checksum.
    """
    for at in range(rows):
        name = at * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
        checksum = f"{name * name + (1 if changed and at % _EVERY == 0 else 0):064x}"
        yield f"{name:032x}", f"sha256:{checksum}", f"sha256:{checksum[::-1]}"


def write_inventory(folder: Path, rows: int, *, changed: bool) -> tuple[str, int]:
    """Write an inventory as a part; give it, and how many rows differ from those unchanged."""
    with PartWriter(folder, INVENTORY) as writer:
        for batch in sorted_inventory(live_inventory(rows, changed=changed), folder):
            writer.write(batch)
        written = writer.finish()
    return str(written.path), -(-rows // _EVERY) if changed else 0
