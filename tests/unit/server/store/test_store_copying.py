"""A platform changes its database with all that belongs to it, or stays where it is."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import PlatformBusyError, PlatformError
from reconciler.lease.contract import Holder
from reconciler.platform import InventoryRow
from reconciler.server.store import copying
from reconciler.server.store.copying import (
    LEFT_OUT,
    CopyEnd,
    check_ends,
    copied_tables,
    copy,
    how_much,
)
from reconciler.server.store.opening import open_copy_end, open_store
from reconciler.server.store.postgresql.database import PostgresDatabase
from reconciler.server.store.refusals import RefusedValueError, SupersededError
from reconciler.server.store.sqlite import database as sqlite_store
from reconciler.server.store.sqlite.preparing import prepare
from reconciler.server.store.store import Store
from support.server.serving import make_token
from support.server.storing import (
    ANN,
    BOB,
    create,
    everything,
    inventory,
    names,
    record,
    remove,
    update,
)

MIB = 1024 * 1024
ODD = [("\0", "\0", "\1"), ("a\1", "", "é"), ("B", "1", "\U00010000"), ("b", "sha256:1", "2")]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a second database, of each kind, that is new."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").database()
    return f"sqlite:///{tmp_path / 'second.db'}"


def carry(url: str, empty: str, moved: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    with open_copy_end(url) as source, open_copy_end(empty) as target:
        source.begin()
        target.begin()
        check_ends(source, target)
        return copy(source, target, moved)


def fill(store: Store) -> None:
    """Write what each table can hold."""
    one, two = create(store, "one", key="k1"), create(store, "zwei\0\1 é", author=BOB)
    record(store, one.storage.id, ODD)
    update(store, two.storage.id, name="two", label="\1", author=BOB)
    remove(store, create(store, "gone").storage.id)
    make_token(store)
    token = store.tokens()[0]
    store.revoke_token(token.id, BOB)
    make_token(store, name="second", expires="2999-01-01T00:00:00Z")
    store.release(store.acquire(Holder("ann"), 60, ANN).fence, "ann")


def whole(store: Store) -> dict[str, Any]:
    """Read all that a platform is."""
    rows = everything(store)
    return {
        "id": store.platform_id(),
        "revision": store.revision(),
        "rows": rows,
        "files": {row.storage.id: inventory(store, row.storage.id) for row in rows},
        "audit": store.changes(after=0, limit=1000),
        "tokens": [store.token(token.id) for token in store.tokens()],
    }


def filled(url: str) -> dict[str, Any]:
    with closing(open_store(url)) as store:
        fill(store)
        return whole(store)


def test_all_of_it_is_in_the_other_database(url: str, empty: str) -> None:
    was = filled(url)
    assert carry(url, empty) == {
        "platform": 1,
        "storages": 2,
        "inventory": 4,
        "audit": was["revision"],
        "tokens": 2,
    }
    with closing(open_store(empty)) as store:
        assert whole(store) == was
        # A key is answered as before, and a fence is never given out again.
        assert create(store, "one", key="k1").revision == 1
        assert store.lease() is None
        assert store.acquire(Holder("bob"), 60, BOB).fence == 2
        with pytest.raises(SupersededError):
            create(store, "three", fence=1)
        assert create(store, "three").revision == was["revision"] + 1


def test_it_comes_back_as_it_went(url: str, empty: str, tmp_path: Path) -> None:
    was = filled(url)
    carry(url, empty)
    back = f"sqlite:///{tmp_path / 'back.db'}"
    carry(empty, back)
    with closing(open_store(back)) as store:
        assert whole(store) == was


def test_every_table_and_column_is_copied_or_named_as_left_out(url: str, empty: str) -> None:
    """Whatever a migration adds is copied, unless somebody says that it is not."""
    ends = []
    for each in (url, empty):
        with open_copy_end(each) as end:
            ends.append(copied_tables(end))
            assert set(end.tables()) - set(ends[-1]) <= set(LEFT_OUT)
    assert {table: set(columns) for table, columns in ends[0].items()} == {
        table: set(columns) for table, columns in ends[1].items()
    }
    # A new table has to be named here, and in words for the user if it holds what they count.
    assert set(ends[0]) == {"platform", "storages", "inventory", "audit", "tokens"}


def test_what_was_moved_is_not_opened_again(url: str, empty: str) -> None:
    filled(url)
    carry(url, empty)
    with pytest.raises(PlatformError, match="it was moved"):
        open_store(url)
    with pytest.raises(PlatformError, match="it was moved"):
        carry(url, empty)


def test_a_server_that_starts_meanwhile_does_not_run_on_what_was_moved(
    tmp_path: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'server.db'}"
    filled(url)

    def overtaken(path: Path) -> None:
        prepare(path)
        carry(url, empty)

    monkeypatch.setattr(sqlite_store, "prepare", overtaken)
    with pytest.raises(PlatformError, match="it was moved"):
        open_store(url)


def test_a_server_that_still_runs_is_in_the_way(url: str, empty: str) -> None:
    filled(url)
    with closing(open_store(url)), pytest.raises(PlatformError, match="stop the servers"):
        carry(url, empty)
    with closing(open_store(empty)), pytest.raises(PlatformError, match="stop the servers"):
        carry(url, empty)
    assert carry(url, empty)["storages"] == 2


def test_a_server_that_was_cut_off_meanwhile_writes_nothing_more(postgres, empty: str) -> None:
    url = postgres.database()
    with closing(open_store(url)) as store:
        fill(store)
        lost = PostgresDatabase(url)
        for pool in (lost._calls, lost._streams):
            pool.close()
    carry(url, empty)
    # As the pool of a server does that found no connection while the platform was moved.
    with closing(Store(PostgresDatabase(url))) as store:
        with pytest.raises(RefusedValueError, match="was moved into another database"):
            create(store, "late")
        with pytest.raises(RefusedValueError, match="was moved into another database"):
            store.acquire(Holder("late"), 60, ANN)
        assert "late" not in names(store)


def test_a_lease_that_is_held_is_in_the_way(url: str, empty: str) -> None:
    with closing(open_store(url)) as store:
        create(store)
        store.acquire(Holder("ann"), 60, ANN)
    with pytest.raises(PlatformBusyError, match="'ann'"):
        carry(url, empty)


def test_a_database_that_is_in_use_is_no_target(url: str, empty: str) -> None:
    filled(url)
    with closing(open_store(empty)) as store:
        create(store)
    with pytest.raises(PlatformError, match=r"holds 1 storage, 1 line of the audit: give"):
        carry(url, empty)
    with closing(open_store(empty)) as store:
        assert names(store) == {"nas"}
    with closing(open_store(url)) as store:
        assert names(store) == {"one", "two"}


def test_an_empty_database_is_nothing_to_copy(url: str, empty: str) -> None:
    with pytest.raises(PlatformError, match="nothing was ever written"):
        carry(url, empty)


def test_what_is_cut_off_leaves_both_as_they_were(url: str, empty: str) -> None:
    was = filled(url)

    def cut(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry(url, empty, cut)
    with closing(open_store(empty)) as store:
        assert (store.revision(), store.count(), store.tokens()) == (0, 0, ())
    with closing(open_store(url)) as store:
        assert whole(store) == was
    carry(url, empty)
    with closing(open_store(empty)) as store:
        assert whole(store) == was


def carry_half(url: str, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be cut off when the copy is final and its original has still to be marked."""
    with open_copy_end(url) as end:
        kind = type(end)
    with monkeypatch.context() as patched:
        patched.setattr(kind, "mark_as_moved", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            carry(url, empty)


def test_cut_off_between_the_two_ends_it_is_finished_later(
    url: str, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = filled(url)
    carry_half(url, empty, monkeypatch)
    assert carry(url, empty)["inventory"] == 4
    with pytest.raises(PlatformError, match="it was moved"):
        open_store(url)
    with closing(open_store(empty)) as store:
        assert whole(store) == was


def test_a_copy_that_went_on_is_not_taken_for_a_whole_one(
    url: str, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(url)
    carry_half(url, empty, monkeypatch)
    with closing(open_store(empty)) as store:
        create(store, "later")
    with pytest.raises(PlatformError, match="another state of the same platform"):
        carry(url, empty)
    with closing(open_store(empty)) as store:
        assert "later" in names(store)
    open_store(url).close()


@pytest.mark.parametrize(
    "spoil",
    [lambda rows: rows[1:], lambda rows: [(*rows[0][:-1], "other"), *rows[1:]]],
    ids=["lost", "changed"],
)
def test_what_reads_otherwise_than_it_was_is_not_kept(
    url: str, empty: str, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[list[Any]], list[Any]]
) -> None:
    filled(url)
    with open_copy_end(empty) as end:
        kind: type[CopyEnd] = type(end)
    put = kind.fill

    def spoiled(self: CopyEnd, table: str, columns: tuple[str, ...], rows: Iterator[Any]) -> None:
        put(self, table, columns, spoil(list(rows)) if table == "inventory" else rows)

    monkeypatch.setattr(kind, "fill", spoiled)
    with pytest.raises(PlatformError, match="nothing was kept"):
        carry(url, empty)
    with closing(open_store(empty)) as store:
        assert store.count() == 0
    open_store(url).close()


def test_memory_does_not_grow_with_the_number_of_files(url: str, empty: str, long: bool) -> None:
    # Held all at once, the fewer of them take 1.5 MiB more than what to copy takes anyhow.
    count = 50_000 if long else 12_000

    def rows() -> Iterator[InventoryRow]:
        return ((f"upload-{n:09}", "sha256:1", "sha256:2") for n in range(count))

    with closing(open_store(url)) as store:
        record(store, create(store).storage.id, rows())
    tracemalloc.start()
    try:
        assert carry(url, empty)["inventory"] == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


def test_it_is_told_how_far_it_has_come(url: str, empty: str, monkeypatch) -> None:
    monkeypatch.setattr(copying, "_STEP", 3)
    filled(url)
    with open_copy_end(url) as end:
        total = how_much(end)
    steps: list[int] = []
    carry(url, empty, steps.append)
    assert sum(steps) == 2 * total
    assert max(steps) == 3


def test_counts_are_told_in_words() -> None:
    text = copying.told({"platform": 1, "storages": 1, "inventory": 1234567, "tokens": 0})
    assert re.fullmatch("1 storage, 1,234,567 file records", text)
