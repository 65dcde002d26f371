"""Whatever becomes of files between scans: what is wrong is named until it is over, no other is."""

from __future__ import annotations

import hashlib
import os
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.environment.timestamps import utc_now
from reconciler.recovery import rows
from reconciler.recovery.findings import store
from reconciler.recovery.findings.accepting import accept, to_accept
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Rows, chosen, extend
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.values import DAMAGED, Accepted, Target
from reconciler.recovery.verifying import remembered, results, scans
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling.means import Means
from reconciler.recovery.walking.exclusions import Exclusions
from reconciler.recovery.walking.folder import FolderSource
from support.recovery.memory import LONG_AGO
from support.recovery.scans import here
from support.sampling import examples

FILES = [b"a", b"d/b", b"d/c"]
CLOSED = [b"a", b"d/b", b"d/"]
GLOBS = ["a", "d/", "c"]


class Half(FolderSource):
    """A folder of which some files, and whole folders, can't be read just now."""

    closed: frozenset[bytes] = frozenset()

    def listing(self):
        for listed in super().listing():
            open_ones = [i for i, path in enumerate(listed.path) if not self._is_below(path)]
            told = Rows()
            for i in open_ones:
                extend(told, chosen(listed, [i]))
            for folder in (path for path in self.closed if path.endswith(b"/")):
                one = chosen(listed, [0])
                one.path, one.kind, one.detail = [folder], [rows.UNREADABLE], [b"EACCES"]
                one.size = [None]
                extend(told, one)
            yield chosen(told, sorted(range(len(told)), key=told.path.__getitem__))

    def read(self, files, pace):
        read = super().read(files, pace)
        for i in [i for i, path in enumerate(read.path) if path in self.closed]:
            read.kind[i], read.detail[i] = rows.UNREADABLE, b"EIO"
            read.sha256[i], read.proof[i], read.proved_at[i] = None, "", None
        return read

    def _is_below(self, path):
        return any(each.endswith(b"/") and path.startswith(each) for each in self.closed)


