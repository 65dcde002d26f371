"""The hash of an open file is of what was in it at one moment."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.recovery.hashing import file
from reconciler.recovery.hashing.file import BUFFER, Hasher, State

OLD = 1_500_000_000_000_000_000
#: When the tests run: nothing that they make was touched lately.
NOW = 10**19
#: The sizes at which a loop over buffers goes wrong.
SIZES = [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, 3 * BUFFER + 7]


@pytest.fixture(params=["readv", "readinto"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as on POSIX, and as on Windows."""
    if request.param == "readinto":
        monkeypatch.setattr(file, "_fill", file._readinto)


def state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def read(path: Path, pace: Callable[[int], None] = lambda _: None) -> bytes | None:
    fd = os.open(path, os.O_RDONLY)
    try:
        return Hasher(pace).hashed(fd, state(path), NOW)
    finally:
        os.close(fd)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("size", SIZES)
def test_a_file_has_the_hash_of_its_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    assert read(tmp_path / "a") == hashlib.sha256(data).digest()


def test_the_pace_is_told_of_every_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(2 * BUFFER + 5))
    told: list[int] = []
    assert read(tmp_path / "a", told.append)
    assert told == [BUFFER, BUFFER, 5]


def test_the_pace_is_told_of_small_files_together_but_soon(tmp_path: Path) -> None:
    path, moment = tmp_path / "a", NOW
    path.write_bytes(bytes(BUFFER // 4))
    told: list[int] = []
    hasher = Hasher(told.append)
    for later in (0, 1, 1, 1, 1, 10**9, 1):
        moment += later
        fd = os.open(path, os.O_RDONLY)
        assert hasher.hashed(fd, state(path), moment)
        os.close(fd)
    # At once, once a buffer's worth was read, and after a while.
    assert told == [BUFFER // 4, BUFFER, BUFFER // 4]
    hasher.tell()
    hasher.tell()
    assert told[3:] == [BUFFER // 4]


def test_a_file_that_was_just_touched_is_read_twice(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    told: list[int] = []
    fd = os.open(tmp_path / "a", os.O_RDONLY)
    try:
        assert Hasher(told.append).hashed(fd, state(tmp_path / "a"), time.time_ns())
    finally:
        os.close(fd)
    assert told == [5, 5]


def test_what_the_pace_raises_comes_through(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(tmp_path / "a", stop)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, BUFFER)


def rewrite(path: Path) -> None:
    path.write_bytes(bytes(2 * BUFFER))
    os.utime(path, ns=(OLD, OLD))  # the change time tells


def replace(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(bytes(2 * BUFFER))
    new.replace(path)


def delete(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [grow, shrink, rewrite, replace, delete])
def test_a_file_that_changes_while_it_is_read_has_no_hash(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(os.urandom(2 * BUFFER))
    os.utime(path, ns=(OLD, OLD))
    pending = [change]

    def pace(_: int) -> None:
        if pending:
            pending.pop()(path)

    assert read(path, pace) is None


def test_a_change_within_one_tick_of_the_clock_shows_in_the_second_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a" * BUFFER + b"a" * BUFFER)
    frozen = path.stat()
    monkeypatch.setattr(file.os, "fstat", lambda _: frozen)
    pending = [lambda: path.write_bytes(b"b" * BUFFER + b"b" * BUFFER)]

    def pace(_: int) -> None:
        if pending:
            pending.pop()()

    fd = os.open(path, os.O_RDONLY)
    try:
        assert Hasher(pace).hashed(fd, state(path), frozen.st_ctime_ns) is None
    finally:
        os.close(fd)


def test_a_file_that_is_not_as_it_was_before_it_was_opened_has_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"same")
    size, mtime_ns, ctime_ns = state(path)
    fd = os.open(path, os.O_RDONLY)
    try:
        for before in ((size, mtime_ns, None), (size, 1, ctime_ns), (None, mtime_ns, ctime_ns)):
            os.lseek(fd, 0, os.SEEK_SET)
            assert Hasher(lambda _: None).hashed(fd, before, NOW) is None
    finally:
        os.close(fd)


def test_what_is_no_regular_file_has_no_hash() -> None:
    fd = os.open("/dev/null", os.O_RDONLY)
    found = os.fstat(fd)
    try:
        before = (0, found.st_mtime_ns, found.st_ctime_ns)
        assert Hasher(lambda _: None).hashed(fd, before, NOW) is None
    finally:
        os.close(fd)


def test_each_thread_reads_into_one_buffer_of_its_own() -> None:
    buffers = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: buffers.append((file._buffer(), file._buffer())))
        thread.start()
        thread.join()
    (one, again), (other, _) = buffers
    assert one is again
    assert one is not other


def test_errors_of_the_disk_come_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"1")

    def failing(fd: int, buffer: memoryview) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(file, "_fill", failing)
    with pytest.raises(OSError, match="Input/output"):
        read(tmp_path / "a")
