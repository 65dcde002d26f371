"""Storages: what is read is what was written, and refusals change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from reconciler.model import Storage
from reconciler.server.store import session
from reconciler.server.store.refusals import (
    ChangedError,
    HoldsFilesError,
    NameTakenError,
    NotFoundError,
    RefusedValueError,
)
from reconciler.server.store.store import Store
from reconciler.server.store.values import Listed, Listing
from support.server.storing import (
    create,
    create_with,
    everything,
    local,
    names,
    record,
    remove,
    update,
)

ODD_NAMES = [
    " leading and trailing ",
    "🧊 Kühlschrank №5",
    "tab\tnewline\nescape\x1b[31m",
    "\0",
    "\1",
    "\1\1",
    "\1\2",
    "nul\0inside",
    "'); DROP TABLE storages; --",
    "%s %(name)s ?1 :name $name {name}",
    "\\x00",
    "".join(chr(0x4E00 + n) for n in range(20_000)),
    "\U0010ffff",
]


def test_a_new_platform_is_empty_and_knows_itself(store: Store, other: Store) -> None:
    assert store.platform_id() == other.platform_id() != ""
    assert store.revision() == 0
    assert store.listing(after="", limit=10) == Listing([], more=False, revision=0)
    assert store.version.split()[0] in ("SQLite", "PostgreSQL")
    store.ready()


def test_a_created_storage_is_told_alike_by_every_method(store: Store) -> None:
    row = create(store, "nas")
    storage = row.storage
    assert (storage.name, storage.label, storage.type) == ("nas", "L", "local")
    assert storage.default_url == storage.url == "file:///data/nas"
    assert (row.revision, row.files) == (1, 0)
    assert store.get(storage.id) == row
    told = ("id", "name", "label", "type", "default_url", "created_at")
    listed = Listed(*(getattr(storage, field) for field in told), files=0)
    assert store.listing(after="", limit=10) == Listing([listed], more=False, revision=1)
    assert store.listing(after="", limit=10, name="nas") == Listing([listed], False, 1)
    assert store.listing(after="", limit=10, name="other") == Listing([], False, 1)
    assert store.listing(after=storage.id, limit=10, name="nas") == Listing([], False, 1)


def test_the_time_of_creation_is_now_in_utc(store: Store) -> None:
    created_at = create(store).storage.created_at
    assert created_at.endswith("Z")
    assert abs(datetime.fromisoformat(created_at) - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("name", ODD_NAMES, ids=[repr(name)[:20] for name in ODD_NAMES])
def test_odd_names_and_labels_are_kept_to_the_letter(store: Store, name: str) -> None:
    made = create_with(store, replace(local(name), label=name)).row
    assert (made.storage.name, made.storage.label) == (name, name)
    assert store.get(made.storage.id) == made
    for named in (name, None):
        (listed,) = store.listing(after="", limit=5, name=named).storages
        assert (listed.id, listed.name, listed.label) == (made.storage.id, name, name)
    with pytest.raises(NameTakenError):
        create(store, name)
    assert store.changes(after=0, limit=9, name=name).changes[0].after["label"] == name
    renamed = update(store, made.storage.id, name=name + "!")
    assert renamed.storage.label == name
    assert store.listing(after="", limit=5, name=name).storages == []


def test_names_are_compared_by_code_point(store: Store) -> None:
    different = {"café", "cafe\u0301", "café\0", "CAFÉ", "café ", "caf\1", "caf\0", "caf\1\1"}
    for name in different:
        create(store, name)
    assert names(store) == different


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"default_url": ""},
        {"type": "s3"},
        {"name": "\ud800"},
        {"label": "\udfff"},
    ],
)
def test_values_that_the_database_cannot_hold_are_refused(
    store: Store, change: dict[str, str]
) -> None:
    with pytest.raises(RefusedValueError) as refused:
        create_with(store, replace(local("nas"), **change))
    assert str(refused.value)
    assert store.revision() == 0
    assert everything(store) == []


def test_a_taken_name_changes_nothing(store: Store, other: Store) -> None:
    nas, tape = create(store, "nas"), create(other, "tape")
    with pytest.raises(NameTakenError, match="'nas'"):
        create(other, "nas")
    with pytest.raises(NameTakenError, match="'nas'"):
        update(store, tape.storage.id, name="nas")
    assert {row.storage.id: row for row in everything(store)} == {
        nas.storage.id: nas,
        tape.storage.id: tape,
    }
    assert store.revision() == 2


def test_an_update_changes_name_and_label_at_once(store: Store) -> None:
    made = create(store)
    row = update(store, made.storage.id, name="new", label="New")
    assert row.storage == replace(made.storage, name="new", label="New")
    assert row.revision == store.revision() == 2
    assert store.get(row.storage.id) == row
    label = update(store, row.storage.id, label="")
    assert (label.storage.name, label.storage.label) == ("new", "")


def test_an_update_to_what_is_there_writes_nothing(store: Store) -> None:
    made = create(store)
    assert update(store, made.storage.id, name="nas", label="L") == made
    assert update(store, made.storage.id) == made
    assert store.revision() == 1
    assert len(store.changes(after=0, limit=9).changes) == 1


def test_an_update_cannot_take_the_name_away(store: Store) -> None:
    made = create(store)
    with pytest.raises(RefusedValueError, match="name is empty"):
        update(store, made.storage.id, name="")
    assert store.get(made.storage.id) == made


def test_a_write_that_relies_on_an_older_revision_is_refused(store: Store) -> None:
    made = create(store)
    id = made.storage.id
    now = update(store, id, label="other", revision=made.revision)
    for write in (
        lambda: update(store, id, label="mine", revision=made.revision),
        lambda: remove(store, id, revision=made.revision),
        lambda: record(store, id, [("u", "c", "d")], revision=made.revision),
    ):
        with pytest.raises(ChangedError, match="'nas'"):
            write()
    assert store.get(id) == now
    remove(store, id, revision=now.revision)
    assert everything(store) == []


@pytest.mark.parametrize("id", ["nothing", "", "\0", "x" * 5000, "'"])
def test_an_unknown_id_is_not_found(store: Store, id: str) -> None:
    for call in (
        lambda: store.get(id),
        lambda: update(store, id, name="x"),
        lambda: remove(store, id),
        lambda: record(store, id, [("u", "c", "d")]),
        lambda: store.inventory(id).__enter__(),
    ):
        with pytest.raises(NotFoundError):
            call()
    assert store.revision() == 0


def test_removing_a_storage_with_files_needs_consent(store: Store) -> None:
    id = create(store).storage.id
    row = record(store, id, [("u", "c", "d")])
    with pytest.raises(HoldsFilesError, match="1 file:"):
        remove(store, id)
    assert store.get(id) == row
    remove(store, id, holds_files=True)
    assert everything(store) == []
    with pytest.raises(NotFoundError):
        store.get(id)


def test_ids_are_never_used_again(store: Store) -> None:
    first = create(store).storage.id
    remove(store, first)
    assert create(store).storage.id != first


def test_pages_together_are_the_list_by_id(store: Store) -> None:
    made = {create(store, f"s{n}").storage.id for n in range(7)}
    for limit in (1, 3, 7, 100):
        found: list[str] = []
        more, after = True, ""
        while more:
            listing = store.listing(after=after, limit=limit)
            ids = [listed.id for listed in listing.storages]
            assert len(ids) <= limit
            found += ids
            more, after = listing.more, ids[-1]
        assert found == sorted(made)


def test_who_is_there_during_the_whole_walk_is_listed_once(store: Store, other: Store) -> None:
    stay = [create(store, f"stay{n}").storage for n in range(20)]
    go = [create(store, f"go{n}").storage for n in range(20)]
    seen: list[Listed] = []
    more, after = True, ""
    while more:
        page = store.listing(after=after, limit=3)
        seen += page.storages
        more, after = page.more, seen[-1].id
        if go:
            remove(other, go.pop().id)
            create(other, f"new{len(go)}")
            update(other, stay[len(go) % 20].id, name=f"renamed{len(go)}")
    ids = [storage.id for storage in seen]
    assert len(ids) == len(set(ids))
    assert set(ids) >= {storage.id for storage in stay}


@pytest.mark.parametrize("most", [1, 100, 500, 1000, 3000])
def test_what_is_read_at_once_has_so_much_text_and_no_more(
    store: Store, monkeypatch, most: int
) -> None:
    monkeypatch.setattr(session, "LARGEST_PART", most)
    for number in range(120):
        create_with(store, replace(local(f"n{number}"), label="é" * (number % 7 * 20)))
    whole = everything(store)
    assert len({row.storage.id for row in whole}) == 120
    listed = [*walked(lambda after: store.listing(after=after, limit=60))]
    assert [one.id for page in listed for one in page.storages] == [row.storage.id for row in whole]
    for page in listed:
        assert 1 <= len(page.storages) <= 60
        assert len(page.storages) == 1 or text(page.storages) <= most


def test_a_part_that_just_fits_is_the_last(store: Store, monkeypatch) -> None:
    for name in ("a", "b"):
        create(store, name)
    rows = everything(store)
    monkeypatch.setattr(session, "LARGEST_PART", text(row.storage for row in rows))
    assert not store.listing(after="", limit=5).more
    assert not store.listing(after="", limit=2).more
    monkeypatch.setattr(session, "LARGEST_PART", text(row.storage for row in rows) - 1)
    first = store.listing(after="", limit=2)
    assert (len(first.storages), first.more) == (1, True)


def text(storages: Iterable[Storage | Listed]) -> int:
    """Say how much text storages have."""
    return sum(len(f"{one.name}{one.label}{one.default_url}".encode()) for one in storages)


def walked(read: Callable[[str], Listing]) -> Iterator[Listing]:
    """Read part after part."""
    after, more = "", True
    while more:
        found = read(after)
        yield found
        after, more = found.storages[-1].id, found.more


def test_a_part_of_the_audit_has_so_much_text_and_no_more(store: Store, monkeypatch) -> None:
    id = create(store).storage.id
    for number in range(20):
        update(store, id, label=str(number) * 100)
    every = store.changes(after=0, limit=100).changes
    monkeypatch.setattr(session, "LARGEST_PART", 1000)
    for name in (None, "nas"):
        found = store.changes(after=0, limit=100, name=name)
        seen = [*found.changes]
        while found.more:
            assert 1 < len(found.changes) < 6
            found = store.changes(after=seen[-1].revision, limit=100, name=name)
            seen += found.changes
        assert tuple(seen) == every
