"""A database is looked at without harm to connections that are open in the same process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.disk import sqlite_file
from reconciler.lease.contract import Holder
from reconciler.model import Values
from reconciler.platforms.sqlite.file import create, exists
from reconciler.platforms.sqlite.platform import SqlitePlatform

#: Tries to take what SQLite keeps shared as long as a connection is open (bytes from 2^30 + 2 on),
#: as whoever closes its last connection does before it removes the log.
TAKE_ALL = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except OSError:
        sys.exit(3)
"""

USES: dict[str, Callable[[SqlitePlatform, Path], object]] = {
    "exists": lambda _platform, path: exists(path),
    "reader": lambda platform, _path: platform.reader().close(),
    "current": lambda platform, _path: platform.lock().current(),
    "acquire": lambda platform, _path: platform.lock().acquire(Holder("me", "", "", ""), 60),
}


def is_held(path: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", TAKE_ALL, path], check=False)
    assert done.returncode in (0, 3)
    return done.returncode == 3


@pytest.mark.skipif(os.name == "nt", reason="locks belong to descriptors there")
@pytest.mark.parametrize("use", USES)
def test_the_locks_of_an_open_connection_stay_whatever_else_looks_at_the_file(
    tmp_path: Path, use: str
) -> None:
    path = tmp_path / "platform.db"
    create(path)
    platform = SqlitePlatform(path)
    with closing(platform.writer(wait=5)) as writer:
        writer.create(Values("a", "A", "local", "file:///a"))
        assert is_held(path)
        USES[use](platform, path)
        assert is_held(path)
    assert not is_held(path)


def test_a_file_that_takes_the_place_of_another_is_looked_at_itself(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    create(path)
    assert exists(path)
    path.unlink()
    assert not exists(path)
    create(path)
    assert exists(path)


def test_descriptors_do_not_pile_up(tmp_path: Path) -> None:
    for number in range(80):
        path = tmp_path / f"{number}.db"
        path.write_bytes(b"SQLite format 3\0" + bytes(84))
        assert sqlite_file.header_of("platform", path) is not None
    assert len(sqlite_file._HELD) <= 64
