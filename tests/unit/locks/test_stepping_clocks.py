"""Clocks that somebody sets while leases are held: two never write at once."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from reconciler import keeper
from reconciler.errors import PlatformBusyError
from reconciler.lease import Holder
from reconciler.locks.register import RegisterLock, Seen

SEEDS = 200


class Value:
    """One value in memory."""

    address = "'memory'"
    seen: Seen | None = None

    def read(self):
        return self.seen

    def swap(self, seen, data):
        self.seen = Seen(data, "")
        return True

    def close(self):
        pass


class Machine(keeper.Clock):
    """A machine with a clock on the wall that can be set, and an apply that may hold the lease."""

    def __init__(self, value, time, name):
        self.time, self.name, self.off, self.kept = time, name, 0.0, None
        self.lock = RegisterLock(value, self.wall)

    def now(self):
        return self.time[0]

    def wall(self):
        return 1.8e9 + self.time[0] + self.off

    def turn(self, chance):
        if self.kept is None:
            self.off = 0.0  # nobody can tell that a clock was wrong from the beginning
            with suppress(PlatformBusyError):
                self.kept = keeper.acquire(self.lock, Holder(self.name), wait=0, clock=self)
        elif self.kept.lost() or chance.random() < 0.05:
            self.kept.close()
            self.kept = None
        elif chance.random() < 0.1:
            self.off += chance.choice([-3600, -20, 20, 3600])
        else:
            self.kept.renew()

    def writes(self):
        return self.kept is not None and self.kept.lost() is None


def two_write_at_once(seed):
    chance, time, value = random.Random(seed), [0.0], Value()
    machines = [Machine(value, time, name) for name in "ab"]
    try:
        for _ in range(60):
            time[0] += chance.choice([1, 5, 15])
            chance.choice(machines).turn(chance)
            if all(machine.writes() for machine in machines):
                return True
        return False
    finally:
        for machine in machines:
            if machine.kept:
                machine.kept.close()


def test_two_never_write_at_once_whoever_sets_a_clock():
    assert [seed for seed in range(SEEDS) if two_write_at_once(seed)] == []


def test_they_would_if_the_holder_did_not_compare_its_clocks(monkeypatch):
    monkeypatch.setattr(keeper, "PARTED", float("inf"))
    assert any(two_write_at_once(seed) for seed in range(SEEDS))


@pytest.fixture(autouse=True)
def _no_thread_renews(monkeypatch):
    monkeypatch.setattr(keeper, "RENEW_EVERY", 600.0)
