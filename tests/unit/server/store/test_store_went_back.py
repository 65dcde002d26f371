"""A database that went back in time: a failover that lost commits, or a copy that was restored.

What was given out in the time that it has forgotten must not be valid for what comes instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from reconciler.lease.contract import Holder
from reconciler.server.store import session
from reconciler.server.store.opening import open_store
from reconciler.server.store.refusals import ChangedError, SupersededError
from reconciler.server.store.store import Store
from support.server.storing import ANN, create, update

ME, YOU = Holder("me"), Holder("you")


@pytest.fixture
def times(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, Store]]:
    """Give the time that is forgotten and the one that comes instead: a storage is in both."""
    monkeypatch.setattr(session, "LARGEST_STEP", 2**24)
    with closing(open_store(url)) as store:
        create(store, "nas")
    restored = _copied(url)
    with closing(open_store(url)) as forgotten, closing(open_store(restored)) as instead:
        yield forgotten, instead


def _copied(url: str) -> str:
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        shutil.copy(path, f"{path}.copy")
        return f"{url}.copy"
    with psycopg.connect(url) as connection:
        name = connection.info.dbname
    with psycopg.connect(url.replace(name, "postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name}copy WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}copy TEMPLATE {name}")
    return url.replace(name, f"{name}copy")


def test_a_fence_from_before_is_nobodys(times: tuple[Store, Store]) -> None:
    forgotten, instead = times
    ours = forgotten.acquire(ME, 60, ANN)
    theirs = instead.acquire(YOU, 60, ANN)
    with pytest.raises(SupersededError):
        create(instead, "late", fence=ours.fence)
    with pytest.raises(SupersededError):
        instead.renew(ours.fence, 60, ANN.account)
    instead.release(ours.fence, ANN.account)
    assert instead.break_lease(ours.fence, ANN) is False
    assert instead.lease() == theirs


def test_a_revision_from_before_is_no_condition_that_holds(times: tuple[Store, Store]) -> None:
    forgotten, instead = times
    id = instead.listing(after="", limit=1).storages[0].id
    seen = update(forgotten, id, label="ours")
    update(instead, id, label="precious")
    with pytest.raises(ChangedError):
        update(instead, id, label="overwritten", revision=seen.revision)
    assert instead.get(id).storage.label == "precious"


def test_a_list_from_before_is_not_the_one_of_now(times: tuple[Store, Store]) -> None:
    forgotten, instead = times
    for store in times:
        create(store, "new")
    assert forgotten.revision() != instead.revision()


def test_what_is_given_out_grows(times: tuple[Store, Store]) -> None:
    for store in times:
        fences, revisions = [], [store.revision()]
        for number in range(5):
            lease = store.acquire(ME, 60, ANN)
            fences.append(lease.fence)
            store.release(lease.fence, ANN.account)
            revisions.append(create(store, f"s{number}").revision)
        assert fences == sorted(set(fences))
        assert revisions == sorted(set(revisions))
        told = store.changes(after=0, limit=10).changes
        assert [change.revision for change in told] == revisions
