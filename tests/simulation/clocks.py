"""Machines that take turns at one lease while somebody sets their clocks: two never write at once.

The keeper and the lock are the real ones; time, the clocks and where the lock lies are not.
"""

from __future__ import annotations

import threading
from collections import Counter
from random import Random
from types import SimpleNamespace
from unittest import mock

from reconciler.errors import PlatformBusyError
from reconciler.lease import keeper
from reconciler.lease.contract import Holder
from reconciler.lease.register import RegisterLock, Seen
from simulation.model import Violation

#: The fault: somebody, or a time service, sets a clock.
STEPS = "clock steps"
#: By how many seconds. By a few, nothing need happen.
_BACK, _FORWARD = (-3600, -90, -20, -2), (2, 20, 90, 3600)
#: How long a write may be under way: what the margin has for it, beside clocks that part.
_LONGEST_WRITE = keeper.MARGIN - keeper.PARTED
_TURNS = 50


class Clocks:
    """What happens in one seed."""

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        # A sequence of its own: a story is the same with and without this.
        self.rng = Random(f"clocks {seed}")
        self.time = 0.0
        self.value = Value()
        #: Whose write is under way, and until when.
        self.writer: keeper.Keeper | None = None
        self.writes_until = 0.0
        self.faults: Counter[str] = Counter()
        self.trace: list[str] | None = [] if trace else None

    def play(self) -> None:
        """Let two machines take turns; raises `Violation`."""
        machines = [Machine(self, name) for name in ("anna", "ben")]
        pauses = self.rng.choice(((0.1, 0.3, 1.0), (0.1, 1.0, 4.0, 15.0)))
        with mock.patch.object(keeper, "threading", _THREADING):
            for _ in range(_TURNS):
                self.time += self.rng.choice(pauses)
                self.rng.choice(machines).turn()

    def tell(self, who: str, what: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.time:8.2f} {who:6} {what}")


class Machine(keeper.Clock):
    """A machine whose clock on the wall may be set, and its applies, one after the other."""

    def __init__(self, clocks: Clocks, name: str) -> None:
        self._clocks = clocks
        self._name = name
        #: By how much the clock was set since the lease was asked for.
        self._set_by = 0.0
        self._kept: keeper.Keeper | None = None

    def now(self) -> float:
        return self._clocks.time

    def wall(self) -> float:
        return 1.8e9 + self._clocks.time + self._set_by

    def turn(self) -> None:
        """Do what an apply, or somebody at its machine, does next."""
        likely = self._clocks.rng.random()
        if self._kept is None:
            self._acquire()
        elif likely < 0.03:
            self._tell("is killed")
            self._kept = None
        elif likely < 0.06:
            self._close(self._kept)
        elif likely < 0.15:
            self._step()
        elif likely < 0.45:
            self._renew(self._kept)
        else:
            self._write(self._kept)

    def _acquire(self) -> None:
        self._set_by = 0.0  # nobody can tell that a clock was wrong from the beginning
        lock = RegisterLock(self._clocks.value, self._wall_of_lock)
        try:
            self._kept = keeper.acquire(lock, Holder(self._name), keeper.Wait(0), clock=self)
        except PlatformBusyError:
            self._tell("waits")
            return
        self._tell(f"has lease {self._kept.lease.fence} until {self._kept.lease.expires_at}")

    def _renew(self, kept: keeper.Keeper) -> None:
        self._tell(f"renews: {'lost' if kept.renew() is None else 'ok'}")

    def _write(self, kept: keeper.Keeper) -> None:
        clocks = self._clocks
        if lost := kept.lost():
            self._tell(lost)
            self._close(kept)
            return
        if abs(self._set_by) >= keeper.MARGIN:
            raise Violation(f"{self._name} writes, though its clock was set by {self._set_by} s")
        if clocks.writer is not kept and clocks.time < clocks.writes_until:
            raise Violation(f"{self._name} writes while a write of another holder is under way")
        until = clocks.time + clocks.rng.uniform(0, _LONGEST_WRITE)
        clocks.writer, clocks.writes_until = kept, max(clocks.writes_until, until)
        self._tell(f"writes until {until:.2f}")

    def _close(self, kept: keeper.Keeper) -> None:
        """Give the lease up, once no write is under way."""
        if self._clocks.writer is kept and self._clocks.time < self._clocks.writes_until:
            return
        kept.close()
        self._kept = None
        self._tell("has given the lease up")

    def _wall_of_lock(self) -> float:
        """Somebody may set the clock just before the lock looks at it."""
        if self._clocks.rng.random() < 0.2:
            self._step()
        return self.wall()

    def _step(self) -> None:
        # One that is wrong by being ahead takes any lease, and nothing can prevent that.
        choices = _BACK if self._kept is None else (*_BACK, *_FORWARD)
        by = self._clocks.rng.choice(choices)
        self._set_by += by
        self._clocks.faults[STEPS] += 1
        self._tell(f"clock set by {by} s")

    def _tell(self, what: str) -> None:
        self._clocks.tell(self._name, what)


class Value:
    """A register in memory."""

    address = "'memory'"

    def __init__(self) -> None:
        self._seen: Seen | None = None

    def read(self) -> Seen | None:
        return self._seen

    def swap(self, seen: Seen | None, data: bytes) -> bool:
        if seen is not self._seen:
            return False
        self._seen = Seen(data, "")
        return True

    def set_aside(self, seen: Seen, instead: bytes) -> str:
        raise NotImplementedError

    def close(self) -> None:
        pass


class _AtTheEnd:
    """The keeper's thread, which does its work once it is waited for: what renews is the play."""

    def __init__(self, *, target: object, name: str, daemon: bool) -> None:
        self._target = target

    def start(self) -> None:
        pass

    def join(self, timeout: float) -> None:
        assert callable(self._target)
        self._target()


_THREADING = SimpleNamespace(Thread=_AtTheEnd, Event=threading.Event)
