"""A lock in a bucket when the network loses answers: one wins, and never waits for itself."""

from __future__ import annotations

from contextlib import suppress

import pytest

from reconciler.errors import LeaseLostError, PlatformBusyError, UnavailableError
from reconciler.lease.contract import SECONDS, Lease
from support.faults.fault_proxy import (
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    HANG_AFTER,
    PASS,
    refused,
    scripted,
    seeded,
)
from support.locks.lock_making import ALICE, BOB


@pytest.mark.parametrize("fault", [DROP_AFTER, CUT], ids=["dropped", "cut"])
def test_a_change_whose_answer_was_lost_was_made(bucket, proxy, fault):
    lock = bucket.lock()
    proxy.decide = scripted(fault, of=bucket.writes_the_lock)
    lease = lock.acquire(ALICE, SECONDS)
    assert lease.fence == 1
    proxy.decide = scripted(fault, of=bucket.writes_the_lock)
    assert lock.renew(lease, SECONDS).fence == 1
    proxy.decide = scripted(fault, of=bucket.writes_the_lock)
    lock.release(lease)
    assert bucket.lock().current() is None


def test_a_lease_whose_answer_never_came_is_ours(bucket, proxy):
    proxy.decide = scripted(HANG_AFTER, of=bucket.writes_the_lock)
    assert bucket.lock(timeout=2.0).acquire(ALICE, SECONDS).fence == 1


def test_a_request_that_never_arrived_is_made_again(bucket, proxy):
    proxy.decide = scripted(DROP_BEFORE, of=bucket.writes_the_lock)
    lock = bucket.lock()
    lease = lock.acquire(ALICE, SECONDS)
    proxy.decide = scripted(DROP_BEFORE, of=bucket.writes_the_lock)
    assert lock.renew(lease, SECONDS).fence == lease.fence == 1


def test_a_lock_that_can_not_be_changed_at_all_gives_up(bucket, proxy):
    proxy.decide = lambda request: DROP_BEFORE if bucket.writes_the_lock(request) else PASS
    with pytest.raises(UnavailableError, match="could not be changed"):
        bucket.lock().acquire(ALICE, SECONDS)


def test_a_lease_that_nobody_could_tell_us_of_is_ours_when_we_ask_again(bucket, proxy):
    first_read = iter([True])
    write, read = bucket.writes_the_lock, bucket.reads_the_lock

    def decide(request):
        if write(request):
            return DROP_AFTER
        return refused(503) if read(request) and next(first_read, False) is False else PASS

    proxy.decide = decide
    lock = bucket.lock()
    with pytest.raises(UnavailableError, match="503"):
        lock.acquire(ALICE, SECONDS)
    proxy.decide = lambda _: PASS
    with pytest.raises(PlatformBusyError, match="alice"):
        bucket.lock().acquire(BOB, SECONDS)
    assert lock.acquire(ALICE, SECONDS).fence == 1


def test_who_lost_the_answer_and_then_the_lease_has_lost_it(bucket, proxy):
    lock = bucket.lock()
    lease = lock.acquire(ALICE, SECONDS)
    # The proxy does not hold back what this one sends while it decides.
    bucket.use(endpoint=bucket.server.endpoint)
    other = bucket.lock()
    taken: list[Lease] = []

    def take_it_first(request):
        if bucket.writes_the_lock(request) and not taken:
            proxy.decide = lambda _: PASS
            assert other.break_lease(lease)
            taken.append(other.acquire(BOB, SECONDS))
        return PASS

    proxy.decide = take_it_first
    with pytest.raises(LeaseLostError, match="bob"):
        lock.renew(lease, SECONDS)
    assert other.current() == taken[0]


def test_the_probe_itself_may_lose_answers(bucket, proxy):
    proxy.decide = scripted(DROP_AFTER, of=lambda request: ".probe-" in request.target)
    lock = bucket.lock()
    with pytest.raises(UnavailableError):
        lock.acquire(ALICE, SECONDS)
    assert lock.acquire(ALICE, SECONDS).fence == 1
    assert bucket.keys() == ["locks/jetraw"]


@pytest.mark.parametrize("seed", range(5))
def test_many_faults_never_give_the_lease_to_two(bucket, proxy, seed):
    locks = [bucket.lock(), bucket.lock()]
    proxy.decide = seeded(
        seed, [(0.06, DROP_AFTER), (0.06, DROP_BEFORE), (0.04, CUT), (0.04, refused(503))]
    )
    fences = []
    for turn in range(40):
        ours, others = locks[turn % 2], locks[(turn + 1) % 2]
        try:
            lease = ours.acquire(ALICE, SECONDS)
        except (UnavailableError, PlatformBusyError):
            continue
        with pytest.raises((UnavailableError, PlatformBusyError)):
            others.acquire(BOB, SECONDS)
        fences.append(lease.fence)
        with suppress(UnavailableError):  # then it may still be held, or not
            ours.release(lease)
    assert fences == sorted(fences)
    assert len(set(fences)) > 3
