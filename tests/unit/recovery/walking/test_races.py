"""Files that change while they are read: each is `changing`, or has the hash of one moment."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.recovery.hashing.file import BUFFER
from reconciler.recovery.rows import CHANGING, FILE
from reconciler.recovery.values import Target
from reconciler.recovery.walking.folder import FolderSource

PAGE = 4096
PAGES = 2 * BUFFER // PAGE
VERSIONS = [bytes((65 + n,)) * PAGE for n in range(3)]


class Writer:
    """Writes, grows, replaces and deletes files, each in a way of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.version = 0
        for name in ("written", "grown", "replaced", "deleted"):
            (folder / name).write_bytes(VERSIONS[0] * PAGES)

    def step(self) -> None:
        self.random.choice((self.write, self.grow, self.replace, self.delete))()

    def write(self) -> None:
        """Write the next version over the last, page after page."""
        self.version += 1
        page = VERSIONS[self.version % len(VERSIONS)]
        fd = os.open(self.folder / "written", os.O_WRONLY)
        for _ in range(8):
            os.write(fd, page * (PAGES // 8))
        os.close(fd)

    def grow(self) -> None:
        file = self.folder / "grown"
        fd = os.open(file, os.O_WRONLY | os.O_APPEND)
        if os.fstat(fd).st_size >= 2 * PAGE * PAGES:
            os.ftruncate(fd, 0)
        os.write(fd, VERSIONS[0] * self.random.randrange(PAGES // 2))
        os.close(fd)

    def replace(self) -> None:
        (self.folder / "new").write_bytes(self.random.choice(VERSIONS) * PAGES)
        (self.folder / "new").replace(self.folder / "replaced")

    def delete(self) -> None:
        (self.folder / "deleted").unlink()
        (self.folder / "again").write_bytes(self.random.choice(VERSIONS) * PAGES)
        (self.folder / "again").rename(self.folder / "deleted")


def hashes(contents: Iterator[bytes]) -> set[bytes]:
    return {hashlib.sha256(content).digest() for content in contents}


def written() -> Iterator[bytes]:
    """Yield what was in the file at any moment: the start of one version, the end of the last."""
    for last, version in zip(VERSIONS, VERSIONS[1:] + VERSIONS[:1], strict=True):
        for pages in range(PAGES):
            yield version * pages + last * (PAGES - pages)


def grown() -> set[bytes]:
    digest, found = hashlib.sha256(), set()
    for _ in range(2 * PAGES + PAGES // 2):
        found.add(digest.digest())
        digest.update(VERSIONS[0])
    return found


@pytest.fixture(scope="module")
def moments() -> dict[bytes, set[bytes]]:
    whole = hashes(version * PAGES for version in VERSIONS)
    return {
        b"written": hashes(written()),
        b"grown": grown(),
        b"replaced": whole,
        b"deleted": whole,
    }


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Write in the background from the call on; until the test ends."""
    stop = threading.Event()
    one = Writer(tmp_path, seed=20)

    def work() -> None:
        while not stop.is_set():
            one.step()

    thread = threading.Thread(target=work)

    def begin() -> Path:
        thread.start()
        return tmp_path

    yield begin
    stop.set()
    thread.join()


def test_a_file_has_the_hash_of_one_moment_or_is_changing(
    writer: Callable[[], Path], moments: dict[bytes, set[bytes]], long: bool
) -> None:
    folder = writer()
    source = FolderSource(Target("id", "nas", "local", "place", str(folder)), ())
    for _ in range(2_000 if long else 60):
        (listed,) = source.listing()
        rows = source.read(listed, lambda _: None)
        for path, kind, sha256 in zip(rows.path, rows.kind, rows.sha256, strict=True):
            if path not in moments:  # on its way to another name
                continue
            if kind == CHANGING:
                assert sha256 is None
            else:
                assert kind == FILE
                assert sha256 in moments[path], path
        assert {b"written", b"grown", b"replaced"} <= set(rows.path)
    source.close()
