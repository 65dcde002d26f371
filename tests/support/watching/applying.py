"""A campaign of two watches that apply: what is declared becomes so, each change by one write."""

from __future__ import annotations

import json
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from http.server import ThreadingHTTPServer

from support.watching.notified import Recipient, of_told, read
from support.watching.watcher import INTERVAL, Watcher, until
from support.watching.world import NAMES, Line, World

#: Seconds: the lease of who was killed runs out, and a plan that failed is tried again.
_SETTLES = 180.0
_WRITES = ("create", "update", "remove")


class Applying:
    """Does one thing after the other, and sees what the watches make of it."""

    def __init__(
        self,
        world: World,
        watchers: Sequence[tuple[Watcher, ThreadingHTTPServer]],
        seed: int,
    ) -> None:
        """Have each watch notify a destination of its own."""
        self._world, self._chance = world, random.Random(seed)
        self._watchers = [watcher for watcher, _ in watchers]
        self._hears = [(Recipient(), Recipient(), *each) for each in watchers]
        self._heard = dict.fromkeys(self._watchers, 0)
        self._declared, self._valid = dict.fromkeys(NAMES, "L"), True
        self._labels = (f"label {n}" for n in range(1_000_000))
        self._undo: dict[str, Callable[[], object]] = {}
        #: Up to where the platform's audit was looked at, and what was declared anew since, after
        #: which of its changes.
        self._revision, self._commits = world.revision(), list[tuple[int, str]]()
        self._killed = False
        self.done: list[str] = []

    def play(self, seconds: float) -> None:
        """Go on for so long, then see that all is well."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._step(self._chance.choice(self._can_be_done()))
        while self._undo:
            self._step(next(iter(self._undo)))
        assert not self._commits, self._now()

    def _can_be_done(self) -> list[str]:
        deeds = ["hand", "hand", "hand", "commit", "line", "remote", "invalid", "disk"]
        deeds += ["kill", "restart", "poke"]
        if self._undo:
            deeds = ["hand", "poke", *self._undo]
        return deeds

    def _step(self, what: str) -> None:
        undo = self._undo.pop(what, None)
        self.done.append(f"{'un' if undo else ''}do {what}")
        if undo is not None:
            undo()
        else:
            getattr(self, f"_{what}")()
        if self._undo.keys() <= {"line"} and self._world.line.mode in Line.UNNOTICED:
            self._settle()
        else:
            self._see_nothing_written()

    def _settle(self) -> None:
        """Wait until all is as declared, and see that nothing was written twice."""
        until(lambda: self._world.live() == self._declared, self._now, _SETTLES)
        for watcher in self._watchers:
            until(lambda w=watcher: self._is_calm(w), self._now, _SETTLES)
        assert self._not_answered() == ([], set()), (self._not_answered(), self._now())
        self._revision, self._commits = self._world.revision(), []
        for said, notified, watcher, hook in self._hears:
            told = of_told(watcher.told[self._heard[watcher] :])
            self._heard[watcher] += len(told)
            said.hear(told, again=self._killed)
            assert not said.stands, (said.stands, self._now())
            until(lambda n=notified, h=hook: not self._stands(n, h), self._now)
        self._killed = False

    def _is_calm(self, watcher: Watcher) -> bool:
        watcher.wait_for_rounds(0)
        return watcher.status()["conditions"] == []

    def _stands(self, notified: Recipient, hook: ThreadingHTTPServer) -> bool:
        notified.hear(read(hook.taken), again=self._killed)
        return bool(notified.stands)

    def _see_nothing_written(self) -> None:
        for watcher in self._watchers:
            watcher.wait_for_rounds(1)
        if "disk" not in self._undo:
            assert not self._written(), (self._written(), self._now())

    def _written(self) -> Counter[str]:
        """Count what watches have written, by storages."""
        changes = self._world.changes(self._revision)
        return Counter(one.name for one in changes if one.run and one.action in _WRITES)

    def _not_answered(self) -> tuple[list[str], set[str]]:
        """Return what was written though nobody had changed it, and what was not, though one had.

        Where a disk is full there may be room for one apply more, so that each of several changes
        is answered.
        """
        twice, pending, commits = list[str](), set[str](), deque(self._commits)
        for one in self._world.changes(self._revision):
            while commits and commits[0][0] < one.revision:
                pending.add(commits.popleft()[1])
            if not one.run:
                pending.add(one.name)
            elif one.action in _WRITES and one.name not in pending:
                twice.append(one.name)
            elif one.action in _WRITES:
                pending.remove(one.name)
        return twice, {*pending, *(name for _, name in commits)}

    def _now(self) -> object:
        said = [(w.name, w.told[-6:], w.notes[-6:], w.applied[-3:]) for w in self._watchers]
        return self.done[-12:], said, self._world.live(), self._declared

    # What people and machines do.

    def _hand(self) -> None:
        for name in self._chance.sample(NAMES, self._chance.randint(1, 3)):
            if name not in self._world.live():
                continue
            if self._chance.random() < 0.3:
                self._world.remove(name)
            else:
                self._world.label(name, next(self._labels))

    def _commit(self) -> None:
        name = self._chance.choice(NAMES)
        self._declared = {**self._declared, name: next(self._labels)}
        self._commits.append((self._world.revision(), name))
        self._world.remote.push(self._world.manifest(self._declared))

    def _line(self) -> None:
        self._world.line.mode = self._chance.choice([one for one in Line.MODES if one != "well"])
        self.done.append(self._world.line.mode)
        self._undo["line"] = lambda: setattr(self._world.line, "mode", "well")

    def _remote(self) -> None:
        remote = self._world.remote
        if self._chance.random() < 0.5:
            remote.go_away()
            self._undo["remote"] = remote.come_back
            return
        name = self._chance.choice(NAMES)
        labels = {**self._declared, name: next(self._labels)}
        remote.push(self._world.manifest(labels), signed=False)
        self._undo["remote"] = lambda: self._sign(name, labels)

    def _sign(self, name: str, labels: dict[str, str]) -> None:
        self._commits.append((self._world.revision(), name))
        self._declared = labels
        self._world.remote.sign()

    def _invalid(self) -> None:
        self._world.remote.push("version: 1\nstoragez: []\n")
        manifest = self._world.manifest(self._declared)
        self._undo["invalid"] = lambda: self._world.remote.push(manifest)

    def _disk(self) -> None:
        self._world.disk.fill()
        self._undo["disk"] = self._world.disk.free

    def _kill(self) -> None:
        """Kill one at any moment of an apply, and begin it again."""
        watcher = self._chance.choice(self._watchers)
        self._hand()
        time.sleep(self._chance.uniform(0, INTERVAL * 1.5))
        watcher.kill()
        self._killed = True
        memory = self._world.disk.folder / f"{watcher.name}.state/watch.json"
        applying = json.loads(memory.read_text()).get("applying")
        watcher.start()
        assert applying in (None, *watcher.cut_off[-1:])

    def _restart(self) -> None:
        watcher = self._chance.choice(self._watchers)
        self._hand()
        time.sleep(self._chance.uniform(0, INTERVAL * 1.5))
        watcher.end()
        watcher.start()

    def _poke(self) -> None:
        for watcher in self._watchers:
            watcher.poke()
