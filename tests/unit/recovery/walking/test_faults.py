"""What fails below a root is not known, never gone: errors are injected into system calls."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import UnreachableError
from reconciler.recovery.hashing import file
from reconciler.recovery.rows import CHANGING, FILE, MARKER, UNREADABLE, Rows
from reconciler.recovery.values import Target
from reconciler.recovery.walking.folder import FolderSource

ERRORS = ["EIO", "ESTALE", "EACCES", "ETIMEDOUT", "EHOSTDOWN"]
FILES = [b"a/1", b"a/2", b"b/1", b"b/c/1", b"d"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in FILES:
        whole = tmp_path / os.fsdecode(path)
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(path)
    return tmp_path


@pytest.fixture
def source(root: Path) -> Iterator[FolderSource]:
    one = FolderSource(Target("id", "nas", "local", "place", str(root)), ())
    yield one
    one.close()


class Failing:
    """Has a call of `os` fail for one name."""

    def __init__(self, patch: pytest.MonkeyPatch, call: str, name: str | bytes, code: str) -> None:
        self.true = getattr(os, call)
        self.error = OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
        self.name = os.fsencode(name)
        patch.setattr(os, call, self)

    def __call__(self, path: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(path, str | bytes) and os.fsencode(path) == self.name:
            raise self.error
        return self.true(path, *rest, **named)


def listed(source: FolderSource) -> dict[bytes, tuple[str, bytes | None]]:
    return told(next(source.listing()))


def told(rows: Rows) -> dict[bytes, tuple[str, bytes | None]]:
    return dict(zip(rows.path, zip(rows.kind, rows.detail, strict=True), strict=True))


def unlisted(*paths: bytes) -> Rows:
    """Return rows of files of which nothing but the paths is known."""
    nothing = [None] * len(paths)
    return Rows(path=list(paths), size=nothing, mtime_ns=nothing, ctime_ns=nothing, inode=nothing)


def all_but(*paths: bytes) -> dict[bytes, tuple[str, bytes | None]]:
    return {path: (FILE, None) for path in FILES if path not in paths}


@pytest.mark.parametrize("code", ERRORS)
def test_a_file_that_can_not_be_looked_at(
    source: FolderSource, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    Failing(monkeypatch, "stat", b"2", code)
    assert listed(source) == all_but(b"a/2") | {b"a/2": (UNREADABLE, code.encode())}


@pytest.mark.parametrize("code", [*ERRORS, "ENOENT"])
def test_a_folder_that_can_not_be_opened(
    source: FolderSource, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    Failing(monkeypatch, "open", b"b", code)
    assert listed(source) == all_but(b"b/1", b"b/c/1") | {b"b/": (UNREADABLE, code.encode())}


def test_what_this_user_may_not_read(source: FolderSource, root: Path) -> None:
    (root / "b").chmod(0)
    (root / "a/1").chmod(0)
    try:
        if os.access(root / "b", os.R_OK):
            pytest.skip("root can read anything")
        rows = next(source.listing())
        read = source.read(rows, lambda _: None)
    finally:
        (root / "b").chmod(0o700)
        (root / "a/1").chmod(0o600)
    assert told(rows) == all_but(b"b/1", b"b/c/1") | {b"b/": (UNREADABLE, b"EACCES")}
    assert told(read)[b"a/1"] == (UNREADABLE, b"EACCES")


class Broken:
    """The names of a folder, up to an error."""

    def __init__(self, entries: Any, code: int) -> None:
        self.entries = entries
        self.code = code

    def __enter__(self) -> Broken:
        return self

    def __exit__(self, *_: object) -> None:
        self.entries.close()

    def __iter__(self) -> Iterator[Any]:
        yield next(self.entries)
        raise OSError(self.code, "injected")


def test_a_folder_whose_listing_breaks_off_is_not_known_at_all(
    source: FolderSource, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, inode = os.scandir, (root / "a").stat().st_ino

    def scandir(where: int) -> Any:
        entries = true(where)
        return Broken(entries, errno.EIO) if os.fstat(where).st_ino == inode else entries

    monkeypatch.setattr(os, "scandir", scandir)
    assert listed(source) == all_but(b"a/1", b"a/2") | {b"a/": (UNREADABLE, b"EIO")}


@pytest.mark.parametrize("code", [*ERRORS, "ENOENT", "ENOTDIR"])
def test_a_root_that_can_not_be_opened(
    source: FolderSource, root: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    Failing(monkeypatch, "open", bytes(root), code)
    with pytest.raises(UnreachableError) as proving:
        source.prove(None)
    with pytest.raises(UnreachableError):
        next(source.listing())
    assert proving.value.reason == code
    read = source.read(unlisted(b"a/1"), lambda _: None)
    assert told(read) == {b"a/1": (UNREADABLE, code.encode())}


def test_a_root_whose_files_nobody_may_look_at(
    source: FolderSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, "stat", b".", "EACCES")
    with pytest.raises(UnreachableError, match="can't be read by this user"):
        source.prove(None)


@pytest.mark.parametrize("code", ERRORS)
def test_a_file_that_can_not_be_opened(
    source: FolderSource, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    rows = next(source.listing())
    Failing(monkeypatch, "open", b"2", code)
    read = source.read(rows, lambda _: None)
    assert told(read) == all_but(b"a/2") | {b"a/2": (UNREADABLE, code.encode())}
    assert read.size == [3, 3, 3, 5, 1]
    hashes = [None if path == b"a/2" else hashlib.sha256(path).digest() for path in FILES]
    assert (read.path, read.sha256) == (FILES, hashes)


@pytest.mark.parametrize("code", ERRORS)
def test_a_file_whose_bytes_can_not_be_read(
    source: FolderSource, root: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    rows = next(source.listing())
    true, inode = file._fill, (root / "b/1").stat().st_ino

    def fill(fd: int, parts: tuple[memoryview]) -> int:
        if os.fstat(fd).st_ino == inode:
            raise OSError(getattr(errno, code), "injected")
        return true(fd, parts)

    monkeypatch.setattr(file, "_fill", fill)
    read = source.read(rows, lambda _: None)
    assert told(read) == all_but(b"b/1") | {b"b/1": (UNREADABLE, code.encode())}


@pytest.mark.parametrize("code", [*ERRORS, "ENOENT"])
def test_a_folder_that_is_lost_before_its_files_are_read(
    source: FolderSource, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    rows = next(source.listing())
    Failing(monkeypatch, "open", b"b", code)
    read = source.read(rows, lambda _: None)
    lost = {path: (UNREADABLE, code.encode()) for path in (b"b/1", b"b/c/1")}
    assert told(read) == all_but(*lost) | lost


def test_files_are_gone_only_from_a_folder_that_is_still_there(
    source: FolderSource, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, "stat", b"2", "ENOENT")
    assert listed(source) == all_but(b"a/2")
    true = os.scandir

    def replaced(where: int) -> Any:
        """Replace a folder by an empty one after its names were read."""
        entries = list(true(where))
        if {entry.name for entry in entries} == {"1", "2"}:
            (root / "a").rename(root / "moved")
            (root / "a").mkdir()
        return Kept(entries)

    monkeypatch.setattr(os, "scandir", replaced)
    assert listed(source)[b"a/2"] == (UNREADABLE, b"ENOENT")


class Kept(list[Any]):
    """Entries that were read before."""

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


def test_files_are_not_gone_when_the_root_is_another(source: FolderSource, root: Path) -> None:
    rows = next(source.listing())
    root.rename(root.with_name(f"{root.name}-away"))
    root.mkdir()
    (root.with_name(f"{root.name}-away") / "d").unlink()
    read = source.read(rows, lambda _: None)
    assert told(read)[b"d"] == (UNREADABLE, b"ENOENT")
    with pytest.raises(UnreachableError) as proving:
        source.prove(None)
    assert proving.value.reason == "other folder"


def test_the_end_of_a_listing_proves_that_the_root_is_the_same(
    source: FolderSource, root: Path
) -> None:
    listing = source.listing()
    next(listing)
    root.rename(root.with_name(f"{root.name}-away"))
    with pytest.raises(UnreachableError):
        next(listing)


def test_a_marker_that_can_not_be_read(
    source: FolderSource, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".x.jetraw-storage").write_bytes(b"1")
    assert listed(source)[b".x.jetraw-storage"] == (MARKER, b"1")
    known = source.prove(None)
    Failing(monkeypatch, "open", b".x.jetraw-storage", "EIO")
    assert listed(source)[b".x.jetraw-storage"] == (UNREADABLE, b"EIO")
    with pytest.raises(UnreachableError):
        source.prove(known)


def test_a_file_that_changes_each_time_it_is_read(source: FolderSource, root: Path) -> None:
    (root / "a/1").write_bytes(bytes(file.BUFFER + 1))  # of a small one the pace is told later
    grown = []

    def pace(count: int) -> None:
        if count == file.BUFFER:
            with (root / "a/1").open("ab") as more:
                grown.append(more.write(b"more"))

    read = source.read(unlisted(b"a/1"), pace)
    assert told(read) == {b"a/1": (CHANGING, None)}
    assert read.sha256 == [None]
    assert len(grown) == 2


def test_a_file_that_changed_once_is_read_once_more(source: FolderSource, root: Path) -> None:
    changes = [lambda: (root / "a/1").write_bytes(b"second")]

    def pace(_: int) -> None:
        if changes:
            changes.pop()()

    read = source.read(unlisted(b"a/1"), pace)
    assert told(read) == {b"a/1": (FILE, None)}
    assert read.size == [6]


def test_a_file_that_comes_back_has_no_hash(
    source: FolderSource, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, "open", b"1", "ENOENT")  # it is there when it is looked at
    read = source.read(unlisted(b"a/1"), lambda _: None)
    assert told(read) == {b"a/1": (CHANGING, None)}


def test_nothing_is_left_open(source: FolderSource, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(os.listdir("/proc/self/fd"))
    rows = next(source.listing())
    source.read(rows, lambda _: None)
    Failing(monkeypatch, "open", b"b", "EIO")
    list(source.listing())
    source.read(rows, lambda _: None)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        source.read(rows, stop)
    source.close()
    assert set(os.listdir("/proc/self/fd")) <= before
