"""The embedded platform under several real processes, and under processes that die."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.model import Values
from reconciler.platforms import open_platform

PRELUDE = """
import sys
from pathlib import Path
from reconciler.errors import ConflictError, PlatformError
from reconciler.plan.document import Values
from reconciler.platforms import open_platform
platform = open_platform("sqlite:///platform.db", base=sys.argv[1])
def values(name):
    return Values(name, "label " * 20, "local", "file:///data")
"""


def start(folder: Path, script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(script), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def names(folder: Path) -> list[str]:
    with closing(open_platform("sqlite:///platform.db", base=folder).reader()) as reader:
        return sorted(storage.name for storage in reader.read().storages)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def check(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "platform.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_processes_that_create_the_same_at_once(tmp_path: Path) -> None:
    script = """
        print("ready", flush=True)
        sys.stdin.readline()
        writer = platform.writer(wait=60)
        conflicts = 0
        for i in range(200):
            try:
                writer.create(values(f"n{i}"))
            except ConflictError:
                conflicts += 1
        print(writer.identity(), 200 - conflicts)
        writer.close()
    """
    running = [start(tmp_path, script) for _ in range(3)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len({identity for identity, _ in answers}) == 1
    assert sum(int(created) for _, created in answers) == 200
    assert names(tmp_path) == sorted(f"n{i}" for i in range(200))
    assert [p.name for p in tmp_path.iterdir()] == ["platform.db"]
    check(tmp_path)


def test_a_reader_beside_a_busy_writer_sees_only_whole_states(tmp_path: Path) -> None:
    # Each round opens, writes and closes, so that the file itself changes under the reader.
    script = """
        for i in range(100):
            writer = platform.writer(wait=60)
            writer.create(values(f"n{i:03}"))
            writer.close()
            print(i, flush=True)
    """
    process = start(tmp_path, script)
    assert process.stdout.readline()
    seen = 0
    with closing(open_platform("sqlite:///platform.db", base=tmp_path).reader()) as reader:
        while seen < 100:
            found = sorted(storage.name for storage in reader.read().storages)
            assert found == [f"n{i:03}" for i in range(len(found))]
            assert len(found) >= seen
            seen = len(found)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_process_that_is_killed_leaves_whole_writes_only(tmp_path: Path) -> None:
    script = """
        writer = platform.writer(wait=60)
        for i in range(1_000_000):
            made = writer.create(values(f"n{i:07}"))
            writer.record_inventory(made.id, [("u1", "a", "b"), ("u2", "a", "b")])
            print(i, flush=True)
    """
    confirmed = -1
    for _ in range(3):
        with closing(
            open_platform("sqlite:///platform.db", base=tmp_path).writer(wait=5)
        ) as writer:
            for storage in writer.read().storages:
                writer.remove(storage, holds_files=True)
        process = start(tmp_path, script)
        lines = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()  # `communicate` would leave out what was read ahead
        process.communicate(timeout=60)
        confirmed = int(lines[-1])
        found = names(tmp_path)
        assert found == [f"n{i:07}" for i in range(len(found))]
        assert confirmed < len(found) <= confirmed + 2
        with closing(open_platform("sqlite:///platform.db", base=tmp_path).reader()) as reader:
            for storage in reader.read().storages[:-1]:
                assert len(list(reader.inventory(storage.id))) in (0, 2)
        check(tmp_path)


def test_a_process_that_is_killed_while_it_makes_the_file_leaves_no_half_one(
    tmp_path: Path,
) -> None:
    script = """
        import os, signal
        from reconciler.disk import sqlite_file
        def die(*_):
            os.kill(os.getpid(), signal.SIGKILL)
        sqlite_file._publish = die
        platform.writer(wait=60)
    """
    process = start(tmp_path, script)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "platform.db").exists()
    assert names(tmp_path) == []
    with closing(open_platform("sqlite:///platform.db", base=tmp_path).writer(wait=5)) as writer:
        assert writer.read().storages == ()


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    # A limit on the size of files makes the system itself refuse to write on.
    script = """
        import resource
        writer = platform.writer(wait=60)
        size = 200_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        for i in range(10_000):
            try:
                writer.create(values(f"n{i:05}"))
            except PlatformError as error:
                print(i, error)
                break
        assert len(writer.read().storages) == i
        writer.close()
    """
    process = start(tmp_path, script)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    count, _, message = output.partition(" ")
    assert "platform.db" in message
    assert "run again" in message
    assert names(tmp_path) == [f"n{i:05}" for i in range(int(count))]
    check(tmp_path)


def test_a_disk_that_is_full_before_the_file_is_made(tmp_path: Path) -> None:
    script = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
        try:
            platform.writer(wait=60)
        except PlatformError as error:
            print(error)
    """
    process = start(tmp_path, script)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert "platform.db" in output
    assert list(tmp_path.iterdir()) == []


def test_reading_in_a_folder_that_can_not_be_written(open_folder: Path) -> None:
    with closing(open_platform("sqlite:///platform.db", base=open_folder).writer(wait=5)) as writer:
        writer.create(Values("nas", "NAS", "local", "file:///data"))
    (open_folder / "platform.db").chmod(0o444)
    open_folder.chmod(0o555)
    # Permissions do not bind root, so the process gives up that rank first.
    script = """
        import os
        platform.reader().close()
        if os.geteuid() == 0:
            os.seteuid(65534)
        print([storage.name for storage in platform.reader().read().storages])
        try:
            platform.writer(wait=0).create(values("other"))
        except PlatformError as error:
            print(error)
    """
    output = start(open_folder, script).communicate(timeout=60)[0]
    assert output.startswith("['nas']\n")
    assert "check the permissions" in output
    assert [p.name for p in open_folder.iterdir()] == ["platform.db"]
