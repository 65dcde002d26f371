"""What every lock does, by the words of `reconciler/lease/contract.py` and nothing else.

A new kind of lock joins in `KINDS`: a function from an empty folder and pytest's request to a
`Contest`, which opens the same lock as often as wanted and lets time pass for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.errors import LeaseLostError, PlatformBusyError
from reconciler.lease.contract import SECONDS, Lease, locked_by
from reconciler.lease.opening import open_lock
from reconciler.platforms.sqlite.lock import SqliteLock
from support.locks.lock_making import ALICE, BOB, Clock, Contest, contest
from support.locks.server_locks import http_postgresql_lock, http_sqlite_lock

Make = Callable[[Path, pytest.FixtureRequest], AbstractContextManager[Contest]]


def _file(folder: Path, _: pytest.FixtureRequest) -> AbstractContextManager[Contest]:
    clock = Clock()
    return contest(lambda: open_lock(f"file://{folder}/lock", clock=clock), clock.advance)


def _s3(_: Path, request: pytest.FixtureRequest) -> AbstractContextManager[Contest]:
    server = request.getfixturevalue("s3")
    patch = request.getfixturevalue("monkeypatch")
    for name, value in server.environment().items():
        patch.setenv(name, value)
    address, clock = f"s3://{server.new_bucket()}/locks/jetraw", Clock()
    return contest(lambda: open_lock(address, clock=clock), clock.advance)


def _sqlite(folder: Path, _: pytest.FixtureRequest) -> AbstractContextManager[Contest]:
    clock = Clock()
    path = folder / "platform.db"
    return contest(lambda: SqliteLock(path, clock.utc), clock.advance)


KINDS: dict[str, Make] = {
    "file": _file,
    "s3": _s3,
    "sqlite": _sqlite,
    "http-sqlite": http_sqlite_lock,
    "http-postgresql": http_postgresql_lock,
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def lock_factory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Contest]:
    with request.param(tmp_path, request) as made:
        yield made


def seconds_left(lease: Lease) -> float:
    begin, end = (datetime.fromisoformat(t) for t in (lease.acquired_at, lease.expires_at))
    return (end - begin) / timedelta(seconds=1)


def test_nobody_holds_a_new_lock(lock_factory):
    assert lock_factory.contender().current() is None


def test_the_first_takes_it_and_everybody_sees_who_has_it(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    assert lease.holder == ALICE
    assert lease.acquired_at.endswith("Z")
    assert lease.expires_at.endswith("Z")
    assert SECONDS <= seconds_left(lease) <= SECONDS + 1
    assert others.current() == ours.current() == lease


def test_the_second_is_told_who_holds_it(lock_factory):
    lease = lock_factory.contender().acquire(ALICE, SECONDS)
    with pytest.raises(PlatformBusyError) as caught:
        lock_factory.contender().acquire(BOB, SECONDS)
    assert str(caught.value) == locked_by(lease)
    assert lock_factory.contender().current() == lease


def test_a_released_lock_is_free_and_the_next_fence_is_larger(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    first = ours.acquire(ALICE, SECONDS)
    ours.release(first)
    assert ours.current() is None
    second = others.acquire(BOB, SECONDS)
    others.release(second)
    third = ours.acquire(ALICE, SECONDS)
    assert first.fence < second.fence < third.fence


def test_a_renewed_lease_runs_from_now_and_keeps_its_fence(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    lock_factory.advance(SECONDS / 2)
    renewed = ours.renew(lease, SECONDS)
    assert (renewed.fence, renewed.holder) == (lease.fence, lease.holder)
    assert seconds_left(renewed) >= SECONDS * 1.5
    lock_factory.advance(SECONDS * 0.75)
    assert others.current().fence == lease.fence
    with pytest.raises(PlatformBusyError):
        others.acquire(BOB, SECONDS)


def test_a_clock_that_was_set_back_shortens_no_lease(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    lock_factory.advance(-3600)
    renewed = ours.renew(lease, SECONDS)
    lock_factory.advance(3600)
    assert seconds_left(renewed) >= seconds_left(others.current()) >= SECONDS
    with pytest.raises(PlatformBusyError):
        others.acquire(BOB, SECONDS)


def test_a_lease_that_was_renewed_can_be_renewed_and_released_by_what_it_was(lock_factory):
    ours = lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    lock_factory.advance(1)
    ours.renew(lease, SECONDS)
    ours.renew(lease, SECONDS)
    ours.release(lease)
    assert ours.current() is None


def test_a_lease_that_ran_out_is_free_for_others_and_lost(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lost = ours.acquire(ALICE, SECONDS)
    lock_factory.advance(SECONDS + 2)
    assert others.current() is None
    taken = others.acquire(BOB, SECONDS)
    assert taken.fence > lost.fence
    with pytest.raises(LeaseLostError):
        ours.renew(lost, SECONDS)
    ours.release(lost)
    assert others.current() == taken


def test_a_lease_that_ran_out_and_that_nobody_took_is_still_ours(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    lock_factory.advance(SECONDS + 2)
    renewed = ours.renew(lease, SECONDS)
    assert renewed.fence == lease.fence
    with pytest.raises(PlatformBusyError):
        others.acquire(BOB, SECONDS)


def test_a_lease_that_was_given_up_can_not_be_renewed(lock_factory):
    ours = lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    ours.release(lease)
    with pytest.raises(LeaseLostError):
        ours.renew(lease, SECONDS)
    assert ours.current() is None


def test_releasing_twice_takes_nothing_from_the_next_holder(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    ours.release(lease)
    taken = others.acquire(BOB, SECONDS)
    ours.release(lease)
    assert ours.current() == taken


def test_a_lease_can_be_taken_away(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    shown = others.current()
    assert others.break_lease(shown) is True
    assert others.current() is None
    with pytest.raises(LeaseLostError):
        ours.renew(lease, SECONDS)
    assert others.acquire(BOB, SECONDS).fence > lease.fence


def test_a_lease_is_taken_away_although_it_was_renewed_since(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    shown = others.current()
    lock_factory.advance(2)
    ours.renew(lease, SECONDS)
    assert others.break_lease(shown) is True
    assert ours.current() is None


def test_only_the_lease_that_was_shown_is_taken_away(lock_factory):
    ours, others = lock_factory.contender(), lock_factory.contender()
    shown = ours.acquire(ALICE, SECONDS)
    ours.release(shown)
    assert others.break_lease(shown) is False
    taken = others.acquire(BOB, SECONDS)
    assert ours.break_lease(shown) is False
    assert ours.current() == taken


def test_of_several_at_once_one_wins(lock_factory):
    contenders = [lock_factory.contender() for _ in range(4)]
    together = threading.Barrier(len(contenders))

    def attempt(lock):
        together.wait(timeout=60)
        try:
            return lock.acquire(ALICE, SECONDS)
        except PlatformBusyError as error:
            return error

    fences = []
    with ThreadPoolExecutor(len(contenders)) as pool:
        for _ in range(5):
            outcomes = list(pool.map(attempt, contenders))
            won = [outcome for outcome in outcomes if isinstance(outcome, Lease)]
            assert len(won) == 1
            fences.append(won[0].fence)
            # Every second time the winner is killed, and the others wait until it has run out.
            if len(fences) % 2:
                contenders[outcomes.index(won[0])].release(won[0])
            else:
                lock_factory.advance(SECONDS + 2)
    assert fences == sorted(set(fences))


def test_a_lock_that_is_closed_is_still_held(lock_factory):
    ours = lock_factory.contender()
    lease = ours.acquire(ALICE, SECONDS)
    ours.close()
    assert lock_factory.contender().current() == lease
