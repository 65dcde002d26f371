"""A campaign of one watch that only looks: all that is due is told, once, and nothing else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer

from support.watching.notified import Recipient, of_told, read
from support.watching.truth import Due, Truth
from support.watching.watcher import INTERVAL, Watcher, until
from support.watching.world import NAMES, Line, World

#: Requests of a look at a platform that answers: who it is, its list, and, since there is a page,
#: what is new in its audit; at one that does not answer one request of three or so; and at one
#: that answers none, which is asked again for some seconds.
_ASKS = {"well": 3, "slow": 3, "flaky": 6, "torn": 6, "lost": 6}
_ASKS_AGAIN = 20
#: By how much a process may grow that has looked for a while: kilobytes, threads, open files.
_GROWS = (8_192, 1, 4)
#: By which share an interval may be shorter.
_SHORTER = 0.9


class _Once:
    """Is true once."""

    def __init__(self) -> None:
        self._left = [True]

    def __bool__(self) -> bool:
        return bool(self._left and self._left.pop())


class Looking:
    """Does one thing after the other, and sees that each is told."""

    def __init__(
        self,
        world: World,
        watcher: Watcher,
        hooks: tuple[ThreadingHTTPServer, ThreadingHTTPServer],
        seed: int,
    ) -> None:
        """Have a destination that always takes messages, and one that often does not."""
        self._world, self._watcher, self._chance = world, watcher, random.Random(seed)
        (self._steady, self._unsteady), self._unsteady_hears = hooks, Recipient()
        self._truth, self._pushed = Truth(), dict.fromkeys(NAMES, "L")
        self._labels = (f"label {n}" for n in range(1_000_000))
        #: What has to be undone of each sort, by what undoes it.
        self._undo: dict[str, Callable[[], object]] = {}
        self._heard = self._fills = 0
        self._restarts = True
        #: Requests and looks until the line was changed last.
        self._asked = self._looked = 0
        #: What was done, for whoever reads of a failure.
        self.done: list[str] = []

    def play(self, seconds: float) -> str:
        """Go on for so long, then see that all is well again; return how it was, in a line."""
        begun, sizes = time.monotonic(), []
        while time.monotonic() < begun + seconds:
            self._restarts = time.monotonic() < begun + seconds / 3  # later it is seen to grow
            self._step(self._chance.choice(self._can_be_done()))
            sizes.append(self._watcher.size())
        for what in ("line", "away", "invalid", "refused", "hook", "disk"):
            if what in self._undo:
                self._step(what)
        self._put_all_right()
        return self._check_whole(time.monotonic() - begun, sizes)

    def _can_be_done(self) -> list[str]:
        """Return what can be done now: each thing that is wrong is one to be put right, too."""
        deeds = ["hand", "hand", "hand", "line", "away", "refused", "commit", "invalid", "disk"]
        deeds += ["hook", "poke", "flicker", "restart", "nothing"]
        not_now = set[str]()
        if self._truth.unread:
            not_now |= {"restart", "flicker", "disk"}
        if self._truth.away:
            not_now |= {"commit", "invalid", "refused"}
        if self._truth.commit:
            not_now |= {"commit", "invalid"}
        if not self._truth.valid:
            not_now |= {"commit", "refused"}
        if "disk" in self._undo or not self._restarts:
            not_now.add("restart")  # what was told while a disk was full is not known after it
        return [one for one in deeds if one not in not_now]

    def _step(self, what: str) -> None:
        """Do a thing or undo it, and see what is told of it."""
        undo = self._undo.pop(what, None)
        self.done.append(f"{'un' if undo else ''}do {what}")
        if undo is not None:
            undo()
        else:
            getattr(self, f"_{what}")()
        self._hear()

    def _hear(self) -> None:
        due = self._truth.due()
        until(lambda: len(self._watcher.told) >= self._heard + len(due), self._said_now)
        if not due or self._chance.random() < 0.3:
            self._watcher.wait_for_rounds(1 + (self._chance.random() < 0.3))
        said = of_told(self._watcher.told[self._heard :])
        assert sorted(said) == due, (due, self._said_now())
        self._heard += len(said)
        status = self._watcher.status()
        stands = {(one["kind"], one["name"]) for one in status["conditions"]}
        assert stands == self._truth.seen.keys()
        self._hear_notified(said)
        if self._unsteady_hears.is_unsure and not status["destinations"][1]["waiting"]:
            self._unsteady_hears.stands, self._unsteady_hears.is_unsure = stands, False

    def _hear_notified(self, said: list[Due]) -> None:
        """See that who always takes messages was sent each once, and others nothing untrue."""
        notified: list[Due] = []

        def all_there() -> bool:
            notified.extend(read(self._steady.taken))
            return len(notified) >= len(said)

        until(all_there, lambda: (said, notified))
        assert sorted(notified) == sorted(said), (said, notified)
        self._unsteady_stands()

    def _said_now(self) -> object:
        return self._watcher.told[self._heard :], self.done[-12:], self._watcher.notes[-8:]

    # What people and machines do.

    def _hand(self) -> None:
        """Change a few storages by hand, each in its own way."""
        for name in self._chance.sample([*NAMES, "x", "y"], self._chance.randint(1, 3)):
            live = self._truth.live
            if name not in live:
                live[name] = "L"
                self._world.create(name)
            elif name not in NAMES or self._chance.random() < 0.4:
                del live[name]
                self._world.remove(name)
            else:
                declared = self._truth.here[name]
                differs = live[name] != declared
                live[name] = declared if differs else next(self._labels)
                self._world.label(name, live[name])

    def _flicker(self) -> None:
        """Change something, and change it back before anybody may have looked."""
        name = self._chance.choice(sorted(self._truth.live.keys() & set(NAMES)) or ["a"])
        if (was := self._truth.live.get(name)) is None:
            return
        self._world.label(name, "flicker")
        time.sleep(self._chance.uniform(0, INTERVAL / 4))
        self._world.label(name, was)
        self._watcher.wait_for_rounds(1)
        said = of_told(self._watcher.told[self._heard :])
        assert len(said) in (0, 2), said
        assert {(kind, who) for _, kind, who in said} <= {("drift", name)}, said
        self._heard += len(said)
        self._hear_notified(said)

    def _line(self) -> None:
        self._set_line(self._chance.choice([one for one in Line.MODES if one != "well"]))
        self._undo["line"] = lambda: self._set_line("well")

    def _set_line(self, mode: str) -> None:
        self.done.append(mode)
        asked, looked = len(self._world.proxy.log.requests), self._watcher.rounds()
        most = (looked - self._looked + 2) * _ASKS.get(self._truth.line, _ASKS_AGAIN)
        assert asked - self._asked <= most, (asked, self._asked, most, self._said_now())
        self._asked, self._looked = asked, looked
        self._world.line.mode = self._truth.line = mode

    def _away(self) -> None:
        self._world.remote.go_away()
        self._truth.away, self._undo["away"] = True, self._come_back

    def _come_back(self) -> None:
        self._world.remote.come_back()
        self._truth.away = False

    def _refused(self) -> None:
        """Push what no watch may take."""
        remote = self._world.remote
        if self._chance.random() < 0.5:
            remote.push(self._world.manifest(self._changed()), signed=False)
            self._truth.commit, self._undo["refused"] = "unsigned", self._sign
        else:
            remote.push(self._world.manifest(self._pushed))
            self._watcher.wait_for_rounds(1)
            remote.force(self._world.manifest(self._changed()))
            self._pushed = self._truth.here
            self._truth.commit, self._undo["refused"] = "not_forward", self._put_back

    def _sign(self) -> None:
        self._world.remote.sign()
        self._truth.commit, self._truth.here = "", self._pushed

    def _put_back(self) -> None:
        self._world.remote.put_back()
        self._truth.commit = ""

    def _commit(self) -> None:
        self._world.remote.push(self._world.manifest(self._changed()))
        self._truth.here = self._pushed

    def _changed(self) -> dict[str, str]:
        self._pushed = {**self._pushed, self._chance.choice(NAMES): next(self._labels)}
        return self._pushed

    def _invalid(self) -> None:
        self._world.remote.push("version: 1\nstoragez: []\n")
        self._truth.valid = False
        self._undo["invalid"] = self._put_valid

    def _put_valid(self) -> None:
        self._world.remote.push(self._world.manifest(self._pushed))
        self._truth.valid = True

    def _disk(self) -> None:
        self._fills += 1

        def full() -> bool:  # also of what was free again as an older file was replaced
            self._world.disk.fill()
            return self._notes_of("can't") == self._fills

        until(full, self._said_now)
        self._undo["disk"] = self._free

    def _free(self) -> None:
        self._world.disk.free()
        until(lambda: self._notes_of("can") == self._fills, self._said_now)

    def _notes_of(self, how: str) -> int:
        return sum(f"what this watch knows {how} be kept" in one for one in self._watcher.notes)

    def _hook(self) -> None:
        hook = self._unsteady
        hook.status, hook.hangs = self._chance.choice([(500, False), (200, _Once())])
        self._undo["hook"] = lambda: (setattr(hook, "status", 200), setattr(hook, "hangs", False))

    def _poke(self) -> None:
        self._watcher.poke()

    def _restart(self) -> None:
        self._watcher.end()
        self._watcher.start()

    def _nothing(self) -> None:
        time.sleep(self._chance.uniform(0, INTERVAL))

    def _put_all_right(self) -> None:
        self.done.append("all is put right")
        for name in self._truth.live.keys() - set(NAMES):
            self._world.remove(name)
        for name in NAMES:
            if name not in self._truth.live:
                self._world.create(name, self._pushed[name])
            else:
                self._world.label(name, self._pushed[name])
        self._truth.live = dict(self._pushed)
        self._hear()
        assert self._truth.seen == {}

    def _check_whole(self, seconds: float, sizes: list[tuple[int, int, int]]) -> str:
        """See that nothing is left, that little was asked, and that nothing has grown."""
        status = self._watcher.status()
        assert (status["conditions"], status["differences"]) == ([], []), status
        assert self._notes_of("can't") == self._notes_of("can") == self._fills
        rounds = self._watcher.rounds()
        wanted = self.done.count("do poke") + self.done.count("do restart") + 2
        assert rounds <= seconds / (INTERVAL * _SHORTER) + wanted, rounds
        third = len(sizes) // 3
        before, after = (
            tuple(map(max, zip(*part, strict=True)))
            for part in (sizes[third:-third], sizes[-third:])
        )
        grown = [late - early for early, late in zip(before, after, strict=True)]
        assert all(one <= most for one, most in zip(grown, _GROWS, strict=True)), sizes
        self._restart()  # who is left alone for long is tried at once
        until(
            lambda: not self._unsteady_stands() or self._unsteady_hears.is_unsure,
            self._unsteady_stands,
        )
        assert not read(self._steady.taken)
        asked = len(self._world.proxy.log.requests)
        return (
            f"{len(self.done)} deeds, {rounds} looks, {asked} requests, {self._heard} told; of "
            f"{before} (kB, threads, files) has become {after}"
        )

    def _unsteady_stands(self) -> set[tuple[str, str]]:
        """Return what lasts as far as the other destination was told; it is told nothing untrue."""
        self._unsteady_hears.hear(read(self._unsteady.taken))
        return self._unsteady_hears.stands
