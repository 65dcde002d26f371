"""Inventories: all or none, of one moment, and never all in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platform import InventoryRow
from reconciler.server.store.refusals import ChangedError, NotFoundError, RefusedValueError
from reconciler.server.store.store import Store
from support.server.storing import create, inventory, record, remove, update

#: Held all at once, these take 3 MiB; to read or write any number takes 1.
MANY = 25_000
MIB = 1024 * 1024


def rows(count: int, checksum: str = "sha256:1") -> Iterator[InventoryRow]:
    return ((f"upload-{n:09}", checksum, "sha256:2") for n in range(count))


def test_a_new_storage_has_no_files(store: Store) -> None:
    assert inventory(store, create(store).storage.id) == []


def test_recorded_rows_come_back_by_upload_id(store: Store) -> None:
    made = create(store)
    given = [("b", "1", "2"), ("a", "", ""), ("\0", "\0", "\1"), ("\1", "x\0", "é"), ("B", "1", "")]
    row = record(store, made.storage.id, given)
    assert (row.storage, row.files, row.revision) == (made.storage, 5, 2)
    assert store.get(made.storage.id) == row
    assert inventory(store, made.storage.id) == sorted(given)
    with store.inventory(made.storage.id) as found:
        assert (found.revision, found.files) == (2, 5)


def test_upload_ids_are_ordered_by_code_point(store: Store) -> None:
    id = create(store).storage.id
    ids = [
        "\0",
        "\0\0",
        "\0\1",
        "\1",
        "\1\0",
        "\2",
        " ",
        "A",
        "B",
        "a",
        "é",
        "\uffff",
        "\U00010000",
    ]
    record(store, id, [(upload, "c", "d") for upload in reversed(ids)])
    assert [row[0] for row in inventory(store, id)] == ids


def test_a_known_upload_id_is_replaced_and_the_last_one_counts(store: Store) -> None:
    id = create(store).storage.id
    record(store, id, [("a", "1", "1"), ("b", "1", "1")])
    row = record(store, id, [("b", "2", "2"), ("c", "1", "1"), ("b", "3", "3"), ("c", "4", "4")])
    assert row.files == 3
    assert inventory(store, id) == [("a", "1", "1"), ("b", "3", "3"), ("c", "4", "4")]


def test_rows_that_are_there_already_write_nothing(store: Store) -> None:
    id = create(store).storage.id
    row = record(store, id, [("a", "1", "1")])
    assert record(store, id, [("a", "1", "1")]) == row
    assert record(store, id, []) == row
    assert store.revision() == row.revision
    assert len(store.changes(after=0, limit=9).changes) == 2


def test_each_storage_has_its_own(store: Store) -> None:
    one, two = create(store, "one").storage.id, create(store, "two").storage.id
    record(store, one, [("u", "1", "1")])
    record(store, two, [("u", "2", "2"), ("v", "2", "2")])
    remove(store, one, holds_files=True)
    assert inventory(store, two) == [("u", "2", "2"), ("v", "2", "2")]


@pytest.mark.parametrize("bad", [("\ud800", "c", "d"), ("u" * 2001, "c", "d")])
def test_one_row_that_cannot_be_held_refuses_them_all(store: Store, bad: InventoryRow) -> None:
    id = create(store).storage.id
    before = record(store, id, [("a", "1", "1")])
    with pytest.raises(RefusedValueError):
        record(store, id, [*rows(100), bad])
    assert store.get(id) == before
    assert inventory(store, id) == [("a", "1", "1")]


def test_what_the_rows_raise_goes_through_and_nothing_is_written(store: Store) -> None:
    id = create(store).storage.id

    def broken() -> Iterator[InventoryRow]:
        yield from rows(3000)
        raise KeyError("line 3001")

    with pytest.raises(KeyError, match="line 3001"):
        record(store, id, broken())
    assert inventory(store, id) == []
    assert record(store, id, [("a", "1", "1")]).files == 1


def test_other_writes_do_not_wait_for_rows_that_are_coming_in(store: Store, other: Store) -> None:
    id = create(store).storage.id

    def slow() -> Iterator[InventoryRow]:
        yield ("first", "c", "d")
        create(store, "meanwhile")
        update(other, id, label="changed")
        yield ("last", "c", "d")

    row = record(store, id, slow())
    assert (row.storage.label, row.files) == ("changed", 2)
    assert row.revision == store.revision() == 4


def test_a_storage_that_changes_while_rows_come_in_is_noticed(store: Store, other: Store) -> None:
    made = create(store)

    def slow() -> Iterator[InventoryRow]:
        update(other, made.storage.id, label="changed")
        yield ("u", "c", "d")

    with pytest.raises(ChangedError):
        record(store, made.storage.id, slow(), revision=made.revision)
    assert inventory(store, made.storage.id) == []


def test_a_storage_that_goes_while_rows_come_in_is_noticed(store: Store, other: Store) -> None:
    id = create(store).storage.id

    def slow() -> Iterator[InventoryRow]:
        remove(other, id)
        yield ("u", "c", "d")

    with pytest.raises(NotFoundError):
        record(store, id, slow())


def test_a_stream_shows_one_moment_and_stops_no_writer(store: Store, other: Store) -> None:
    id = create(store).storage.id
    record(store, id, rows(5000))
    with store.inventory(id) as found:
        first = next(found.rows)
        record(other, id, rows(6000, checksum="changed"))
        remove(other, id, holds_files=True)
        rest = list(found.rows)
    assert found.files == 1 + len(rest) == 5000
    assert {row[1] for row in (first, *rest)} == {"sha256:1"}


def test_a_stream_that_is_left_early_harms_nobody(store: Store) -> None:
    id = create(store).storage.id
    record(store, id, rows(5000))
    for _ in range(30):
        with store.inventory(id) as found:
            next(found.rows)
        with pytest.raises(KeyError), store.inventory(id):
            raise KeyError
    assert len(inventory(store, id)) == 5000


def test_streams_are_read_from_another_thread_than_opened_them(store: Store) -> None:
    id = create(store).storage.id
    record(store, id, rows(3000))
    done = Event()
    read: list[InventoryRow] = []
    with store.inventory(id) as found:
        reader = Thread(target=lambda: (read.extend(found.rows), done.set()))
        reader.start()
        assert done.wait(30)
        reader.join()
    assert len(read) == 3000


def test_memory_does_not_grow_with_the_number_of_files(store: Store) -> None:
    id = create(store).storage.id
    tracemalloc.start()
    try:
        assert record(store, id, rows(MANY)).files == MANY
        with store.inventory(id) as found:
            assert sum(1 for _ in found.rows) == MANY
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.lists(st.tuples(st.sampled_from("\0aabcdé"), st.text(max_size=1), st.just("d"))),
        max_size=4,
    )
)
def test_in_any_order_the_last_row_of_an_upload_id_counts(store: Store, parts) -> None:
    id = create(store, f"storage {store.revision()}").storage.id
    expected: dict[str, InventoryRow] = {}
    for part in parts:
        record(store, id, part)
        expected |= {row[0]: row for row in part}
    assert inventory(store, id) == sorted(expected.values())


def test_more_rows_out_of_order_than_are_kept_in_memory(store: Store) -> None:
    id = create(store).storage.id
    given_rows = [*rows(3000, checksum="old"), *rows(2500)]
    record(store, id, given_rows)
    assert inventory(store, id) == [*rows(2500), *list(rows(3000, checksum="old"))[2500:]]
