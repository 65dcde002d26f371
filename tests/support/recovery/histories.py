"""What becomes of files from night to night, and what a repository must know of each of them.

`Files` plays it on a real folder with the real commands, in this process; `Known` is what whoever
has seen no more than the commands saw can say of one file. It says nothing where nobody can.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.cli.main import main

LONG_AGO = 1_500_000_000
SECOND = 10**9
PATHS = ("a", "d/b")
#: What an option or a lost folder is called.
DAMAGED, MISSING = "damaged", "missing"
WRONG, RIGHT = "wrong", "right"


class Seen(NamedTuple):
    """A file as it is on the disk."""

    data: bytes
    #: Seconds since 1970.
    time: int


class Known:
    """What is known of one file by what was seen of it."""

    def __init__(self) -> None:
        #: The bytes that were seen first under the time that it had last.
        self.good: Seen | None = None
        #: As what it is wrong, and which bytes would end that.
        self.what = ""
        self.was = b""
        #: As what it was seen since then, and at which times it was rotten.
        self.now: Seen | None = None
        self.times: set[int] = set()
        #: What was accepted of that: bytes, or None: that it is gone.
        self.accepted: set[bytes | None] = set()
        #: Bytes that were found damaged, never accepted, and stand in a finding that is kept.
        self.rotten: dict[bytes, bytes] = {}
        self.was_rotten: set[bytes] = set()
        #: Whether something else lies where it is missing.
        self.is_displaced = False
        #: Whether it was moved to another name; whether what told what is good of it is lost.
        self.is_moved = self.is_foggy = False
        #: Whether nothing but scans tells of what was wrong with it.
        self.is_lost = False
        self.is_unknown = True
        #: By time: the bytes that were seen first under it.
        self.first: dict[int, bytes] = {}

    def see(self, now: Seen | None) -> None:
        """Take what a run reads."""
        self.is_unknown = False
        if now is not None:
            self.first.setdefault(now.time, now.data)
        if now is None:
            self._miss()
        elif self.what:
            self._see_wrong(now)
        else:
            self._see(now)
        self.now = now

    def _miss(self) -> None:
        if self.good is None or (self.is_moved and not self.what):
            # A snapshot from before may have other bytes, which are nowhere.
            self.is_unknown = self.is_foggy = True
            return
        if not self.what:
            self._begin(MISSING, self.good.data)
        self.what = MISSING
        self.is_displaced = False

    def _see(self, now: Seen) -> None:
        good = self.good
        if good is not None and now.time == good.time and now.data != good.data:
            self._begin(DAMAGED, good.data)
            self._rots(now)
        elif now.data in self.rotten:
            self._begin(DAMAGED, good.data if good is not None else self.rotten[now.data])
            self._rots(now)
        else:
            self.good, self.is_moved = now, False
            # Only a comparison with a scan from before tells that it is not what it was then.
            # So it is of what was rotten once, and is in no finding as it went or rotted on.
            if self.first[now.time] != now.data or now.data in self.was_rotten:
                self.is_unknown = self.is_foggy = True

    def _see_wrong(self, now: Seen) -> None:
        assert self.good is not None
        if now.data == self.was:
            self._end(now)
        elif self.what == MISSING and now.data in self.rotten:
            self.what, self.is_displaced = DAMAGED, False
            self._rots(now)
        elif self.what == MISSING and not self.is_displaced:
            if now.time == self.good.time:
                self.what = DAMAGED
                self._rots(now)
            elif None in self.accepted:
                self._end(now)
            else:
                self.is_displaced, self.is_unknown = True, True
                self.good = now
        elif self.what == MISSING:
            self.is_unknown = True
            self.is_foggy = self.is_foggy or now != self.now
        elif now.data in self.rotten or now.time in {*self.times, self.good.time}:
            self._rots(now)
        else:
            self._end(now)

    def _rots(self, now: Seen) -> None:
        self.times.add(now.time)
        self.was_rotten.add(now.data)
        if now.data not in self.accepted:
            self.rotten[now.data] = self.was

    def _begin(self, what: str, was: bytes) -> None:
        self.what, self.was = what, was
        self.times, self.accepted = set(), set()

    def _end(self, now: Seen) -> None:
        self.what, self.good, self.is_moved, self.is_displaced = "", now, False, False
        self.accepted = set()

    def accept(self) -> None:
        """Take that somebody accepts it as it was seen last."""
        if self.is_displaced:
            self.what, self.is_unknown, self.is_foggy = "", True, True
            self.is_displaced = False
            return
        if self.what:
            self.accepted.add(None if self.what == MISSING or not self.now else self.now.data)
            if self.now:
                self.rotten.pop(self.now.data, None)

    def forget(self) -> None:
        """Take that all findings are lost: only what the last scan knows tells."""
        self.is_lost = self.is_lost or bool(self.what or self.rotten)
        self.rotten = {}
        self.accepted = set()
        by_scan = (
            self.what == DAMAGED and self.now and self.good and self.now.time == self.good.time
        )
        if self.what and not by_scan:
            self.what, self.is_unknown, self.is_foggy = "", True, True
            self.good = None

    @property
    def verdict(self) -> str:
        """`WRONG`, `RIGHT`, or empty: it may be told as either."""
        state = self.now.data if self.now else None
        if self.is_unknown:
            return ""
        if self.what:
            return WRONG if not self.accepted else ""
        if self.is_foggy or self.now is None or self.good is None or self.good.data != state:
            return ""
        # Where no finding tells, what was seen first under its time counts.
        return "" if self.is_lost and self.first[self.now.time] != state else RIGHT

    @property
    def lasts(self) -> bool:
        """Whether `verify` must tell something of it."""
        return self.verdict == WRONG or (self.is_displaced and not self.accepted)


class Files:
    """A folder with a few files, a repository, and what must be known of them."""

    def __init__(self, folder: Path) -> None:
        """Begin in a folder that has `platform.db` for the storage `nas` in it, or nothing."""
        self.folder = folder
        self.root = folder / "nas"
        self.proofs = folder / "proofs"
        for each in (self.root, self.proofs):
            shutil.rmtree(each, ignore_errors=True)
        (self.root / "d").mkdir(parents=True)
        (self.root / "stays").write_bytes(b"stays")
        os.utime(self.root / "stays", (LONG_AGO, LONG_AGO))
        self.log: list[str] = []
        self._ticks = count(1)
        self._declare()
        self.disk: dict[str, Seen] = {}
        #: What the owner wrote last; what was rotten of each since it is, with its times.
        self.owned: dict[str, Seen] = {}
        self.rotten: dict[str, list[Seen]] = {}
        self.known: dict[str, Known] = {}
        self.snapshots: list[tuple[str, dict[str, Seen | None], dict[str, str]]] = []
        self.is_forgotten = self.was_found = self.is_pruned = False
        for path in PATHS:
            self.write(path)
        self.scan()
        self.snapshot()

    def _declare(self) -> None:
        text = (
            "version: 1\nplatform: sqlite:///platform.db\nstorages:\n"
            f"  - {{name: nas, label: NAS, type: local, default_url: {self.root}}}\n"
        )
        (self.folder / "storages.yaml").write_text(text)
        if not (self.folder / "platform.db").exists():
            self.run("apply", "-y")

    def run(self, *line: str) -> tuple[int, dict[str, Any]]:
        """Run a command; return its exit code and what it told."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*line])
        self.log.append(f"{' '.join(line)} -> {code}")
        told = out.getvalue()
        assert code in (0, 7, 8), (self.log, told, err.getvalue())
        return code, json.loads(told) if told.startswith("{") else {}

    # What becomes of files.

    def put(self, path: str, seen: Seen) -> None:
        where = self.root / path
        where.write_bytes(seen.data)
        os.utime(where, (seen.time, seen.time))
        self.disk[path] = seen
        self.log.append(f"{path} = {seen.data.decode()} @ {seen.time - LONG_AGO}")

    def tick(self) -> int:
        return next(self._ticks)

    def write(self, path: str) -> None:
        tick = self.tick()
        self.owned[path] = Seen(b"w%04d" % tick, LONG_AGO + tick)
        self.put(path, self.owned[path])

    def rot(self, path: str) -> None:
        if path in self.disk:
            self._rot(path, Seen(b"r%04d" % self.tick(), self.disk[path].time))

    def rot_as_before(self, path: str, number: int) -> None:
        if path in self.disk and (before := self.rotten.get(path)):
            self._rot(path, Seen(before[number % len(before)].data, self.disk[path].time))

    def _rot(self, path: str, seen: Seen) -> None:
        self.rotten.setdefault(path, []).append(seen)
        self.put(path, seen)

    def restore(self, path: str, new: bool) -> None:
        owned = self.owned[path]
        self.put(path, owned._replace(time=LONG_AGO + self.tick()) if new else owned)

    def mirror(self, path: str, number: int, new: bool) -> None:
        if before := self.rotten.get(path):
            was = before[number % len(before)]
            self.put(path, was._replace(time=LONG_AGO + self.tick()) if new else was)

    def touch(self, path: str) -> None:
        if path in self.disk:
            self.put(path, self.disk[path]._replace(time=LONG_AGO + self.tick()))

    def remove(self, path: str) -> None:
        if self.disk.pop(path, None):
            (self.root / path).unlink()
            self.log.append(f"{path} is removed")

    def move(self, path: str) -> None:
        seen = self.disk.get(path)
        if seen is not None:
            self.remove(path)
            self.put(f"moved-{self.tick()}", seen)
            known = self.known.get(path)
            if known and known.good:
                known.is_moved = known.is_moved or known.good.data == seen.data

    # What becomes of the repository.

    def lose(self, which: str) -> None:
        self.log.append(f"{which}/ is lost")
        shutil.rmtree(self.proofs / which, ignore_errors=True)
        if which == "findings":
            self.is_forgotten = self.is_forgotten or self.was_found
            for each in self.known.values():
                each.forget()
            self._see_fog()
        if which == "found":
            self.was_found = False

    def _see_fog(self) -> None:
        """Where neither findings nor all scans are there, nobody knows what came first."""
        for each in self.known.values() if self.is_pruned else ():
            each.is_foggy = each.is_foggy or each.is_lost

    def prune(self, number: int) -> None:
        self.is_pruned = True
        self._see_fog()
        self.run("snapshot", "prune", "proofs", "--keep-last", str(number), "--yes")
        there = {path.parent.name for path in self.proofs.glob("snapshots/*/snapshot.json")}
        self.snapshots = [each for each in self.snapshots if each[0] in there]

    # What is asked.

    def scan(self, full: bool = False, accept_loss: bool = False) -> None:
        line = ["scan", "--into", "proofs", "-o", "json", *["--full"] * full]
        code, told = self.run(*line, *["--accept-loss", "nas"] * accept_loss)
        if accept_loss:
            self.is_forgotten = False
        self.see()
        (one,) = told["scans"]
        named = {what: set(one[key]["first"]) for what, key in _KEYS.items()}
        self.check(code, named, {p for p, k in self.known.items() if k.verdict == WRONG})

    def see(self) -> None:
        for path in self.disk:
            self.known.setdefault(path, Known())
        for path, known in self.known.items():
            known.see(self.disk.get(path))
        self.was_found = self.was_found or any(k.what for k in self.known.values())

    def snapshot(self) -> None:
        _, told = self.run("snapshot", "create", "proofs", "-o", "json")
        seen = {path: known.now for path, known in self.known.items()}
        self.snapshots.append((told["id"], seen, {p: k.what for p, k in self.known.items()}))

    def verify(self) -> None:
        code, told = self.run("verify", "proofs", "-o", "json")
        self.check(code, {}, set())
        (one,) = told["storages"]
        self.check_lasting(code, one)

    def deep(self, number: int) -> None:
        """Read all again, and hold it against a snapshot; then let each file's story be told."""
        id, seen, wrong_then = self.snapshots[number % len(self.snapshots)]
        code, told = self.run("verify", f"proofs@{id}", "--deep", "-o", "json")
        self.see()
        (one,) = told["storages"]
        named = _named(one["findings"], one["lasting"])
        self.check(code, named, {p for p, k in self.known.items() if k.lasts})
        for path, known in self.known.items():
            then = seen.get(path)
            if known.verdict != RIGHT or then is None:
                continue
            is_same = known.now is not None and then.data == known.now.data
            is_mended = known.now is not None and known.rotten.get(then.data) == known.now.data
            if is_same or (is_mended and wrong_then.get(path)):
                assert path not in named.get("changed", ()), (self.log, path)
        if not self.is_forgotten:
            for path in sorted(self.known):
                self.explain(path, named)

    def against(self, one: int, other: int) -> None:
        size = len(self.snapshots)
        was, now = sorted((one % size, other % size))
        if was == now:
            return
        ids = self.snapshots[now][0], self.snapshots[was][0]
        code, told = self.run(
            "verify", f"proofs@{ids[0]}", "--against", f"proofs@{ids[1]}", "-o", "json"
        )
        (found,) = told["storages"]
        self.check_lasting(code, found)

    def check_lasting(self, code: int, one: dict[str, Any]) -> None:
        """Check what is told by a run that has read nothing."""
        if any(known.lasts for known in self.known.values()):
            assert code == 7 or (self.is_forgotten and code), self.log
        lasting = _named(one["lasting"])
        for path, known in self.known.items():
            told = {what for what, paths in lasting.items() if path in paths}
            assert known.verdict != RIGHT or not told, (self.log, path, told)

    def accept(self, path: str) -> None:
        if (known := self.known.get(path)) and known.what and not self.is_forgotten:
            self.run("verify", "proofs", "--accept", "nas", path, "-y", "-o", "json")
            known.accept()

    def check(self, code: int, named: dict[str, set[str]], wrong: set[str]) -> None:
        told = set().union(*named.values())
        assert wrong <= told, (self.log, "not told", wrong - told)
        assert code == 7 or not wrong, (self.log, code)
        assert code != 0 or not self.is_forgotten, (self.log, "forgotten")
        for path, known in self.known.items():
            if known.verdict == RIGHT:
                these = {what for what, paths in named.items() if path in paths}
                assert not these & {DAMAGED, MISSING, "deleted"}, (self.log, path, these)

    def explain(self, path: str, named: dict[str, set[str]]) -> None:
        code, told = self.run("verify", "proofs", "--explain", "nas", path, "-o", "json")
        known = self.known[path]
        good = told["good"] and told["good"]["sha256"]
        where = (self.log, path, told["wrong"], good)
        if known.verdict == WRONG:
            assert told["wrong"], where
            assert code == 7, where
            assert good == hashlib.sha256(known.was).hexdigest(), where
        elif known.verdict == RIGHT:
            assert not told["wrong"] or told["overwritten"], where
        if not known.is_foggy:
            assert good not in {hashlib.sha256(data).hexdigest() for data in known.rotten}, where


_KEYS = {DAMAGED: "altered", MISSING: "missing", "deleted": "deleted"}


def _named(*several: list[dict[str, Any]]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {}
    for findings in several:
        for finding in findings:
            named.setdefault(finding["what"], set()).add(finding["path"])
    return named
