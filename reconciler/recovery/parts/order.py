"""Whether keys ascend as bytes, each once: what merging and comparing rest on."""

from __future__ import annotations

import bisect

import pyarrow as pa
import pyarrow.compute as pc


def ascends(keys: pa.Array, after: bytes | None = None) -> bool:
    """Return whether each key is greater than the one before; the first is than `after`."""
    if len(keys) == 0:
        return True
    if after is not None and keys[0].as_py() <= after:
        return False
    return pc.all(pc.less(keys[:-1], keys[1:])).as_py() is not False


def rows_up_to(keys: pa.Array, until: bytes) -> int:
    """Return how many of the keys, which ascend, are not greater than `until`."""
    if not len(keys) or keys[-1].as_py() <= until:
        return len(keys)
    return bisect.bisect_right(range(len(keys)), until, key=lambda at: keys[at].as_py())
