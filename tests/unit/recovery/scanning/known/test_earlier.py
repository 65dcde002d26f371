"""Earlier rows beside a listing."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SnapshotError
from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.scanning.known import earlier
from reconciler.recovery.scanning.known.earlier import Earlier
from support.recovery.memory import File, rows_with

PATHS = st.sets(st.binary(min_size=1, max_size=3), max_size=40)
CUTS = st.lists(st.integers(0, 40), max_size=6)


def cut(items: list, at: list[int]) -> list[list]:
    edges = [0, *sorted(min(i, len(items)) for i in at), len(items)]
    return [items[a:b] for a, b in pairwise(edges)]


@given(PATHS, PATHS, CUTS, CUTS)
def test_each_path_meets_its_own_row(was, now, was_cuts, now_cuts) -> None:
    inodes = {path: i for i, path in enumerate(sorted(was))}
    batches = [
        scanned(rows_with({path: File(inode=inodes[path]) for path in part}))
        for part in cut(sorted(was), was_cuts)
    ]
    known = Earlier(iter(batches), clock=0, agreeing=())
    for part in cut(sorted(now), now_cuts):
        if not part:
            continue
        beside = known.beside(pa.array(part, pa.binary()))
        assert beside.num_rows == len(part)
        assert beside["inode"].to_pylist() == [inodes.get(path) for path in part]
        assert beside["path"].to_pylist() == [path if path in was else None for path in part]


def test_a_part_with_another_hash_is_damaged(tmp_path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"abc")
    earlier.check(part, hashlib.sha256(b"abc").hexdigest())
    with pytest.raises(SnapshotError, match="corrupt"):
        earlier.check(part, hashlib.sha256(b"abd").hexdigest())
