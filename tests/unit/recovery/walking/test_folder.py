"""The source of a local storage, on real folders: what is listed, in which order, and hashes."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.rows import FILE, LINK, MARKER, PIPE, READ, SOCKET, UNREADABLE, Rows
from reconciler.recovery.source import BATCH
from reconciler.recovery.values import Target
from reconciler.recovery.walking import descent, held
from reconciler.recovery.walking.folder import FolderSource

resource = pytest.importorskip("resource")


@pytest.fixture(params=["by descriptor", "by path"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open folders, and do without as on Windows."""
    if request.param == "by path":
        monkeypatch.setattr(held, "opened", lambda _: None)


def source(folder: Path, *excluded: str) -> FolderSource:
    return FolderSource(Target("id", "nas", "local", "place", f"file://{folder}"), excluded)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "nas"
    root.mkdir()
    return root


def listed(folder: Path, *excluded: str) -> Rows:
    one = source(folder, *excluded)
    try:
        return joined(one.listing())
    finally:
        one.close()


def joined(batches: Iterator[Rows]) -> Rows:
    rows = Rows()
    for batch in batches:
        assert 0 < len(batch) <= BATCH
        for column in Rows.__struct_fields__:
            getattr(rows, column).extend(getattr(batch, column))
    assert {len(getattr(rows, column)) for column in Rows.__struct_fields__} == {len(rows)}
    return rows


def kinds(rows: Rows) -> dict[bytes, str]:
    return dict(zip(rows.path, rows.kind, strict=True))


def details(rows: Rows) -> dict[bytes, bytes | None]:
    return dict(zip(rows.path, rows.detail, strict=True))


def put(root: Path, path: bytes, data: bytes = b"data") -> None:
    whole = os.path.join(os.fsencode(root), path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "wb") as file:
        file.write(data)


@pytest.mark.usefixtures("either_way")
def test_everything_is_listed_by_its_kind_and_nothing_is_followed(root: Path) -> None:
    put(root, b"a/file.tif", b"12345")
    (root / "to-file").symlink_to("a/file.tif")
    (root / "to-folder").symlink_to(root / "a")
    (root / "to-nothing").symlink_to(b"\xff".decode("utf-8", "surrogateescape"))
    os.mkfifo(root / "pipe")
    (root / "empty").mkdir()
    (root / ".x.jetraw-storage").write_bytes(b"id: 1")
    put(root, b"a/no.jetraw-storage", b"not at the root")
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.chdir(root)  # the path of a socket has 107 bytes at most
        listener.bind("socket")
    finally:
        os.chdir("/")
        listener.close()
    rows = listed(root)
    assert kinds(rows) == {
        b".x.jetraw-storage": MARKER,
        b"a/file.tif": FILE,
        b"a/no.jetraw-storage": FILE,
        b"pipe": PIPE,
        b"socket": SOCKET,
        b"to-file": LINK,
        b"to-folder": LINK,
        b"to-nothing": LINK,
    }
    told = {path: detail for path, detail in details(rows).items() if detail is not None}
    assert told == {
        b".x.jetraw-storage": b"id: 1",
        b"to-file": b"a/file.tif",
        b"to-folder": os.fsencode(root / "a"),
        b"to-nothing": b"\xff",
    }
    at = rows.path.index(b"a/file.tif")
    found = (root / "a/file.tif").stat()
    assert (rows.size[at], rows.mtime_ns[at]) == (5, found.st_mtime_ns)
    assert (rows.ctime_ns[at], rows.inode[at]) == (found.st_ctime_ns, found.st_ino)
    assert (rows.sha256[at], rows.proof[at], rows.proved_at[at]) == (None, "", None)


@pytest.mark.usefixtures("either_way")
def test_files_are_read_with_their_hashes(root: Path) -> None:
    put(root, b"a/1", b"one")
    put(root, b"a/b/2", b"two")
    put(root, b"c", b"")
    one = source(root)
    paces: list[int] = []
    rows = one.read(joined(one.listing()), paces.append)
    one.close()
    assert rows.path == [b"a/1", b"a/b/2", b"c"]
    assert rows.kind == [FILE] * 3
    assert rows.proof == [READ] * 3
    assert rows.sha256 == [hashlib.sha256(data).digest() for data in (b"one", b"two", b"")]
    assert sum(paces) == 2 * 6  # who wrote them may be at it still: each is read twice


