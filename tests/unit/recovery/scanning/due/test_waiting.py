"""What waits to be read: handed out by turns, as it was listed, with the hash to be expected."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.scanning.due.waiting import Waiting
from support.recovery.memory import File, rows_with

HASH = b"h" * 32


def waiting_of(folder: Path, opened: ExitStack, turns: dict[bytes, int]) -> Waiting:
    waiting = Waiting(folder, opened)
    for path, turn in sorted(turns.items()):
        row = scanned(rows_with({path: File(b"12")}, sha256=b"x" * 32, proof="kept", proved_at=5))
        waiting.add(row, pa.array([turn], pa.int64()), pa.array([HASH], pa.binary(32)))
    return waiting


def test_files_are_handed_out_by_turns_and_within_one_by_path(tmp_path) -> None:
    with ExitStack() as opened:
        waiting = waiting_of(tmp_path, opened, {b"a": 7, b"b": 3, b"c": 7, b"d": 4})
        assert (waiting.count(-1, 3), waiting.count(3, 7)) == (1, 3)
        (first,) = waiting.taken(-1, 3)
        rows, known = first
        assert (rows.path, known) == ([b"b"], [HASH])
        assert (rows.sha256, rows.proof, rows.proved_at) == ([None], [""], [None])
        assert rows.inode[0] is not None
        assert [path for rows, _ in waiting.taken(3, 7) for path in rows.path] == [b"a", b"c", b"d"]
        assert list(waiting.taken(7, 99)) == []


def test_steps_are_few_end_with_the_last_turn_and_have_about_as_much_each(tmp_path) -> None:
    with ExitStack() as opened:
        assert waiting_of(tmp_path, opened, {}).steps() == []
        turns = {b"%03d" % i: i for i in range(100)}
        steps = waiting_of(tmp_path, opened, turns).steps()
    assert steps == sorted(set(steps))
    assert steps[-1] == 99
    assert len(steps) == 17
    assert max(b - a for a, b in zip([-1, *steps], steps, strict=False)) <= 7
