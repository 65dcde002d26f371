"""Idempotency keys: the first answer again, for a day, to whom it was given."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.lease.contract import Holder
from reconciler.server.store.refusals import KeyReusedError, NameTakenError, SupersededError
from reconciler.server.store.store import Store
from reconciler.server.store.values import Created
from support.server.storing import ANN, BOB, create, create_with, everything, local, remove, update


def test_the_same_create_with_its_key_gives_the_first_answer(store: Store, other: Store) -> None:
    first = create_with(store, local("nas"), key="k")
    assert not first.repeated
    assert create_with(other, local("nas"), key="k") == Created(first.row, repeated=True)
    assert len(everything(store)) == store.revision() == 1


def test_the_answer_stays_as_it_was_whatever_became_of_the_storage(store: Store) -> None:
    first = create_with(store, local("nas\0"), key="k").row
    update(store, first.storage.id, name="renamed")
    assert create_with(store, local("nas\0"), key="k").row == first
    remove(store, first.storage.id)
    assert create_with(store, local("nas\0"), key="k").row == first
    assert everything(store) == []


@pytest.mark.parametrize("field", ["name", "label", "type", "default_url"])
def test_a_key_belongs_to_its_values(store: Store, field: str) -> None:
    create(store, key="k")
    other = {"type": "S3"}.get(field, "other")
    with pytest.raises(KeyReusedError):
        create_with(store, replace(local("nas"), **{field: other}), key="k")
    assert len(everything(store)) == store.revision() == 1


def test_region_and_bucket_are_no_values_of_their_own(store: Store) -> None:
    first = create_with(store, local("nas"), key="k")
    again = create_with(store, replace(local("nas"), region="r", bucket="b"), key="k")
    assert again == Created(first.row, repeated=True)


def test_a_key_belongs_to_its_account(store: Store) -> None:
    first = create(store, "ann's", key="k", author=ANN)
    second = create(store, "bob's", key="k", author=BOB)
    assert first.storage.id != second.storage.id


def test_a_create_that_failed_leaves_no_key(store: Store) -> None:
    taken = create(store, "nas")
    with pytest.raises(NameTakenError):
        create(store, "nas", key="k")
    remove(store, taken.storage.id)
    assert not create_with(store, local("nas"), key="k").repeated


def age(sql) -> None:
    sql("UPDATE audit SET at = '2026-01-01T00:00:00.000000Z' WHERE idempotency_key = 'k'")


def test_a_key_lives_for_a_day(store: Store, sql) -> None:
    create(store, "nas", key="k")
    create(store, "tape", key="young")
    age(sql)
    with pytest.raises(NameTakenError):
        create(store, "nas", key="k")
    assert not create_with(store, local("other"), key="k").repeated
    assert create_with(store, local("tape"), key="young").repeated


def test_a_key_that_ran_out_belongs_to_its_next_create(store: Store, sql) -> None:
    create(store, "nas", key="k")
    age(sql)
    second = create_with(store, local("tape"), key="k")
    assert create_with(store, local("tape"), key="k") == Created(second.row, repeated=True)
    assert [change.after["name"] for change in store.changes(after=0, limit=9).changes] == [
        "nas",
        "tape",
    ]


def test_an_answer_is_told_again_although_the_lease_was_lost(store: Store) -> None:
    lease = store.acquire(Holder("me"), 60, ANN)
    first = create(store, key="k", fence=lease.fence)
    store.release(lease.fence, ANN.account)
    assert create(store, key="k", fence=lease.fence) == first
    with pytest.raises(SupersededError):
        create(store, "tape", key="k2", fence=lease.fence)
