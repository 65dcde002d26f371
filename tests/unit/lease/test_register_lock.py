"""A lease that was taken without our knowing is ours from when we find it, not from then."""

from __future__ import annotations

import pytest

from reconciler.errors import PlatformBusyError, UnavailableError, UnknownOutcomeError
from reconciler.lease import keeper
from reconciler.lease.contract import SECONDS
from reconciler.lease.record import decode
from reconciler.lease.register import RegisterLock, Seen
from support.locks.lock_making import ALICE, BOB, Clock

NO_ANSWER = "no answer"


class FakeRegister:
    """One value in memory. Each call may be given something to do before or after it."""

    address = "'memory'"

    def __init__(self):
        self.seen = None
        self.before_reads = []
        self.before_swaps = []
        self.after_swaps = []

    def read(self):
        _do_next(self.before_reads)
        return self.seen

    def swap(self, seen, data):
        _do_next(self.before_swaps)
        if seen != self.seen:
            return False
        self.seen = Seen(data, str(int(seen.version) + 1 if seen else 1))
        _do_next(self.after_swaps)
        return True

    def close(self):
        pass


def _do_next(planned):
    if planned:
        planned.pop(0)()


def nothing():
    pass


def lose_the_answer():
    raise UnknownOutcomeError(NO_ANSWER)


def be_away():
    raise UnavailableError(NO_ANSWER)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def register():
    return FakeRegister()


@pytest.fixture
def locks(register, clock):
    return RegisterLock(register, clock), RegisterLock(register, clock)


def lose(register):
    """Let the next write be done, its answer be lost, and the look at what is there fail."""
    register.before_reads += [nothing, be_away]
    register.after_swaps.append(lose_the_answer)


def test_a_lease_found_to_be_ours_runs_from_now(locks, register, clock):
    ours, others = locks
    lose(register)
    with pytest.raises(UnavailableError):
        ours.acquire(ALICE, SECONDS)
    clock.advance(SECONDS / 2)
    found = ours.acquire(ALICE, SECONDS)
    assert (found.fence, found.holder) == (1, ALICE)
    assert decode(register.seen.data).expires >= clock() + SECONDS
    clock.advance(SECONDS - 1)
    assert others.current() == found
    with pytest.raises(PlatformBusyError, match="alice"):
        others.acquire(BOB, SECONDS)


def test_the_answer_may_be_lost_again_when_it_is_found(locks, register, clock):
    ours, _ = locks
    for _ in range(2):
        lose(register)
        with pytest.raises(UnavailableError):
            ours.acquire(ALICE, SECONDS)
        clock.advance(SECONDS / 2)
    assert ours.acquire(ALICE, SECONDS).fence == 1
    assert decode(register.seen.data).expires >= clock() + SECONDS


def test_a_lease_that_is_taken_away_while_we_find_it_is_not_ours(locks, register):
    ours, others = locks
    lose(register)
    with pytest.raises(UnavailableError):
        ours.acquire(ALICE, SECONDS)

    def take_it():
        assert others.break_lease(others.current())
        others.acquire(BOB, SECONDS)

    register.before_swaps.append(take_it)
    with pytest.raises(PlatformBusyError, match="bob"):
        ours.acquire(ALICE, SECONDS)
    assert others.current().holder == BOB


def test_a_lease_that_is_given_up_for_us_while_we_find_it_is_taken_anew(locks, register):
    ours, others = locks
    lose(register)
    with pytest.raises(UnavailableError):
        ours.acquire(ALICE, SECONDS)
    register.before_swaps.append(lambda: others.break_lease(others.current()))
    assert ours.acquire(ALICE, SECONDS).fence == 2


class Waiting(keeper.Clock):
    """The keeper's clock, which goes with that of the lock; waiting takes as long as it is told."""

    def __init__(self, clock, pause):
        self.clock = clock
        self.pause = pause

    def now(self):
        return self.clock()

    wall = now

    def sleep(self, seconds):
        self.clock.advance(self.pause)


def test_nobody_else_gets_the_lease_while_its_keeper_counts_on_it(locks, register, clock):
    ours, others = locks
    lose(register)
    kept = keeper.acquire(ours, ALICE, keeper.Wait(SECONDS), clock=Waiting(clock, SECONDS / 2))
    try:
        while kept.lost() is None:
            with pytest.raises(PlatformBusyError):
                others.acquire(BOB, SECONDS)
            clock.advance(1)
    finally:
        kept.close()


def test_a_renewal_by_a_clock_that_was_set_back_does_not_shorten_the_lease(locks, register, clock):
    ours, _ = locks
    lease = ours.acquire(ALICE, SECONDS)
    until = decode(register.seen.data).expires
    clock.advance(-3600)
    renewed = ours.renew(lease, SECONDS)
    assert decode(register.seen.data).expires == until
    assert renewed.expires_at == lease.expires_at
