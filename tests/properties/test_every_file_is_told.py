"""What was read and is gone is told, file by file, until it is found or a person gives it up.

Files of one path come and go, rot, are touched and can't be read; scans are killed, damage and
losses are accepted and withdrawn, and the repository is copied, used twice and put together.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from reconciler.errors import UsageError
from reconciler.recovery.findings import store
from reconciler.recovery.findings.accepting import accept, to_accept, to_withdraw, withdraw
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.means import Here
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.values import Accepted
from reconciler.recovery.verifying import remembered, scans
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.memory import LONG_AGO, TARGET, File, Storage
from support.recovery.nights import put_together
from support.recovery.scans import here, scan_once
from support.sampling import examples

PATHS = [b"a", b"b", b"d/x"]
BEGAN = datetime(2026, 11, 29, 8, tzinfo=UTC)
#: What became of a file that is lost, or damaged: nobody has accepted it; somebody has; either.
OPEN, ACCEPTED, EITHER = "open", "accepted", "either"


class Line:
    """A repository, and what its scans have seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = open_repository(str(folder), make=True)
        #: What lay at each path when it was seen last; and more of that, of a copy put together.
        self.seen: dict[bytes, bytes] = {}
        self.times: dict[bytes, int] = {}
        self.also: list[tuple[bytes, bytes]] = []
        #: What lay there since then, and nobody could read: it has written over what was seen.
        self.unread: dict[bytes, set[bytes]] = {}
        #: All that was seen last when there came to be two copies, and since.
        self.since: set[bytes] = set()
        #: What is gone, by path and bytes; what is damaged by path: the good bytes, and its state.
        self.lost: dict[tuple[bytes, bytes], str] = {}
        self.rotten: dict[bytes, tuple[bytes, bytes, str]] = {}
        #: Which of these the last scan has told.
        self.told_lost: set[tuple[bytes, bytes]] = set()
        self.told_rotten: dict[bytes, bytes] = {}