NAMES = [
    b"a",
    b"a!",  # sorts before `a/`
    b"a0",  # and this behind it
    b"A",
    "é".encode(),
    unicodedata.normalize("NFD", "é").encode(),
    b"\xff\xfe",
    b"new\nline",
    b"\x01\x7f",
    b"back\\slash",
    b" ",
    b"n" * 255,
]
TREES = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(tuple), max_size=12)


@given(TREES)
def test_the_order_is_that_of_whole_paths_as_bytes(
    tmp_path_factory: pytest.TempPathFactory, tree: list[tuple[bytes, ...]]
) -> None:
    root = tmp_path_factory.mktemp("nas")
    made = set()
    for parts in sorted(tree, key=len, reverse=True):
        path = b"/".join(parts)
        taken = any(b"/".join(parts[:n]) in made for n in range(len(parts)))
        if not taken and not os.path.lexists(os.path.join(os.fsencode(root), path)):
            put(root, path)
            made.add(path)
    rows = listed(root)
    assert rows.path == sorted(made)
    assert set(rows.kind) <= {FILE}


def test_a_large_folder_comes_in_batches(root: Path) -> None:
    for number in range(BATCH + 300):
        put(root, b"%05d" % number, b"")
    put(root, b"01000x/in", b"")
    one = source(root)
    batches = list(one.listing())
    one.close()
    assert [len(batch) > 0 for batch in batches] == [True, True]
    assert joined(iter(batches)).path == sorted([*(b"%05d" % n for n in range(2300)), b"01000x/in"])


def deep(root: Path, names: list[bytes]) -> None:
    fd = os.open(root, os.O_RDONLY)
    for name in names[:-1]:
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
        os.close(os.open(b"z", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(os.open(names[-1], os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


@pytest.fixture(params=["long names", "many folders"])
def deep_tree(root: Path, request: pytest.FixtureRequest) -> Iterator[list[bytes]]:
    """Give the names of folders within folders, with a file in each; pytest can't remove them."""
    names = [b"d" * 255] * 40 if request.param == "long names" else [b"d"] * 1500
    deep(root, names)
    yield names
    subprocess.run(["rm", "-r", root], check=True)


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """Let this process open few files more than it has opened."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 2 * descent.KEPT, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("few_descriptors")
def test_paths_longer_than_the_system_takes_are_read(root: Path, deep_tree: list[bytes]) -> None:
    names = deep_tree
    one = source(root)
    rows = one.read(joined(one.listing()), lambda _: None)
    one.close()
    above = [b"/".join(names[: n + 1]) for n in range(len(names) - 1)]
    assert rows.path == sorted([b"/".join(names), *(path + b"/z" for path in above)])
    assert set(rows.sha256) == {hashlib.sha256().digest()}


@pytest.mark.usefixtures("either_way")
def test_what_is_excluded_is_not_even_looked_at(root: Path) -> None:
    for path in (b".snapshot/x/1", b"a/.snapshot/2", b"a/b.tmp", b"a/b.tif"):
        put(root, path)
    assert listed(root, ".snapshot/", "*.tmp").path == [b"a/b.tif"]


@pytest.mark.usefixtures("either_way")
def test_what_is_gone_or_another_thing_now_is_told_as_it_is(root: Path) -> None:
    for name in (b"d/1", b"d/2", b"d/3", b"d/4", b"e/1"):
        put(root, name)
    one = source(root)
    rows = joined(one.listing())
    (root / "d/1").unlink()
    (root / "d/2").unlink()
    (root / "d/2").symlink_to("elsewhere")
    (root / "d/3").unlink()
    (root / "d/3").mkdir()
    (root / "d/4").write_bytes(b"new")
    (root / "e").rename(root / "f")
    got = one.read(rows, lambda _: None)
    one.close()
    assert kinds(got) == {b"d/2": LINK, b"d/4": FILE, b"e/1": UNREADABLE}
    assert details(got) == {b"d/2": b"elsewhere", b"d/4": None, b"e/1": b"ENOENT"}
    assert got.sha256[got.path.index(b"d/4")] == hashlib.sha256(b"new").digest()