class History:
    """A small folder, a repository, and what must be known of each file."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "nas"
        (self.root / "d").mkdir(parents=True)
        (self.root / "stays").write_bytes(b"stays")
        self.repository = open_repository(str(folder / "repository"), make=True)
        self.target = Target("id", "nas", "local", f"local:{self.root}", self.root.as_uri())
        self.ticks = count(1)
        self.disk: dict[bytes, tuple[bytes, int]] = {}
        self.closed: set[bytes] = set()
        self.globs: set[str] = set()
        #: What scans have read and was good; what the last one has read and was not.
        self.good: dict[bytes, tuple[bytes, int]] = {}
        self.rotten: set[bytes] = set()
        #: What the last scan could have seen, and has not.
        self.gone: set[bytes] = set()
        #: What was gone once, with the bytes that have not been seen there since.
        self.missing: dict[bytes, bytes] = {}
        self.seen: set[bytes] = set()
        self.hidden: set[bytes] = set()
        #: What scans have told to be wrong, and none has seen since.
        self.wrong: set[bytes] = set()
        #: Rotten at a time after which no verification has seen it good.
        self.suspect: set[bytes] = set()
        #: What the last scan knows the bytes of, and nobody has touched since: none reads it again.
        self.kept: set[bytes] = set()
        self.accepted: dict[bytes, bytes | None] = {}
        self.look()
        self.snapshots = [self.scan().scan]

    def put(self, path, data, mtime_ns):
        where = self.root / os.fsdecode(path)
        where.write_bytes(data)
        os.utime(where, ns=(mtime_ns, mtime_ns))
        self.disk[path] = data, mtime_ns
        self.kept.discard(path)

    def write(self, path):
        tick = next(self.ticks)
        self.put(path, b"%09d" % tick, LONG_AGO + tick * 10**9)

    def rot(self, path):
        if path in self.disk:
            data, mtime_ns = self.disk[path]
            self.put(path, b"%d" % next(self.ticks) + data[2:], mtime_ns)

    def restore(self, path):
        if path in self.good:
            self.put(path, *self.good[path])

    def remove(self, path):
        if self.disk.pop(path, None):
            self.kept.discard(path)
            (self.root / os.fsdecode(path)).unlink()

    def close(self, path):
        self.closed ^= {path}

    def exclude(self, glob):
        self.globs ^= {glob}

    def scan(self, *, full=False):
        def opened(target, excluded):
            source = Half(target, excluded)
            source.closed = frozenset(self.closed)
            return source

        wish = Wish(tuple(sorted(self.globs)), full=full)
        (ended,) = scan([self.target], self.repository, wish, here(), open_source=opened)
        remembered.keep(self.repository, ended, utc_now)
        self.learn(full=full)
        news = {path for path in self.rotten if self.accepted.get(path) != self.now(path)}
        assert set(ended.altered_first) == news
        told = self.missing.keys() - self.accepted.keys() - self.hidden
        assert set(ended.missing_first) == told
        covers = Exclusions(tuple(self.globs)).covers
        unseen = {path for path in self.wrong & self.hidden if not covers(path)}
        assert unseen - self.accepted.keys() <= set(ended.unseen_first)
        assert set(ended.unseen_first) <= self.hidden & (self.missing.keys() | self.suspect)
        assert not any(map(covers, ended.unseen_first))
        self.wrong = (self.wrong & self.hidden) | news | told
        self.last = ended.scan
        return ended

    def now(self, path):
        """Return the hash of a file when it was scanned last."""
        return hashlib.sha256(self.read[path][0]).digest()

    def learn(self, *, full):
        self.read = dict(self.disk)
        covers = Exclusions(tuple(self.globs)).covers
        folders = tuple(path for path in self.closed if path.endswith(b"/"))
        closed = self.closed & self.disk.keys() - (set() if full else self.kept)
        hidden = {p for p in FILES if covers(p) or p in closed or p.startswith(folders)}
        self.hidden = hidden
        self.seen = self.disk.keys() - hidden
        self.kept = set(self.seen)
        self.rotten = set()
        for path in self.seen:
            data, mtime_ns = self.disk[path]
            known, then = self.good.get(path, (data, None))
            if mtime_ns == then and data != known:
                self.rotten.add(path)
            else:
                self.good[path] = data, mtime_ns
        self.suspect |= self.rotten
        self.gone = self.good.keys() - self.disk.keys() - hidden
        self.missing |= {path: self.good[path][0] for path in self.gone - self.missing.keys()}
        for path in self.seen & self.missing.keys():
            if self.disk[path][0] == self.missing[path] or path in self.rotten:
                del self.missing[path]
        # What was accepted holds for as long as the file stays so.
        for path, state in list(self.accepted.items()):
            is_other = path in self.gone and state is not None
            if is_other or (path in self.seen and not self.is_rotten(path, state)):
                del self.accepted[path]
                if state is None:  # that there is nothing: whatever is there then is to be
                    self.missing.pop(path, None)

    def is_rotten(self, path, state):
        return path in self.rotten and self.now(path) == state

    def snapshot(self):
        self.snapshots.append(self.last)

    def verify(self, number, *, deep=False):
        """Compare the last scan with a snapshot, and check which files are named damaged."""
        if deep:
            self.scan(full=True)
        was = self.snapshots[number % len(self.snapshots)]
        means = Means(self.repository, utc_now, settled_ns=SETTLED_NS)
        sides = of_scan(was), of_scan(self.last)
        result = scans.compare(*sides, "nas", means, (self.repository, self.repository))
        told = {f.path for f in (*result.findings, *result.lasting) if f.what == DAMAGED}
        whole = self.seen - self.rotten
        for path in whole:
            self.suspect.discard(path)
        agreed = {p for p in self.rotten if self.accepted.get(p) == self.now(p)}
        assert self.rotten - agreed <= told
        assert told <= self.suspect - agreed
        if told:
            assert result.verdict == results.DIFFERS

    def look(self):
        """Begin a verification that goes on while others end."""
        self.then = store.read(self.repository, self.target.place)

    def late(self, number):
        """End one that knows nothing of what others have found since it began."""
        was = self.snapshots[number % len(self.snapshots)]
        means = Means(self.repository, utc_now, settled_ns=SETTLED_NS)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(store, "read", lambda *_: self.then)
            homes = self.repository, self.repository
            scans.compare(of_scan(was), of_scan(self.last), "nas", means, homes)

    def accept(self):
        shown = to_accept(self.repository, self.target.place, "nas", ())
        said = Accepted("", "anna@scope")
        done = accept(self.repository, self.target.place, shown, said, utc_now())
        for finding in done.findings:
            self.accepted[finding.path] = finding.now and finding.now.sha256


@pytest.fixture(scope="module", autouse=True)
def at_once():
    """Wait for no disk: what outlasts a power cut is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _file: None)
        yield


