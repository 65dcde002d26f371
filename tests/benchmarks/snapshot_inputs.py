"""Contents and inventories as facilities have them, for the benchmark of comparing them.

Names, sizes and times are those of high-content screens: plates of wells, sites and channels,
files of similar size written one after the other, nanoseconds of which no two are alike.
"""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from reconciler.platform import InventoryRow
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.schema import CONTENTS, INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.rows import Rows

_BATCH = 2_000
_BEGIN = 1_760_000_000
#: Of so many rows of an inventory one is another's.
_EVERY = 1_000


def names() -> Iterator[bytes]:
    """Yield paths in their order, without end."""
    letters = random.Random(1)
    for plate in range(10**6):
        of = f"{letters.getrandbits(32):08x}"
        for well in range(96):
            for site in range(9):
                for channel in range(4):
                    yield (
                        f"screen_{plate // 200:04d}/plate_{plate:06d}_{of}/"
                        f"{'ABCDEFGH'[well // 12]}{well % 12 + 1:02d}_s{site}_w{channel}.ome.p.tif"
                    ).encode()


def write_contents(folder: Path, rows: int, *, changed: float = 0) -> tuple[str, int, int]:
    """Write a part, say its size, and how many of its rows differ from those with nothing changed.

    Of the rows the share `changed` differs: of six, four are other bytes, one is gone, and before
    one there is a new file.
    """
    chance, rest = random.Random(2), random.Random(3)
    differing, moment = 0, _BEGIN * 10**9
    with PartWriter(folder, CONTENTS) as writer:
        found = names()
        for at in range(0, rows, _BATCH):
            batch = Rows()
            for path in islice(found, min(_BATCH, rows - at)):
                size, sha256 = int(rest.gauss(8_400_000, 300_000)), rest.randbytes(32)
                moment += int(rest.expovariate(1.25) * 10**9)
                fate = chance.random() / changed if changed else 1
                differing += fate < 1
                if fate < 1 / 6:
                    continue
                if fate < 1 / 3:
                    _add(batch, path[:-1], size, moment - 1, chance.randbytes(32))
                elif fate < 1:
                    sha256 = bytes(32)
                _add(batch, path, size, moment, sha256)
            batch.proved_at = [_BEGIN + 10**7 + (at + i) // 40 for i in range(len(batch))]
            writer.write(convert.to_batches(batch)[0])
        written = writer.finish()
    return str(written.path), written.size, differing


def _add(rows: Rows, path: bytes, size: int, moment: int, sha256: bytes) -> None:
    rows.path.append(path)
    rows.kind.append("file")
    rows.size.append(size)
    rows.mtime_ns.append(moment)
    rows.sha256.append(sha256)
    rows.proof.append("read")
    rows.version.append(None)
    rows.detail.append(None)
    rows.ctime_ns.append(moment)
    rows.inode.append(len(rows))
    rows.tag.append(None)


def live_inventory(rows: int, *, changed: bool) -> Iterator[InventoryRow]:
    """Yield an inventory in an order that has nothing to do with its ids.

    With `changed`, one in a thousand has another checksum.
    """
    for at in range(rows):
        name = at * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
        checksum = f"{name * name + (1 if changed and at % _EVERY == 0 else 0):064x}"
        yield f"{name:032x}", f"sha256:{checksum}", f"sha256:{checksum[::-1]}"


def write_inventory(folder: Path, rows: int, *, changed: bool) -> tuple[str, int, int]:
    """Write an inventory as a part; as `write_contents`."""
    with PartWriter(folder, INVENTORY) as writer:
        for batch in sorted_inventory(live_inventory(rows, changed=changed), folder):
            writer.write(batch)
        written = writer.finish()
    return str(written.path), written.size, -(-rows // _EVERY) if changed else 0