class World:
    """A storage, and one or two copies of a repository."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.storage = Storage()
        self.lines = [Line(folder / "one")]
        self.folder, self.number, self.runs = folder, 0, 0
        self.log: list[object] = []
        #: The time of each bytes that somebody wrote; where each lay; and which are wrong ones.
        self.time: dict[bytes, int] = {}
        self.lay: dict[bytes, set[bytes]] = {}
        self.wrong: set[bytes] = set()
        #: Which of these somebody touched: once they are accepted, they look like written ones.
        self.touched: set[bytes] = set()
        #: Paths of which more may be told: by a comparison, or as nobody could read what lay there.
        self.may: set[bytes] = set()
        self.is_forked = False
        self.excluded: tuple[str, ...] = ()
        self.is_killed = self.is_untold = False
        for path in (b"a", b"z"):
            self.write(path)
        self.scan()

    def _by(self) -> Here:
        self.runs += 1
        return here(BEGAN + timedelta(seconds=self.runs))

    # What happens to the files.

    @property
    def there(self) -> dict[bytes, File]:
        return self.storage.files

    def _new(self, mark: str = "") -> bytes:
        self.number += 1
        return f"{mark}{self.number:0{4 - len(mark)}}".encode()

    def _put(self, path: bytes, data: bytes, time: int) -> None:
        self.there[path] = File(data, mtime_ns=time)
        self.lay.setdefault(data, set()).add(path)

    def write(self, path: bytes) -> None:
        data = self._new()
        self.time[data] = LONG_AGO + self.number * 10**9
        self._put(path, data, self.time[data])
        self.log.append(("write", path, data))

    def write_unread(self, path: bytes) -> None:
        self.write(path)
        self.storage.errors[path] = b"EACCES"

    def come_alike(self, path: bytes) -> None:
        """Let another file come where one is gone, with the time of that one: it looks damaged."""
        gone = [data for at, data in self.lines[0].lost if at == path]
        if path not in self.there and gone and not self.is_forked:
            data = self._new("x")
            self.wrong.add(data)
            self.may.add(path)
            self._put(path, data, self.time[gone[-1]])
            self.log.append(("come alike", path, data, gone[-1]))

    def rot(self, path: bytes, zeros: bool = False) -> None:
        file = self.there.get(path)
        if file is None or path in self.storage.errors or self._is_hidden(path):
            return
        is_seen = all(
            (line.seen.get(path), line.times.get(path)) == (file.data, file.mtime_ns)
            for line in self.lines
        )
        data = b"0000" if zeros else self._new("r")
        if not is_seen or data == file.data or not (file.data in self.time or self._looks(path)):
            return
        self.wrong.add(data)
        self._put(path, data, file.mtime_ns)
        self.log.append(("rot", path, data, "was", file.data))

    def _looks(self, path: bytes) -> bool:
        """Return whether what is wrong at a path still has the time of what should be there."""
        rotten = self.lines[0].rotten.get(path)
        return bool(rotten) and self.time.get(rotten[0]) == self.there[path].mtime_ns

    def zero(self, path: bytes) -> None:
        self.rot(path, zeros=True)

    def touch(self, path: bytes) -> None:
        if path in self.there:
            self.number += 1
            if self.there[path].data in self.wrong:
                self.may.add(path)
                self.touched.add(self.there[path].data)
            data, time = self.there[path].data, LONG_AGO + self.number * 10**9
            self._put(path, data, time)
            if data in self.time:
                self.time[data] = time
            self.log.append(("touch", path))

    def move(self, path: bytes, to: bytes) -> None:
        if path in self.there and to not in self.there and path not in self.storage.errors:
            file = self.there.pop(path)
            self.may |= {to} if file.data in self.wrong else set()
            self._put(to, file.data, file.mtime_ns)
            self.log.append(("move", path, to, file.data))

    def remove(self, path: bytes) -> None:
        if path in self.there:
            self.log.append(("remove", path, self.there.pop(path).data))
            self.storage.errors.pop(path, None)

    def back(self, which: int, is_home: bool) -> None:
        """Restore one of the files that are lost, or damaged: where it lay, or elsewhere."""
        lost = {each for line in self.lines for each in line.lost}
        lost |= {(path, good) for line in self.lines for path, (good, *_) in line.rotten.items()}
        have = {file.data for file in self.there.values()}
        every = sorted(each for each in lost if each[1] not in have)
        if every:
            path, data = every[which % len(every)]
            self._put(path if is_home else self._free(), data, self.time[data])
            self.log.append(("back", path, data, is_home))

    def _free(self) -> bytes:
        self.number += 1
        return b"f%03d" % self.number

    def refuse(self, path: bytes) -> None:
        if self.storage.errors.pop(path, None) is None and path in self.there:
            self.storage.errors[path] = b"EACCES"
        self.log.append(("refuse", path, path in self.storage.errors))

    def hide(self) -> None:
        self.excluded = () if self.excluded else ("d",)
        self.log.append(("excluded", self.excluded))

    def _is_hidden(self, path: bytes) -> bool:
        return bool(self.excluded) and path.startswith(b"d/")

    # What people and runs do.

    def kill(self) -> None:
        """Kill the next scan before it keeps what it has found."""
        self.is_killed = True

    def accept(self, path: bytes) -> None:
        line = self.lines[0]
        try:
            shown = to_accept(line.repository, TARGET.place, "nas", (path.decode(),))
        except UsageError:
            return
        said = Accepted("", "anna")
        done = accept(line.repository, TARGET.place, shown, said, self._by().now()).findings
        if not done:
            return
        for each in line.lost:
            if each[0] == path and each in line.told_lost:
                line.lost[each] = ACCEPTED
        if path in line.rotten and line.told_rotten.get(path) == line.rotten[path][1]:
            line.rotten[path] = (*line.rotten[path][:2], ACCEPTED)
        self.log.append(("accept", path))

    def withdraw(self, path: bytes) -> None:
        line = self.lines[0]
        try:
            shown = to_withdraw(line.repository, TARGET.place, "nas", (path.decode(),))
        except UsageError:
            return
        done = withdraw(line.repository, TARGET.place, shown, "bob", self._by().now()).findings
        if not done:
            return
        given_up = [k for k, state in line.lost.items() if k[0] == path and state == ACCEPTED]
        is_rotten = path in line.rotten and line.rotten[path][2] == ACCEPTED
        is_one = len(given_up) + is_rotten == 1 and (is_rotten or path not in self.there)
        state = OPEN if is_one else EITHER
        line.lost |= dict.fromkeys(given_up, state)
        if is_rotten:
            line.rotten[path] = (*line.rotten[path][:2], state)
        self.log.append(("withdraw", path))

    def compare(self, which: int) -> None:
        """Compare an earlier scan with the last, as snapshots of them are."""
        repository = self.lines[0].repository
        every = record.whole(repository, TARGET.place)
        if len(every) > 1:
            was, now = every[which % (len(every) - 1)], every[-1]
            means = Means(repository, self._by().now, settled_ns=SETTLED_NS)
            told = scans.compare(of_scan(was), of_scan(now), "nas", means, (repository, repository))
            named = {finding.path for finding in told.findings}
            self.may |= named
            line = self.lines[0]
            line.told_lost |= {each for each in line.lost if each[0] in named}
            self.log.append(("compare", which % (len(every) - 1), told.found))

    def fork(self) -> None:
        if len(self.lines) == 1:
            (one,) = self.lines
            self.number += 1
            shutil.copytree(one.folder, folder := self.folder / f"copy {self.number}")
            copy = Line(folder)
            copy.seen, copy.lost, copy.rotten = dict(one.seen), dict(one.lost), dict(one.rotten)
            copy.also, copy.times = list(one.also), dict(one.times)
            copy.unread = {path: set(every) for path, every in one.unread.items()}
            copy.told_lost, copy.told_rotten = set(one.told_lost), dict(one.told_rotten)
            self.lines.append(copy)
            known = {*one.seen.values(), *(good for good, *_ in one.rotten.values())}
            one.since, copy.since = set(known), set(known)
            self.is_forked = True
            self.log.append("fork")

    def swap(self) -> None:
        """Let what follows be done with the other copy."""
        self.lines.reverse()
        self.log.append(("with", self.lines[0].folder.name))

    def put_together(self) -> None:
        if len(self.lines) == 2:
            one, other = self.lines
            put_together(one.folder, other.folder)
            self.lines = [one]
            one.also += [
                each
                for each in (*other.also, *other.seen.items())
                if each[1] not in one.since and one.seen.get(each[0], each[1]) == each[1]
            ]
            one.also += [(path, good) for path, (good, *_) in other.rotten.items()]
            for path, every in other.unread.items():
                one.unread.setdefault(path, set()).update(every)
            # What the one found again, or saw elsewhere, is nothing that the other one misses.
            for each in {**one.lost, **other.lost}:
                is_same = one.lost.get(each) == other.lost.get(each)
                is_new = (each not in one.lost and each[1] not in one.since) or (
                    each not in other.lost and each[1] not in other.since
                )
                state = one.lost.get(each) or other.lost[each]
                one.lost[each] = state if is_same or is_new else EITHER
            for path in {**one.rotten, **other.rotten}:
                rotten = one.rotten.get(path) or other.rotten[path]
                is_same = rotten == other.rotten.get(path)
                one.rotten[path] = rotten if is_same else (*rotten[:2], EITHER)
            self.log.append("put together")

    def scan(self) -> Scanned:
        line, (kept, self.is_killed) = self.lines[0], (not self.is_killed, False)
        for path in [each for each in self.storage.errors if each not in self.there]:
            del self.storage.errors[path]
        self.may |= self.storage.errors.keys()
        # What scans before have found is known as soon as one begins.
        line.told_lost |= set(line.lost)
        ended = scan_once(
            self.storage,
            line.repository,
            wish=Wish(self.excluded, full=True),
            by=(by := self._by()),
        )
        if kept:
            remembered.keep(line.repository, ended, by.now)
        self._see(line)
        first = ended.missing_first, ended.altered_first
        self.log.append(("scan" if kept else "killed", *first, dict(line.lost), dict(line.rotten)))
        # What is damaged is kept while it is read.
        line.told_rotten = {path: data for path, (_, data, _) in line.rotten.items()}
        if kept:
            assert not ended.forgotten, (self.log, ended.notes)
            line.told_lost = set(line.lost)
            self._check(line, {*ended.missing_first, *ended.altered_first}, ended)
        return ended

    def _see(self, line: Line) -> None:
        """Take what a scan sees, and what is gone since the one before."""

        def is_unseen(path: bytes) -> bool:
            return self._is_hidden(path) or path in self.storage.errors

        now = {path: file.data for path, file in self.there.items() if not is_unseen(path)}
        came = {data for path, data in now.items() if line.seen.get(path) != data}
        line.lost = {each: state for each, state in line.lost.items() if each[1] not in came}
        self._see_rotten(line, now, is_unseen)
        there = set(now.values())
        for path, data in [*line.seen.items(), *line.also]:
            is_gone = not is_unseen(path) and path not in now and data not in there
            if is_gone and data not in self.wrong and (path, data) not in line.lost:
                line.lost[path, data] = EITHER if there & line.unread.get(path, set()) else OPEN
        for path in self.storage.errors.keys() & self.there.keys():
            line.unread.setdefault(path, set()).add(self.there[path].data)
        line.unread = {p: every for p, every in line.unread.items() if is_unseen(p)}
        for path, data in now.items():
            was = line.seen.get(path, data)
            is_wrong = data in self.wrong and was not in self.wrong and path not in line.rotten
            if was != data and is_wrong and self.there[path].mtime_ns == line.times.get(path):
                line.rotten[path] = was, data, OPEN
        line.since |= set(now.values())
        line.times |= {path: self.there[path].mtime_ns for path in now}
        line.also = [each for each in line.also if is_unseen(each[0])]
        line.seen = {p: d for p, d in line.seen.items() if is_unseen(p) and p not in now} | now

    def _see_rotten(self, line: Line, now: dict[bytes, bytes], is_unseen: Any) -> None:
        for path, (good, data, state) in [*line.rotten.items()]:
            if is_unseen(path) or now.get(path) == data:
                continue
            del line.rotten[path]
            if path not in now:
                is_written = state != OPEN and data in self.touched
                is_either = is_written or good in now.values()
                line.lost.setdefault((path, good), EITHER if is_either else OPEN)
            elif now[path] in self.wrong and self.there[path].mtime_ns == self.time.get(good):
                line.rotten[path] = good, now[path], OPEN

    def _check(self, line: Line, named: set[bytes], ended: Scanned) -> None:
        unseen = {*ended.unseen_first, *ended.awaited_first}
        for path, data in (each for each, state in line.lost.items() if state == OPEN):
            if self._is_hidden(path) or path in self.storage.errors:
                continue
            alone = self.lay[data] == {path}
            where = {path} if alone else self.lay[data]
            assert where & (named | unseen), (self.log, "untold", path, data)
        for path, (_, data, state) in line.rotten.items():
            is_told = path in named or state != OPEN
            assert is_told or self._is_hidden(path) or path in self.storage.errors, (
                self.log,
                "untold damage",
                path,
                data,
            )
        for path in named if not self.is_forked else ():
            lost = {
                p
                for (at, data), state in line.lost.items()
                if state != ACCEPTED
                for p in (at, *self.lay[data])
            }
            is_rotten = path in line.rotten and line.rotten[path][2] != ACCEPTED
            is_any = is_rotten or path in self.may | lost or line.seen.get(path) in self.wrong
            assert is_any, (self.log, "invented", path)

    def end(self) -> None:
        """Let all be seen; then restore one lost file after the other."""
        self.put_together()
        self.storage.errors.clear()
        self.excluded, self.is_killed = (), False
        self.log.append("end")
        self.scan()
        self.scan()
        (line,) = self.lines
        for path in [*line.rotten]:
            self.write(path)
        self.scan()
        have = {file.data for file in self.there.values()}
        for data in sorted({k[1] for k, state in line.lost.items() if state != ACCEPTED} - have):
            self._put(self._free(), data, self.time[data])
            self.log.append(("restored", data))
            self.scan()
        self.scan()
        for path in sorted({path for path, _ in line.lost}):
            self.remove(path)
        self.scan()
        for path in PATHS:
            self.accept(path)
        self.scan()


paths = st.sampled_from(PATHS + PATHS[:1] * 2)
MOVES = st.one_of(
    *(
        st.tuples(st.just(name), paths)
        for name in ("write", "write", "write_unread", "come_alike", "rot", "zero", "touch")
    ),
    *(st.tuples(st.just(name), paths) for name in ("remove", "remove", "refuse", "accept")),
    st.tuples(st.just("withdraw"), paths),
    st.tuples(st.just("move"), paths, paths | st.just(b"e")),
    st.tuples(st.just("move"), st.just(b"e"), paths),
    st.tuples(st.just("back"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("compare"), st.integers(0, 5)),
    *(st.tuples(st.just(name)) for name in ("hide", "kill", "fork", "swap", "put_together")),
)
NIGHTS = st.lists(st.lists(MOVES, max_size=3), min_size=3, max_size=9)


#: What a person does, who can't accept what nobody has told; and copies, which have other times.
_AFTERWARDS = ("accept", "withdraw", "compare", "fork", "swap", "put_together")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Make worlds, each in a folder of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _file: None)
        where = tmp_path_factory.mktemp("repositories")
        yield (World(where / f"{n}") for n in count())


@settings(max_examples=examples(15, 5000))
@given(NIGHTS)
def test_every_file_that_is_gone_is_told_until_it_is_found_or_given_up(
    worlds, nights: list[list[tuple[Any, ...]]]
):
    world = next(worlds)
    for moves in nights:
        for name, *values in moves:
            getattr(world, name)(*values)
        world.scan()
    world.end()


@settings(max_examples=examples(15, 5000))
@given(NIGHTS)
def test_what_killed_scans_have_found_is_known_as_if_they_had_told_it(
    worlds, nights: list[list[tuple[Any, ...]]]
):
    killed, undisturbed = next(worlds), next(worlds)
    for world in (killed, undisturbed):
        world.remove(b"z")
        world.scan()
        world.back(0, True)
    for moves in nights:
        is_killed = False
        for name, *values in moves:
            is_killed = is_killed or name == "kill"
            if not (name == "kill" or (killed.is_untold and name in _AFTERWARDS)):
                for world in (killed, undisturbed):
                    getattr(world, name)(*values)
        killed.is_killed = is_killed
        both = [world.scan() for world in (killed, undisturbed)]
        killed.is_untold = is_killed
        if not is_killed:
            told, expected = (
                _told(*each) for each in zip((killed, undisturbed), both, strict=True)
            )
            assert told == expected, (killed.log, undisturbed.log)


def _told(world: World, ended: Scanned) -> tuple[object, ...]:
    """Return what a scan told, and what is known then; not how it was proved."""

    def plain(value: Any) -> Any:
        if isinstance(value, Content):
            return replace(value, proof="", proved_at=None)
        if isinstance(value, Accepted):
            return replace(value, now=plain(value.now), of=plain(value.of))
        return tuple(map(plain, value)) if isinstance(value, tuple) else value

    episodes = store.read(world.lines[0].repository, TARGET.place).episodes
    named = (ended.missing_first, ended.altered_first, ended.unseen_first, ended.awaited_first)
    return named, [tuple(map(plain, astuple(episode))) for episode in episodes]
