"""The lease: one holder at a time, a fence that grows, and late writes that are refused."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import psycopg
import pytest

from reconciler.lease.contract import Holder, Lease
from reconciler.server.store.opening import open_store
from reconciler.server.store.postgresql import database as postgresql
from reconciler.server.store.refusals import LeasedError, StoreUnavailableError, SupersededError
from reconciler.server.store.store import Store
from support.server.postgres import Postgres
from support.server.storing import ANN, BOB, author_of, create, everything, record, remove, update

ME = Holder("me", host="laptop", job_url="https://ci/1", reason="apply\0 of main")
YOU = Holder("you")
PAST = "2026-01-01T00:00:00.000000Z"


def seconds(lease: Lease) -> float:
    """Tell how long a lease was given for."""
    start, end = map(datetime.fromisoformat, (lease.acquired_at, lease.expires_at))
    return (end - start).total_seconds()


def test_nobody_holds_a_new_platform(store: Store) -> None:
    assert store.lease() is None


def test_a_lease_keeps_others_out(store: Store, other: Store) -> None:
    lease = store.acquire(ME, 60, ANN)
    assert lease.holder == ME
    assert seconds(lease) == 60
    assert other.lease() == lease
    for holder in (YOU, ME):
        with pytest.raises(LeasedError, match="'me'") as refused:
            other.acquire(holder, 60, BOB)
        assert refused.value.lease == lease
    assert store.revision() == 0


def test_a_lease_that_was_given_up_can_be_taken_with_a_larger_fence(store: Store) -> None:
    first = store.acquire(ME, 60, ANN)
    store.release(first.fence, ANN.account)
    assert store.lease() is None
    second = store.acquire(YOU, 60, BOB)
    assert second.fence > first.fence
    store.release(first.fence, ANN.account)
    assert store.lease() == second


def test_a_lease_runs_out_by_itself(store: Store, sql) -> None:
    first = store.acquire(ME, 60, ANN)
    sql("UPDATE lease SET expires_at = ?", PAST)
    assert store.lease() is None
    second = store.acquire(YOU, 60, BOB)
    assert second.fence > first.fence
    with pytest.raises(SupersededError):
        store.renew(first.fence, 60, ANN.account)
    assert store.lease() == second


def test_renewing_makes_it_run_from_now(store: Store, sql) -> None:
    lease = store.acquire(ME, 60, ANN)
    sql("UPDATE lease SET expires_at = ?", PAST)
    renewed = store.renew(lease.fence, 300, ANN.account)
    assert store.lease() == renewed
    assert (renewed.fence, renewed.holder, renewed.acquired_at) == (
        lease.fence, ME, lease.acquired_at,
    )  # fmt: skip
    assert seconds(renewed) >= 300


def test_what_is_not_held_cannot_be_renewed(store: Store) -> None:
    for fence in (0, 1, -1, 2**80):
        with pytest.raises(SupersededError):
            store.renew(fence, 60, ANN.account)
    lease = store.acquire(ME, 60, ANN)
    store.release(lease.fence, ANN.account)
    with pytest.raises(SupersededError):
        store.renew(lease.fence, 60, ANN.account)


def test_only_the_account_that_took_a_lease_renews_it_and_gives_it_up(store: Store) -> None:
    lease = store.acquire(ME, 60, ANN)
    with pytest.raises(SupersededError, match="another account"):
        store.renew(lease.fence, 600, BOB.account)
    with pytest.raises(SupersededError, match="another account"):
        store.release(lease.fence, BOB.account)
    assert store.lease() == lease


def test_a_broken_lease_is_gone_and_written_down(store: Store) -> None:
    lease = store.acquire(ME, 60, ANN)
    assert not store.break_lease(lease.fence + 1, BOB)
    assert store.break_lease(lease.fence, BOB)
    assert not store.break_lease(lease.fence, BOB)
    assert store.lease() is None
    with pytest.raises(SupersededError):
        store.renew(lease.fence, 60, ANN.account)
    (change,) = store.changes(after=0, limit=9).changes
    assert (change.action, author_of(change), change.revision) == ("lease_broken", BOB, 1)
    assert change.before is not None
    assert (change.before["owner"], change.before["account"]) == ("me", "ann")
    assert store.revision() == 1


def test_a_lease_that_ran_out_can_be_broken(store: Store, sql) -> None:
    lease = store.acquire(ME, 60, ANN)
    sql("UPDATE lease SET expires_at = ?", PAST)
    assert store.break_lease(lease.fence, BOB)
    with pytest.raises(SupersededError):
        create(store, fence=lease.fence)


def test_writes_under_the_lease_and_without_one_are_taken(store: Store, sql) -> None:
    fence = store.acquire(ME, 60, ANN).fence
    id = create(store, fence=fence).storage.id
    update(store, id, label="new", fence=fence)
    record(store, id, [("u", "c", "d")], fence=fence)
    update(store, id, label="newer", fence=None)
    sql("UPDATE lease SET expires_at = ?", PAST)
    remove(store, id, holds_files=True, fence=fence)
    assert everything(store) == []


@pytest.mark.parametrize("end", ["released", "broken", "superseded", "never"])
def test_late_writes_are_refused(store: Store, other: Store, sql, end: str) -> None:
    row = create(store)
    id = row.storage.id
    fence = store.acquire(ME, 60, ANN).fence
    if end == "released":
        other.release(fence, ANN.account)
    elif end == "broken":
        other.break_lease(fence, BOB)
    elif end == "superseded":
        sql("UPDATE lease SET expires_at = ?", PAST)
        other.acquire(YOU, 60, BOB)
    else:
        fence += 1
    revision = store.revision()
    for write in (
        lambda: create(store, "late", fence=fence),
        lambda: update(store, id, label="late", fence=fence),
        lambda: remove(store, id, fence=fence),
        lambda: record(store, id, [("late", "c", "d")], fence=fence),
    ):
        with pytest.raises(SupersededError, match=str(fence)):
            write()
    assert everything(store) == [row]
    assert store.revision() == revision


def test_the_lease_does_not_wait_for_writers_that_wait(postgres: Postgres, monkeypatch) -> None:
    monkeypatch.setattr(postgresql, "_TURN", 0.2)
    url = postgres.database()
    with closing(open_store(url)) as store, psycopg.connect(url) as writing:
        held = store.acquire(ME, 60, ANN)
        writing.execute("UPDATE platform SET revision = revision + 1")
        for _ in range(postgresql._WRITERS):
            store._database._writers.acquire()
        with pytest.raises(StoreUnavailableError):
            create(store)
        assert store.renew(held.fence, 90, ANN.account).fence == held.fence
        with pytest.raises(LeasedError):
            store.acquire(YOU, 60, BOB)
        store.release(held.fence, ANN.account)
        assert store.acquire(YOU, 60, BOB).fence > held.fence
        writing.rollback()
        assert store.break_lease(held.fence + 1, ANN)


def test_a_write_under_a_lease_keeps_nobody_from_renewing_it(
    postgres: Postgres, monkeypatch
) -> None:
    monkeypatch.setattr(postgresql, "_TURN", 0.2)
    url = postgres.database()
    with closing(open_store(url)) as store, psycopg.connect(url) as writing:
        held = store.acquire(ME, 60, ANN)
        writing.execute("UPDATE platform SET revision = revision + 1")
        writing.execute("SELECT fence FROM lease FOR KEY SHARE")  # as every write under it does
        assert store.renew(held.fence, 90, ANN.account).fence == held.fence
        with pytest.raises(StoreUnavailableError):
            store.release(held.fence, ANN.account)
        writing.rollback()
        store.release(held.fence, ANN.account)


def test_asking_for_a_lease_that_is_held_waits_for_no_write(
    store: Store, other: Store, holding
) -> None:
    lease = store.acquire(ME, 60, ANN)
    with holding(), pytest.raises(LeasedError) as refused:
        other.acquire(YOU, 60, BOB)
    assert refused.value.lease == lease
