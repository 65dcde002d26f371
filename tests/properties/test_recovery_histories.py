"""Whatever becomes of files and of a repository: what is known to be wrong is told till its end.

And nothing else is; and `--explain` says of each file what `verify` says.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.recovery.histories import PATHS, Files
from support.sampling import examples

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs a file system that is trusted"
)
#: A method of `Files`, and what it is given.
Move: TypeAlias = tuple[Any, ...]


def move(name: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Move]:
    return st.tuples(st.just(name), *values)


paths, numbers, either = st.sampled_from(PATHS), st.integers(0, 3), st.booleans()
#: What comes often stands here several times.
MOVES = st.one_of(
    *(move(name, paths) for name in ("rot", "rot", "rot", "write", "touch", "remove", "accept")),
    *[move("restore", paths, either)] * 3,
    *[move("mirror", paths, numbers, either)] * 2,
    *(move("scan", either, st.just(False)) for _ in range(4)),
    *(move("snapshot") for _ in range(2)),
    move("move", paths),
    move("rot_as_before", paths, numbers),
    move("lose", st.sampled_from(["findings", "found", "unfinished"])),
    move("prune", st.integers(1, 2)),
    move("scan", either, st.just(True)),
    move("verify"),
    *[move("deep", st.integers(-1, 3))] * 2,
    move("against", numbers, numbers),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(where := tmp_path_factory.mktemp("histories"))
        # Wait for no disk: what outlasts a power cut is tested elsewhere.
        patched.setattr(os, "fsync", lambda _file: None)
        yield where


def play(folder: Path, moves: list[Move]) -> None:
    files = Files(folder)
    for name, *values in moves:
        getattr(files, name)(*values)
    files.deep(-1)
    files.deep(0)


A = PATHS[0]
ROT, WRITE, REMOVE, RESTORE = ("rot", A), ("write", A), ("remove", A), ("restore", A, False)
SCAN, SNAPSHOT, DEEP = ("scan",), ("snapshot",), ("deep", -1)
#: What once was told wrong: each failed before it was mended.
HISTORIES = {
    "damage comes back with a new time": [ROT, SCAN, RESTORE, SCAN, ("mirror", A, 0, True), SCAN],
    "and where somebody had written since": [ROT, SCAN, WRITE, SCAN, ("mirror", A, 0, True), SCAN],
    "damage comes back that had rotted on": [
        *(ROT, SCAN, ROT, SCAN, RESTORE, SCAN),
        *(("mirror", A, 0, True), SCAN),
    ],
    "written over damage that a snapshot has": [ROT, SCAN, SNAPSHOT, WRITE],
    "damage that goes on under a new time": [ROT, DEEP, ("touch", A), DEEP, ROT],
    "gone, another in its place, and gone again": [REMOVE, SCAN, WRITE, SCAN, REMOVE],
    "written, verified, gone, and back": [WRITE, DEEP, REMOVE, SCAN, RESTORE, SCAN],
    "written, verified, rotten, and restored": [WRITE, DEEP, ROT, SCAN, RESTORE, SCAN],
}


@pytest.mark.parametrize("history", HISTORIES)
def test_what_is_known_to_be_wrong_is_told_and_nothing_else(folder, history):
    play(folder, HISTORIES[history])


@settings(max_examples=examples(10, 500))
@given(st.lists(MOVES, max_size=14))
def test_so_it_is_in_any_history(folder, moves):
    play(folder, moves)
