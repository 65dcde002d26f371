"""Files with the same bytes go, come back and move: as many are missing as there are fewer.

Which of them lies where nobody can tell; how many there are anybody can.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.verifying import remembered
from support.recovery.memory import LONG_AGO, File, Storage
from support.recovery.scans import here, scan_once
from support.sampling import examples

FIRST = {b"a": b"AAAA", b"b": b"AAAA", b"c": b"AAAA", b"x": b"XXXX", b"y": b"XXXX", b"z": b"zzzz"}


class Twins:
    """A storage, and what ever lay on it at which path."""

    def __init__(self, folder: str) -> None:
        self._storage, self._repository = Storage(), open_repository(folder, make=True)
        self.there = self._storage.files
        for at, (path, data) in enumerate(FIRST.items()):
            self.there[path] = File(data, mtime_ns=LONG_AGO + at % 3 * 10**9)
        self._lay, self._fresh = dict(self.there), count()
        self._total = self._count()
        self.log: list[object] = []
        self.scan()

    def _count(self) -> Counter[bytes]:
        return Counter(file.data for file in self.there.values())

    @property
    def missing(self) -> Counter[bytes]:
        """How many there are fewer of each bytes than there were."""
        return self._total - self._count()

    def remove(self, which: int) -> None:
        if self.there:
            path = sorted(self.there)[which % len(self.there)]
            del self.there[path]
            self.log.append(("remove", path))

    def back(self, which: int) -> None:
        """Restore one of those that are fewer, to a path where one of them lay."""
        empty = [p for p in sorted(self._lay) if p not in self.there]
        paths = [p for p in empty if self.missing[self._lay[p].data]]
        if paths:
            path = paths[which % len(paths)]
            self.there[path] = self._lay[path]
            self.log.append(("back", path))

    def move(self, which: int) -> None:
        """Move one to a new path, or to where one with its bytes lay."""
        if self.there:
            path = sorted(self.there)[which % len(self.there)]
            alike = [p for p in sorted(self._lay) if self._lay[p].data == self.there[path].data]
            empty = [p for p in alike if p not in self.there]
            to = empty[0] if empty and which % 2 else b"new %02d" % next(self._fresh)
            self._lay[to] = self.there[to] = self.there.pop(path)
            self.log.append(("move", path, to))

    def scan(self, *, kept: bool = True) -> Scanned:
        by = here()
        ended = scan_once(self._storage, self._repository, wish=Wish(full=True), by=by)
        if kept:
            remembered.keep(self._repository, ended, by.now)
        self.log.append(("scan" if kept else "killed", ended.missing_first))
        return ended


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Names of folders for repositories, which wait for no disk."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _file: None)
        where = tmp_path_factory.mktemp("repositories")
        yield (str(where / f"{n}") for n in count())


_moves = st.tuples(st.sampled_from(["remove", "remove", "back", "move"]), st.integers(0, 11))


@settings(max_examples=examples(15, 5000))
@given(st.lists(st.tuples(st.lists(_moves, max_size=3), st.booleans()), max_size=7))
def test_as_many_files_are_missing_as_there_are_fewer(folders, nights):
    twins = Twins(next(folders))
    for moves, kept in [*nights, ([], True), ([], True)]:
        for name, which in moves:
            getattr(twins, name)(which)
        ended = twins.scan(kept=kept)
        if kept:
            assert ended.missing == sum(twins.missing.values()), twins.log
