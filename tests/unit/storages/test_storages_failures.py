"""What scripts get to see when a platform fails, or when another writes at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler import storages
from reconciler.client import Client
from reconciler.errors import ConflictError, PlatformError, ReconcilerError, UnknownOutcomeError
from support.platforms.organisation import TOKEN, Organisation
from support.values.memory_platform import Call, MemoryPlatform

LOCAL = ("nas", "local", "NAS", "file:///data/nas")


@pytest.fixture
def organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Organisation:
    return Organisation(tmp_path / "organisation.db").install(monkeypatch)


@pytest.fixture
def client(organisation: Organisation) -> Client:
    return Client(organisation.address)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "kind", ["RuntimeError", "ConnectionError", "ValueError", "PanicException"]
)
def test_a_removal_that_fails_in_any_way_is_a_runtime_error(
    organisation: Organisation, client: Client, kind: str, moment: str
) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    organisation.fail("remove", kind, moment=moment)
    with pytest.raises(RuntimeError, match="removing 'nas'") as caught:
        nas.remove()
    assert isinstance(caught.value.__cause__, ReconcilerError)
    assert TOKEN[:8] not in str(caught.value)


@pytest.mark.parametrize("call", ["Client", "list_storages", "checksums", "list_spaces"])
def test_a_removal_that_can_not_be_checked_is_a_runtime_error(
    organisation: Organisation, client: Client, call: str
) -> None:
    organisation.add("nas")
    nas = storages.get_storage("nas", client=Client(organisation.address))
    nas = storages.Storage(nas._storage, client)
    organisation.fail(call, "TimeoutError")
    with pytest.raises(RuntimeError, match="TimeoutError"):
        nas.remove()
    assert set(organisation.records()) == {"nas"}


@pytest.mark.parametrize("kind", ["KeyError", "ConnectionError"])
def test_what_can_not_be_read_is_not_absent(
    organisation: Organisation, client: Client, kind: str
) -> None:
    organisation.add("nas")
    for call, question in (
        ("list_storages", lambda: storages.list_storages(client=client)),
        ("get_storage", lambda: storages.get_storage("nas", client=client)),
        ("checksums", lambda: list(storages.get_storage("nas", client=client).checksums())),
    ):
        organisation.fail(call, kind)
        with pytest.raises(PlatformError):
            question()
        organisation.heal()


def test_a_create_that_the_platform_refuses_is_a_value_error(
    organisation: Organisation, client: Client
) -> None:
    organisation.fail("create_storage", "ValueError")
    with pytest.raises(ValueError, match="refuses creating 'nas', as it says") as caught:
        storages.create_storage(*LOCAL, client=client)
    assert isinstance(caught.value.__cause__, UnknownOutcomeError)


def test_a_create_whose_answer_is_lost_may_have_been_made(
    organisation: Organisation, client: Client
) -> None:
    organisation.fail("create_storage", "ConnectionError", moment="after")
    with pytest.raises(UnknownOutcomeError):
        storages.create_storage(*LOCAL, client=client)
    assert set(organisation.records()) == {"nas"}


@pytest.mark.parametrize("field", ["name", "label"])
def test_a_property_whose_setting_fails_may_have_been_set(
    organisation: Organisation, client: Client, field: str
) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    organisation.fail(f"set_{field}", "ConnectionError", moment="after")
    with pytest.raises(UnknownOutcomeError):
        setattr(nas, field, "new")
    assert getattr(nas, field) != "new"
    setattr(nas, field, "new")
    assert getattr(nas, field) == "new"


# Somebody else, at that very moment


def once(platform: MemoryPlatform, method: str, act: Callable[[], None]) -> None:
    """Let somebody act just before a write has its effect, the first time."""

    def before(call: Call) -> None:
        if call.method == method:
            platform.before = lambda _: None
            act()

    platform.before = before


@pytest.fixture
def memory() -> MemoryPlatform:
    return MemoryPlatform()


@pytest.fixture
def nas(memory: MemoryPlatform) -> storages.Storage:
    return storages.create_storage(*LOCAL, client=Client(memory))


def change(memory: MemoryPlatform, id: str, **values: str) -> Callable[[], None]:
    return lambda: memory.by_id.update({id: replace(memory.by_id[id], **values)})


def test_the_last_one_to_set_a_property_wins(memory: MemoryPlatform, nas: storages.Storage) -> None:
    once(memory, "update", change(memory, nas.id, label="theirs", name="renamed"))
    nas.label = "ours"
    assert (nas.name, nas.label) == ("renamed", "ours")
    assert [call.method for call in memory.writes] == ["create", "update", "update"]


def test_a_storage_that_goes_just_then_can_not_be_changed(
    memory: MemoryPlatform, nas: storages.Storage
) -> None:
    once(memory, "update", lambda: memory.drop(nas.id))
    with pytest.raises(ConflictError, match="no longer there"):
        nas.label = "ours"


def test_a_name_that_is_taken_just_then(memory: MemoryPlatform, nas: storages.Storage) -> None:
    other = Client(memory)
    once(memory, "update", lambda: storages.create_storage("new", *LOCAL[1:], client=other))
    with pytest.raises(ValueError, match="'new' is taken"):
        nas.name = "new"


def test_a_storage_is_removed_although_its_label_changes_just_then(
    memory: MemoryPlatform, nas: storages.Storage
) -> None:
    once(memory, "remove", change(memory, nas.id, label="theirs"))
    nas.remove()
    assert memory.storages == ()


def test_a_file_that_comes_just_then_keeps_the_storage(
    memory: MemoryPlatform, nas: storages.Storage
) -> None:
    once(memory, "remove", lambda: memory.files.update({nas.id: {"u": ("u", "a", "b")}}))
    with pytest.raises(RuntimeError, match="holds files"):
        nas.remove()
    assert [storage.id for storage in memory.storages] == [nas.id]