def step(name, *values):
    return st.tuples(st.just(name), *values)


STEPS = st.one_of(
    *(step(name, st.sampled_from(FILES)) for name in ("write", "rot", "restore", "remove")),
    step("rot", st.sampled_from(FILES)),
    step("close", st.sampled_from(CLOSED)),
    step("exclude", st.sampled_from(GLOBS)),
    step("scan"),
    step("snapshot"),
    step("verify", st.integers(0, 3)),
    step("deep", st.integers(0, 3)),
    step("accept"),
    step("look"),
    step("late", st.integers(0, 3)),
)


def play(steps):
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder))
        for path in FILES:
            history.write(path)
        history.scan()
        history.snapshot()
        for name, *values in steps:
            if name == "deep":
                history.verify(*values, deep=True)
            else:
                getattr(history, name)(*values)
        history.verify(1, deep=True)


A, B = b"a", b"d/b"
#: What once was lost: each failed before it was mended, or fails if it is broken again.
HISTORIES = {
    "rotten, and then nobody may read it": [("rot", A), ("scan",), ("close", A), ("scan",)],
    "gone, and another written there": [("remove", A), ("scan",), ("write", A), ("scan",)],
    "written since the snapshot, then rotten": [("write", A), ("scan",), ("rot", A)],
    "hidden while it rots": [("close", b"d/"), ("scan",), ("rot", B), ("close", b"d/"), ("scan",)],
    "left out, and then read": [("exclude", "a"), ("scan",), ("rot", A), ("exclude", "a")],
    "gone, and back with other bytes": [
        *(("remove", A), ("scan",), ("verify", 1), ("restore", A), ("rot", A), ("scan",)),
    ],
    "accepted, and read again": [("rot", A), ("scan",), ("accept",), ("scan",)],
    "accepted, and rots on": [("rot", A), ("scan",), ("accept",), ("rot", A), ("scan",)],
    "accepted, good again, and rotten as before": [
        *(("rot", A), ("scan",), ("accept",), ("rot", A), ("restore", A), ("scan",), ("rot", A)),
    ],
    "gone, another written there, and accepted": [
        *(("remove", A), ("scan",), ("write", A), ("scan",), ("accept",), ("scan",)),
    ],
    "gone while it was left out": [
        *(("exclude", "a"), ("scan",), ("remove", A), ("scan",), ("exclude", "a"), ("scan",)),
    ],
    "gone, accepted, back, and gone again": [
        *(("remove", A), ("scan",), ("accept",), ("restore", A), ("scan",), ("remove", A)),
    ],
    "good again, under a rotten snapshot": [
        *(("rot", A), ("scan",), ("snapshot",), ("restore", A), ("deep", 2)),
    ],
}


@pytest.mark.parametrize("history", HISTORIES)
def test_rot_is_named_until_it_is_over_and_nothing_else_is(history):
    play(HISTORIES[history])


@settings(max_examples=examples(5, 400))
@given(st.lists(STEPS, max_size=12))
def test_so_it_is_in_any_history(steps):
    play(steps)


@pytest.mark.long
@settings(max_examples=examples(250, 1_000))
@given(st.lists(STEPS, max_size=25))
def test_so_it_is_in_any_long_history(steps):
    play(steps)
