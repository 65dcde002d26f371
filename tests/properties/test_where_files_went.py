"""Files that are renamed, removed and closed off, night after night: no loss is ever untold.

And nothing that is still there, wherever it went, is ever told to be missing: neither by a scan nor
where the first one is compared with the last. What was accepted stays so while nothing changes.
"""

from __future__ import annotations

import os
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.recovery import rows
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.values import MISSING
from support.recovery.memory import LONG_AGO, File
from support.recovery.nights import GOOD, Nights
from support.sampling import examples

FOLDERS = ("a", "b")
PATHS = [b"a/0", b"a/1", b"b/0"]
SIZE = 4
paths, folders = st.sampled_from(PATHS), st.sampled_from(FOLDERS)


class Disk:
    """A storage with some folders, and what became of each bytes that a scan has read."""

    def __init__(self, repository) -> None:
        self.nights = Nights(repository)
        self.storage = self.nights.storage
        self.closed: dict[str, dict[bytes, File]] = {}
        self.left_out: set[str] = set()
        self.number = 0
        self.log: list[object] = []
        self.time: dict[bytes, int] = {}
        #: Bytes that were read, and where each lay; those that somebody lost, and not on purpose.
        self.lived: dict[bytes, set[bytes]] = {}
        self.seen: set[bytes] = set()
        #: Where a scan saw each last.
        self.at: dict[bytes, bytes] = {}
        #: Where one read each last.
        self.read_at: dict[bytes, bytes] = {}
        self.lost: set[bytes] = set()
        #: Those which a scan could have seen to be gone.
        self.noticed: set[bytes] = set()
        #: Bytes of which a copy was removed, or has gone where no scan could see that it came.
        self.gone: set[bytes] = {GOOD, b"z"}
        for file in self.all.values():
            self.time[file.data] = file.mtime_ns

    @property
    def all(self) -> dict[bytes, File]:
        """All that is really there."""
        every = [self.storage.files, *self.closed.values()]
        return {p: f for each in every for p, f in each.items() if f.kind == rows.FILE}

    def _room(self, path: bytes) -> dict[bytes, File]:
        return self.closed.get(path[:1].decode(), self.storage.files)

    def _come(self, path: bytes, file: File) -> None:
        # Whoever writes over a file means to; what was gone by then is missed still.
        self.lost -= {data for data in self.lost - self.noticed if path in self.lived[data]}
        self.gone |= {self.all[path].data} if path in self.all else set()
        self._room(path)[path] = file
        self.lived.setdefault(file.data, set()).add(path)
        self.time[file.data] = file.mtime_ns

    def _is_alike(self, time: int, to: bytes) -> bool:
        """Return whether what comes has the time of what lay there once: it looks damaged."""
        return time in {self.time[data] for data, where in self.lived.items() if to in where}

    def write(self, path: bytes, like: bytes | None) -> None:
        """Write new bytes, over what is there if anything is; with the time of what lay elsewhere.

        All are of one size.
        """
        self.number += 1
        own = LONG_AGO + self.number * 10**9
        times = [self.time[data] for data, where in self.lived.items() if like in where]
        time = times[-1] if times else own
        if self._is_alike(time, path):
            return
        self._come(path, File(b"%04d" % self.number, mtime_ns=time))
        self.log.append(("write", path, like))

    def supplant(self, path: bytes, to: bytes) -> None:
        """Let a file go while another with its time comes elsewhere: it looks moved."""
        self.remove(path)
        if path != to:
            self.write(to, like=path)

    def move(self, path: bytes, to: bytes) -> None:
        if path not in self.all or path == to or self._is_alike(self.all[path].mtime_ns, to):
            return
        file = self._room(path).pop(path)
        if file.data in {each.data for each in self.all.values()}:
            # Of what nobody had read, its copy elsewhere may be another.
            self.gone |= {file.data} if self.read_at.get(file.data) != path else set()
        self._come(to, file)
        self.log.append(("move", path, to, file.data))

    def copy(self, path: bytes, to: bytes) -> None:
        if path in self.all and not self._is_alike(self.all[path].mtime_ns, to):
            file = self.all[path]
            self._come(to, File(file.data, mtime_ns=file.mtime_ns))
            self.log.append(("copy", path, to, file.data))

    def remove(self, path: bytes) -> None:
        if path in self.all:
            data = self._room(path).pop(path).data
            self.gone.add(data)
            if data in self.seen and self.at[data] not in self.all:
                self.lost.add(data)
            self.log.append(("remove", path, data))

    def link(self, path: bytes, name: bytes) -> None:
        """Let a link lie at a path, in place of whatever was there."""
        self.remove(path)
        self._room(path)[path] = File(kind=rows.LINK, detail=name)
        self.log.append(("link", path, name))

    def unlink(self, path: bytes) -> None:
        if path not in self.all and self._room(path).pop(path, None):
            self.log.append(("unlink", path))

    def close(self, folder: str) -> None:
        if folder in self.closed:
            return
        inside = {p: f for p, f in self.storage.files.items() if p.startswith(folder.encode())}
        for path in inside:
            del self.storage.files[path]
        self.closed[folder] = inside
        self.log.append(("close", folder))
        self.storage.put(f"{folder}/", kind=rows.UNREADABLE, detail=b"EACCES")

    def open(self, folder: str) -> None:
        if folder in self.closed:
            del self.storage.files[f"{folder}/".encode()]
            self.storage.files |= self.closed.pop(folder)
            self.log.append(("open", folder))

    def leave_out(self, folder: str) -> None:
        self.left_out ^= {folder}
        self.log.append(("leave out", *self.left_out))

    def refuse(self, path: bytes) -> None:
        """Let nobody read what lies at a path, or let them again."""
        if self.storage.errors.pop(path, None) is None:
            self.storage.errors[path] = b"EACCES"
        self.log.append(("refuse", path, path in self.storage.errors))

    def accept(self) -> None:
        accepted = {finding.path for finding in self.nights.accept().findings}
        self.lost -= {data for data in self.lost if self.lived[data] & accepted}
        self.log.append(("accept", accepted))

    def scan(self, most: int | None = None, full: bool = False) -> Scanned:
        excluded = tuple(f"{folder}/" for folder in sorted(self.left_out))
        for path, file in self.all.items():
            folder = path[:1].decode()
            if folder in self.left_out | self.closed.keys():
                # Of what is left out only what was read there is known to be that file.
                known = self.read_at if folder in self.left_out else self.at
                self.gone |= {file.data} if known.get(file.data) != path else set()
        del self.storage.read[:]
        pace = None if most is None else Pace(most=most * SIZE)
        ended = self.nights.scan(excluded=excluded, full=full, every=30 * 86_400, pace=pace)
        for path, file in self.storage.files.items():
            is_read = path in self.storage.read and path not in self.storage.errors
            is_known = is_read or [*self.time.values()].count(file.mtime_ns) == 1
            if file.kind == rows.FILE and path[:1].decode() not in self.left_out:
                self.at[file.data] = path
                self.read_at |= {file.data: path} if is_read else {}
                self.seen |= {file.data} if is_known else set()
        self.log.append(("scan", most, ended.status, ended.missing_first, ended.awaited_first))
        self.check(ended)
        self.lost -= {file.data for file in self.all.values()}
        self.noticed |= {data for data in self.lost if self._is_seen(self.at[data])}
        self.noticed &= self.lost
        return ended

    def _is_seen(self, path: bytes) -> bool:
        is_closed = path[:1].decode() in self.left_out | self.closed.keys()
        return not (is_closed or path in self.storage.errors)

    def compare(self) -> None:
        """Compare the first scan with the last, twice: in between all that is found is accepted."""
        for is_accepted in (False, True):
            for finding in self.nights.verify(first=True).findings:
                missed = finding.path if finding.what == MISSING else b""
                was = {data for data, where in self.lived.items() if missed in where}
                assert not was or was & self.gone, (self.log, "invented later", missed)
                assert not (missed and is_accepted), (self.log, "accepted in vain", missed)
            self.accept()
            self.scan()

    def check(self, ended) -> None:
        for path in (*ended.missing_first, *ended.unseen_first):
            was = {data for data, where in self.lived.items() if path in where}
            # Of several that may lie at a path which nobody has read, all but one are missing.
            times = [*self.time.values()]
            is_any = ended.awaited and any(times.count(self.time[data]) > 1 for data in was)
            assert was & self.gone or is_any, (self.log, "invented", path)

    def end(self) -> None:
        for folder in FOLDERS:
            self.open(folder)
        self.left_out.clear()
        self.storage.errors.clear()
        for full in (False, True):
            ended = self.scan(full=full)
            named = {*ended.missing_first, *ended.altered_first}
            there = {file.data for file in self.all.values()}
            # What nobody ever read may be any other of its size and time.
            times = [*self.time.values()]
            unknown = {d for d in self.lost - {*self.read_at} if times.count(self.time[d]) > 1}
            for data in self.lost - there - unknown:
                assert named & self.lived[data], (self.log, "untold", data, self.lived[data])


