"""`reconciler.storages` on every platform: what is set, removed, and told of files."""

from __future__ import annotations

import inspect

import pytest

from reconciler import storages
from reconciler.client import Client
from reconciler.errors import ConflictError, PlatformError, ReconcilerError
from support.platforms.homes import Home, Plant
from support.values.contract_storages import LOCAL, S3, live, told

# Set


def test_what_is_set_is_written_through(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    other = storages.create_storage(*S3, client=client)
    nas.label = ""
    nas.name = "Updated Backup Storage"
    wanted = ("Updated Backup Storage", "local", "", LOCAL[3])
    assert told(nas) == wanted
    assert live(client) == {wanted, told(other)}


def test_two_objects_for_one_storage(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    same = storages.get_storage("nas", client=client)
    nas.name = "renamed"
    same.label = "relabelled"
    assert told(same) == ("renamed", "local", "relabelled", LOCAL[3])
    assert live(client) == {told(same)}


def test_setting_what_is_so_already(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    nas.name, nas.label = nas.name, nas.label
    assert live(client) == {LOCAL}


def test_a_name_that_another_has_can_not_be_taken(client: Client) -> None:
    storages.create_storage(*S3, client=client)
    nas = storages.create_storage(*LOCAL, client=client)
    with pytest.raises(ValueError, match="'minio' is taken"):
        nas.name = "minio"
    assert told(nas) == LOCAL
    assert live(client) == {LOCAL, S3}


@pytest.mark.parametrize("value", ["", "a\ud800b", None, 7])
def test_a_name_that_can_not_be_one(client: Client, value: str) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    with pytest.raises(ValueError, match="name"):
        nas.name = value
    assert live(client) == {LOCAL}


@pytest.mark.parametrize("value", ["a\ud800b", None])
def test_a_label_that_can_not_be_one(client: Client, value: str) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    with pytest.raises(ValueError, match="label"):
        nas.label = value
    assert live(client) == {LOCAL}


def test_what_is_gone_can_not_be_changed(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    storages.get_storage("nas", client=client).remove()
    for field in ("name", "label"):
        with pytest.raises(ReconcilerError, match="no longer there"):
            setattr(nas, field, "new")
    assert live(client) == set()


@pytest.mark.parametrize("field", ["id", "type", "default_url", "url", "created_at"])
def test_the_rest_can_not_be_set(client: Client, field: str) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    with pytest.raises(AttributeError):
        setattr(nas, field, "new")


# Remove


def test_a_removal(client: Client) -> None:
    nas, minio = (storages.create_storage(*values, client=client) for values in (LOCAL, S3))
    nas.remove()
    assert live(client) == {told(minio)}
    with pytest.raises(RuntimeError, match="no longer there") as caught:
        nas.remove()
    assert isinstance(caught.value.__cause__, ReconcilerError)


def test_an_object_that_is_out_of_date_removes_what_it_means(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    storages.get_storage("nas", client=client).name = "other"
    new = storages.create_storage(*LOCAL, client=client)
    nas.remove()
    assert [storage.id for storage in storages.list_storages(client=client)] == [new.id]


def test_a_storage_that_holds_files_stays(client: Client, plant: Plant) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    plant(nas.id, [("u1", "a", "b")])
    with pytest.raises(RuntimeError, match="holds files") as caught:
        nas.remove()
    assert isinstance(caught.value.__cause__, ConflictError)
    assert live(client) == {LOCAL}
    assert list(nas.checksums()) == [("u1", "a", "b")]


def test_a_storage_that_a_space_uses_stays(home: Home, client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    if home.tie is None:
        nas.remove()
        assert live(client) == set()
        return
    home.tie("Zebrafish", nas.id)
    with pytest.raises(RuntimeError, match="is used by 'Zebrafish'"):
        nas.remove()
    assert live(client) == {LOCAL}


# Checksums


def test_checksums_are_read_when_they_are_wanted(client: Client, plant: Plant) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    rows = nas.checksums()
    assert inspect.isgenerator(rows)
    plant(nas.id, [(f"u{i}", "a", "b") for i in range(2_500)])
    first = next(rows)
    nas.label = "written meanwhile"
    assert len({first, *rows}) == 2_500


def test_a_storage_without_files_has_no_checksums(client: Client) -> None:
    assert list(storages.create_storage(*LOCAL, client=client).checksums()) == []


def test_what_is_gone_has_no_checksums_to_tell(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    storages.get_storage("nas", client=client).remove()
    with pytest.raises(PlatformError, match="no longer there"):
        list(nas.checksums())
