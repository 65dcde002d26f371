"""Many threads on two servers of one database: writes have one order, and none is lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

from reconciler.lease.contract import Holder
from reconciler.server.store.refusals import LeasedError, NameTakenError, NotFoundError, StoreError
from reconciler.server.store.store import Store
from support.server.storing import (
    ANN,
    BOB,
    create,
    create_with,
    everything,
    inventory,
    local,
    record,
    remove,
    update,
)

THREADS = 8


def at_once(stores: tuple[Store, ...], call):
    """Call from all threads at one moment; give what each returned or was refused with."""
    start = Barrier(THREADS)

    def run(number: int):
        start.wait()
        try:
            return call(stores[number % len(stores)], number)
        except StoreError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_one_of_many_creates_gets_the_name(store: Store, other: Store) -> None:
    for turn in range(3):
        ends = Counter(
            type(end).__name__
            for end in at_once((store, other), lambda s, _, name=f"n{turn}": create(s, name))
        )
        assert ends == {"StoredStorage": 1, "NameTakenError": THREADS - 1}
    assert store.revision() == 3


def test_one_key_makes_one_storage(store: Store, other: Store) -> None:
    ends = at_once((store, other), lambda s, _: create_with(s, local("nas"), key="k"))
    assert len({end.row.storage.id for end in ends}) == 1
    assert sorted(end.repeated for end in ends) == [False] + [True] * (THREADS - 1)


def test_one_of_many_gets_the_lease(store: Store, other: Store) -> None:
    ends = at_once((store, other), lambda s, n: s.acquire(Holder(f"h{n}"), 60, ANN))
    won = [end for end in ends if not isinstance(end, LeasedError)]
    assert [store.lease()] == won
    assert len(ends) - len(won) == THREADS - 1
    broken = at_once((store, other), lambda s, _: s.break_lease(won[0].fence, BOB))
    assert sorted(broken) == [False] * (THREADS - 1) + [True]


def test_no_conditional_write_is_lost(store: Store, other: Store) -> None:
    id = create(store).storage.id
    update(store, id, label="0")

    def count(s: Store, _: int) -> None:
        done = 0
        while done < 5:
            row = s.get(id)
            with suppress(StoreError):
                update(s, id, label=str(int(row.storage.label) + 1), revision=row.revision)
                done += 1

    at_once((store, other), count)
    assert store.get(id).storage.label == str(5 * THREADS)


def test_many_record_into_one_inventory(store: Store, other: Store) -> None:
    id = create(store).storage.id

    def add(s: Store, number: int) -> None:
        for part in range(3):
            own = [(f"{number}-{part}-{n}", "c", "d") for n in range(20)]
            record(s, id, [("shared", str(number), "d"), *own])

    at_once((store, other), add)
    assert store.get(id).files == len(inventory(store, id)) == THREADS * 60 + 1


def test_the_audit_tells_the_order_of_all_writes(store: Store, other: Store) -> None:
    def busy(s: Store, number: int) -> None:
        for turn in range(12):
            name = f"shared{(number + turn) % 3}"
            try:
                create(s, name)
            except NameTakenError:
                (row,) = s.listing(after="", limit=1, name=name).storages or (None,)
                with suppress(StoreError):
                    if row is not None and turn % 2:
                        remove(s, row.id)
                    elif row is not None:
                        update(s, row.id, label=f"{number}-{turn}")

    assert not [end for end in at_once((store, other), busy) if end is not None]
    changes = store.changes(after=0, limit=1000).changes
    assert [change.revision for change in changes] == list(range(1, store.revision() + 1))
    live: dict[str, str] = {}
    for change in changes:
        if change.action == "create":
            assert change.name not in live.values()
            live[change.storage_id] = change.name
        elif change.action == "remove":
            del live[change.storage_id]
        else:
            assert change.storage_id in live
    assert live == {row.storage.id: row.storage.name for row in everything(other)}


def test_reads_do_not_wait_for_a_write(store: Store, other: Store, holding) -> None:
    row = create(store)
    with holding():
        for server in (store, other):
            assert server.get(row.storage.id) == row
            assert everything(server, limit=5) == [row]
            assert server.revision() == 1
            assert server.lease() is None
            server.ready()


def test_a_removed_storage_stays_removed(store: Store, other: Store) -> None:
    id = create(store).storage.id

    def race(s: Store, number: int):
        if number % 2:
            return remove(s, id)
        return update(s, id, label=str(number))

    ends = at_once((store, other), race)
    assert sum(1 for end in ends[1::2] if end is None) == 1
    assert all(end is None or isinstance(end, NotFoundError) for end in ends[1::2])
    assert everything(store) == []