MOVES = st.one_of(
    st.tuples(st.just("write"), paths, st.none() | paths),
    st.tuples(st.just("write"), paths, paths),
    st.tuples(st.just("move"), paths, paths),
    st.tuples(st.just("move"), paths, paths),
    st.tuples(st.just("supplant"), paths, paths),
    st.tuples(st.just("supplant"), paths, paths),
    st.tuples(st.just("copy"), paths, paths),
    st.tuples(st.just("remove"), paths),
    st.tuples(st.just("remove"), paths),
    st.tuples(st.just("link"), paths, st.sampled_from([b"x", b"y"])),
    st.tuples(st.just("unlink"), paths),
    st.tuples(st.just("close"), folders),
    st.tuples(st.just("open"), folders),
    st.tuples(st.just("leave_out"), folders),
    st.tuples(st.just("refuse"), paths),
    st.tuples(st.just("accept")),
)
#: Few bytes may be read, or all.
SCANS = st.sampled_from([None, None, None, 0, 1])
NIGHTS = st.lists(st.tuples(st.lists(MOVES, min_size=1, max_size=3), SCANS), max_size=6)


@pytest.fixture(scope="module")
def disks(tmp_path_factory):
    """Make disks, each with a repository of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _file: None)
        where = tmp_path_factory.mktemp("repositories")
        yield (Disk(open_repository(str(where / f"{n}"), make=True)) for n in count())


@settings(max_examples=examples(15, 5000))
@given(st.lists(st.none() | paths, min_size=2, max_size=3), NIGHTS)
def test_every_loss_is_told_and_nothing_else_is(
    disks, first: list[bytes | None], nights: list[tuple[list[tuple[Any, ...]], int | None]]
):
    disk = next(disks)
    for path, like in zip(PATHS, first, strict=False):
        disk.write(path, like)
    disk.scan()
    for moves, most in nights:
        for name, *values in moves:
            getattr(disk, name)(*values)
        disk.scan(most)
    disk.end()
    disk.compare()
