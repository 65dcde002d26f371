"""A lease is waited for, kept alive, missed in time when it is lost, and given up at the end."""

from __future__ import annotations

import threading
import time

import pytest
from msgspec.structs import replace

from reconciler.errors import (
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import RENEW_EVERY, SECONDS, Holder, Lease, locked_by
from reconciler.lease.keeper import (
    MARGIN,
    RELEASE_EVERY,
    RELEASE_WITHIN,
    RETRY_EVERY,
    Clock,
    Keeper,
    Wait,
    acquire,
)

ME = Holder("me", "here", reason="test")
LEASE = Lease(7, ME, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")
BUSY = PlatformBusyError("the platform is locked by 'anna'")


class HandClock(Clock):
    """Stands still but where somebody sleeps."""

    def __init__(self):
        self.time = 1000.0
        #: What the clock on the wall shows more.
        self.set_by = 1.8e9
        self.slept = []

    def now(self):
        return self.time

    def wall(self):
        return self.time + self.set_by

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


class FakeLock:
    """Answers as it is told to: an exception is raised, anything else means success."""

    def __init__(self, *answers, clock=None, takes=0.0):
        self.answers = list(answers)
        self.clock = clock
        self.takes = takes
        self.calls = []
        self.held = None
        self.released = threading.Event()
        self.closed = threading.Event()

    def _answer(self, call):
        self.calls.append(call)
        if self.clock:
            self.clock.time += self.takes
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        return answer or LEASE

    def acquire(self, holder, seconds):
        assert (holder, seconds) == (ME, SECONDS)
        return self._answer("acquire")

    def renew(self, lease, seconds):
        assert (lease, seconds) == (LEASE, SECONDS)
        return self._answer("renew")

    def current(self):
        return self.held

    def release(self, lease):
        assert lease == LEASE
        self.released.set()
        self._answer("release")

    def close(self):
        self.closed.set()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def keeper_of(clock):
    """Make keepers, and close them at the end."""
    made = []

    def make(*answers, takes=0.0):
        lock = FakeLock(None, *answers, clock=clock, takes=takes)
        made.append(acquire(lock, ME, Wait(0), clock=clock))
        return made[-1], lock

    yield make
    for keeper in made:
        keeper.close()


# Waiting for it


def test_a_free_lease_is_taken_at_once(clock, keeper_of):
    keeper, _ = keeper_of()
    assert keeper.lease == LEASE
    assert keeper.lost() is None
    assert clock.slept == []


@pytest.mark.parametrize("passing", [BUSY, UnavailableError("503"), UnknownOutcomeError("lost")])
def test_what_may_pass_is_waited_for_and_told_once(clock, passing):
    lock = FakeLock(*[passing] * 5)
    told = []
    keeper = acquire(lock, ME, Wait(60, told=told.append), clock=clock)
    keeper.close()
    assert lock.calls.count("acquire") == 6
    assert told == [f"Waiting up to 60 s: {passing}"]


def test_what_will_never_pass_is_not_waited_for():
    foreign = UnknownOutcomeError("a filter says 403", lasting=True)
    lock, clock = FakeLock(foreign), HandClock()
    with pytest.raises(UnknownOutcomeError, match="403"):
        acquire(lock, ME, Wait(120), clock=clock)
    assert clock.slept == []


LOST_ANSWERS = [[UnknownOutcomeError("lost")], [UnknownOutcomeError("late"), BUSY]]


@pytest.mark.parametrize("answers", LOST_ANSWERS, ids=["at once", "later"])
def test_a_lease_that_a_lost_answer_gave_is_ours(clock, answers):
    lock = FakeLock(*answers, clock=clock, takes=1.0)
    lock.held = LEASE if len(answers) == 1 else None

    def look(seconds):
        clock.time += seconds
        lock.held = LEASE

    clock.sleep = look
    keeper = acquire(lock, ME, Wait(60), clock=clock)
    assert lock.calls == ["acquire"] * len(answers) + ["renew"]
    assert keeper.lease == LEASE
    # What is sure is counted from before the renewal.
    clock.time += SECONDS - MARGIN - 1.5
    assert keeper.lost() is None
    clock.time += 1
    assert keeper.lost()
    keeper.close()


@pytest.mark.parametrize(
    ("answers", "holder"),
    [
        ([UnknownOutcomeError("lost"), BUSY], Holder("anna")),
        ([UnknownOutcomeError("lost"), LeaseLostError("just now")], ME),
        ([BUSY], ME),
    ],
    ids=["of another", "lost again", "never in doubt"],
)
def test_a_lease_that_is_not_surely_ours_is_waited_for(clock, answers, holder):
    lock = FakeLock(*answers)
    lock.held = replace(LEASE, holder=holder)
    clock.sleep = lambda _: setattr(lock, "held", None)
    acquire(lock, ME, Wait(60), clock=clock).close()
    assert lock.calls[-2:] == ["acquire", "release"]


def test_the_wait_is_over_when_it_is_over_and_says_what_to_do(clock):
    lock = FakeLock(*[BUSY] * 1000)
    with pytest.raises(PlatformBusyError, match=r"locked by 'anna'.*Waited 30 s.*--lock-timeout"):
        acquire(lock, ME, Wait(30), clock=clock)
    assert clock.time == pytest.approx(1030)
    assert max(clock.slept) <= 1


def test_the_limit_that_ended_the_wait_is_named(clock):
    lock = FakeLock(*[PlatformBusyError(locked_by(LEASE))] * 1000)
    with pytest.raises(PlatformBusyError) as raised:
        acquire(lock, ME, Wait(1.96, "--timeout"), clock=clock)
    told = str(raised.value)
    assert told.startswith(f"{locked_by(LEASE)}. Waited 2 s, as long as --timeout allows. ")
    assert "longer with --timeout; if it was killed, its lease runs out by itself" in told
    assert "--lock-timeout" not in told


def test_no_lease_is_spoken_of_where_none_is_in_the_way(clock):
    lock = FakeLock(*[PlatformBusyError("another process is writing to it")] * 1000)
    with pytest.raises(PlatformBusyError) as raised:
        acquire(lock, ME, Wait(5), clock=clock)
    words = "another process is writing to it. Waited 5 s, as long as --lock-timeout allows"
    assert str(raised.value) == words


def test_without_time_it_is_tried_once(clock):
    lock = FakeLock(BUSY, None)
    with pytest.raises(PlatformBusyError):
        acquire(lock, ME, Wait(0), clock=clock)
    assert lock.calls == ["acquire"]


def test_an_error_that_stays_is_not_waited_for(clock):
    lock = FakeLock(PlatformError("no permission"), None)
    with pytest.raises(PlatformError, match="no permission"):
        acquire(lock, ME, Wait(60), clock=clock)
    assert clock.slept == []


def test_an_unavailable_lock_stays_the_error_that_it_is(clock):
    lock = FakeLock(*[UnavailableError("the server is down")] * 1000)
    with pytest.raises(UnavailableError, match=r"^the server is down$"):
        acquire(lock, ME, Wait(5), clock=clock)


def test_a_signal_ends_the_wait(clock):
    lock = FakeLock(*[BUSY] * 1000)
    with pytest.raises(KeyboardInterrupt):
        acquire(lock, ME, Wait(60, stop=lambda: "x" if len(clock.slept) > 3 else None), clock=clock)
    assert len(clock.slept) == 4


def test_those_who_wait_do_not_ask_in_step():
    pauses = []
    for _ in range(2):
        clock = HandClock()
        acquire(FakeLock(*[BUSY] * 20), ME, Wait(60), clock=clock).close()
        pauses.append(clock.slept)
    assert pauses[0] != pauses[1]


# Keeping it


def test_a_renewal_makes_it_ours_for_longer(clock, keeper_of):
    keeper, _ = keeper_of()
    clock.time += SECONDS - MARGIN - 1
    assert keeper.lost() is None
    assert keeper.renew() == RENEW_EVERY
    clock.time += SECONDS - MARGIN - 1
    assert keeper.lost() is None
    clock.time += 1
    assert "ran out" in keeper.lost()


def test_what_is_sure_is_counted_from_before_the_request(clock, keeper_of):
    keeper, _ = keeper_of(takes=20.0)
    clock.time += SECONDS - MARGIN - 20
    assert "ran out" in keeper.lost()


def test_a_failed_renewal_is_tried_again_until_the_lease_has_run_out(clock, keeper_of):
    keeper, _ = keeper_of(*[UnavailableError("503 from the proxy")] * 100)
    while keeper.renew() == RETRY_EVERY:
        assert keeper.lost() is None
        clock.time += RETRY_EVERY
    assert clock.time == pytest.approx(1000 + SECONDS - MARGIN, abs=RETRY_EVERY)
    assert keeper.lost() == (
        "the lease ran out, as it could not be renewed in time: 503 from the proxy"
    )


def test_a_renewal_that_works_again_forgets_the_failure(clock, keeper_of):
    keeper, _ = keeper_of(UnavailableError("503"), None)
    assert keeper.renew() == RETRY_EVERY
    assert keeper.renew() == RENEW_EVERY
    clock.time += SECONDS
    assert "503" not in keeper.lost()


def test_a_lease_that_was_taken_away_is_lost_at_once(keeper_of):
    keeper, _ = keeper_of(LeaseLostError("it was released by 'otto'"))
    assert keeper.renew() is None
    assert keeper.lost() == "the lease was lost: it was released by 'otto'"


@pytest.mark.parametrize(("by", "told"), [(-3600, "back by 3600 s"), (90, "forward by 90 s")])
def test_a_clock_that_is_set_ends_the_lease_for_good(clock, keeper_of, by, told):
    keeper, lock = keeper_of()
    clock.set_by += by
    assert keeper.lost() == (
        f"the lease was lost: the clock of this machine was set {told}, so that others may take "
        "the lease to have run out"
    )
    clock.set_by -= by
    assert keeper.lost()
    # By a clock that was set forward it would run for as long.
    assert keeper.renew() is None
    assert lock.calls == ["acquire"]


def test_a_renewal_notices_a_clock_that_was_set_before_anybody_asks(clock, keeper_of):
    keeper, lock = keeper_of()
    clock.set_by += 3600
    assert keeper.renew() is None
    assert lock.calls == ["acquire"]


def test_a_clock_that_is_set_while_a_lease_is_waited_for_gives_none(clock):
    def forward(seconds):
        clock.time += seconds
        clock.set_by += 3600

    clock.sleep = forward
    keeper = acquire(FakeLock(BUSY), ME, Wait(60), clock=clock)
    assert "forward by 3600 s" in keeper.lost()
    keeper.close()


def test_clocks_part_a_little(clock, keeper_of):
    keeper, _ = keeper_of()
    for by in (2, -4):
        clock.set_by += by
        assert keeper.lost() is None
    assert keeper.renew() == RENEW_EVERY


@pytest.mark.parametrize("other", [{"holder": Holder("anna")}, {"fence": 8}])
def test_a_renewal_that_tells_of_another_holder_means_that_it_is_lost(keeper_of, other):
    keeper, _ = keeper_of(replace(LEASE, **other))
    assert keeper.renew() is None
    assert keeper.lost().startswith("the lease was lost: it is now that of '")


def test_a_bug_in_a_lock_counts_as_a_failed_renewal(clock, keeper_of):
    keeper, _ = keeper_of(ZeroDivisionError())
    assert keeper.renew() == RETRY_EVERY
    clock.time += SECONDS
    assert "ZeroDivisionError" in keeper.lost()


def test_the_thread_renews_by_itself_and_gives_the_lease_up_at_the_end(clock, monkeypatch):
    monkeypatch.setattr("reconciler.lease.keeper.RENEW_EVERY", 0.0)
    renewed = threading.Event()

    class Watched(FakeLock):
        def renew(self, lease, seconds):
            if len(self.calls) > 3:
                renewed.set()
            return super().renew(lease, seconds)

    lock = Watched()
    keeper = acquire(lock, ME, Wait(0), clock=clock)
    assert renewed.wait(30)
    assert not lock.released.is_set()
    keeper.close()
    assert lock.released.is_set()
    assert lock.closed.is_set()
    assert lock.calls[-1] == "release"


def test_a_release_that_hangs_does_not_keep_us(clock, monkeypatch):
    monkeypatch.setattr("reconciler.lease.keeper.RELEASE_WITHIN", 0.01)
    go_on = threading.Event()

    class Hanging(FakeLock):
        def release(self, lease):
            go_on.wait(30)

    lock = Hanging()
    acquire(lock, ME, Wait(0), clock=clock).close()
    assert not lock.closed.is_set()
    go_on.set()
    assert lock.closed.wait(30)


def test_a_release_that_fails_is_no_error(clock):
    lock = FakeLock(None, PlatformError("gone"))
    acquire(lock, ME, Wait(0), clock=clock).close()
    assert lock.closed.is_set()


def test_a_release_is_tried_again_while_that_may_help(clock):
    lock = FakeLock(None, UnavailableError("busy"), UnknownOutcomeError("no answer"))
    acquire(lock, ME, Wait(0), clock=clock).close()
    assert lock.calls == ["acquire", "release", "release", "release"]
    assert lock.closed.is_set()


def test_a_release_is_not_tried_for_longer_than_somebody_waits(clock):
    lock = FakeLock(None, *[UnavailableError("busy")] * 100)
    acquire(lock, ME, Wait(0), clock=clock).close()
    assert RELEASE_WITHIN <= sum(clock.slept) <= RELEASE_WITHIN + RELEASE_EVERY
    assert lock.closed.is_set()


def test_the_real_clock_goes_on():
    clock = Clock()
    before = clock.now()
    clock.sleep(0)
    assert clock.now() >= before
    lock = FakeLock()
    Keeper(lock, LEASE, before, clock, clock.apart()).close()
    assert clock.apart() == pytest.approx(time.time() - clock.now(), abs=1)
    assert lock.released.is_set()
