"""The client that scripts use, and the default one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

import reconciler
from reconciler import storages
from reconciler.client import Client
from reconciler.errors import AddressError, PlatformError, UsageError
from reconciler.platform import Abilities
from support.platforms.organisation import TOKEN
from support.values.memory_platform import MemoryPlatform

LOCAL = ("nas", "local", "NAS", "/data/nas")


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/platform.db"


@pytest.fixture(autouse=True)
def no_default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RECONCILER_PLATFORM", raising=False)
    reconciler.set_default_client(None)
    yield
    reconciler.set_default_client(None)


# The package


def test_the_package_has_the_module_of_storages_as_that_of_the_sdk_has(address: str) -> None:
    script = (
        "import sys\n"
        "import reconciler as jetraw\n"
        "assert 'reconciler.storages' not in sys.modules\n"
        "jetraw.storages.create_storage('nas', 'local', 'NAS', '/data/nas')\n"
        "assert [storage.name for storage in jetraw.storages.list_storages()] == ['nas']\n"
    )
    environ = os.environ | {"RECONCILER_PLATFORM": address}
    subprocess.run([sys.executable, "-c", script], check=True, env=environ)


# One client


def test_a_client_opens_its_platform_when_it_is_needed(address: str, tmp_path: Path) -> None:
    with Client(address) as client:
        assert client.address == address
        assert list(tmp_path.iterdir()) == []
        storages.create_storage(*LOCAL, client=client)
    assert (tmp_path / "platform.db").exists()


def test_a_relative_address_counts_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = Client("sqlite:///platform.db")
    assert client.address == f"sqlite:///{tmp_path}/platform.db"


def test_a_closed_client_is_of_no_use(address: str) -> None:
    client = Client(address)
    storages.create_storage(*LOCAL, client=client)
    nas = storages.get_storage("nas", client=client)
    client.close()
    client.close()
    with pytest.raises(UsageError, match="is closed"):
        storages.list_storages(client=client)
    with pytest.raises(UsageError, match="is closed"):
        nas.label = "New"
    with pytest.raises(RuntimeError, match="is closed"):
        nas.remove()
    with pytest.raises(UsageError, match="is closed"):
        next(nas.checksums())


def test_connections_are_let_go_of() -> None:
    platform = MemoryPlatform()
    opened = []
    reader, writer = platform.reader(), platform.writer(wait=0)
    platform.reader = lambda: opened.append(reader) or reader
    platform.writer = lambda *, wait: opened.append(writer) or writer
    with Client(platform) as client:
        storages.create_storage(*LOCAL, client=client)
        storages.create_storage("b", *LOCAL[1:], client=client)
        assert len(storages.list_storages(client=client)) == 2
        assert opened == [writer, reader]
        assert (writer.closed, reader.closed) == (False, False)
    assert writer.closed
    assert reader.closed


def test_a_reader_of_files_is_closed_also_if_nobody_reads_to_the_end() -> None:
    platform = MemoryPlatform()
    nas = storages.create_storage(*LOCAL, client=Client(platform))
    platform.files[nas.id] = {"u": ("u", "a", "b")}
    reader = platform.reader()
    platform.reader = lambda: reader
    rows = nas.checksums()
    next(rows)
    rows.close()
    assert reader.closed


def test_nothing_secret_is_shown() -> None:
    client = Client("jetraw://my-org", token=TOKEN)
    told = f"{client!r} {client} {client.__dict__}"
    assert "Client('jetraw://my-org')" in told
    assert TOKEN not in told
    assert "5ecret" not in told


@pytest.mark.parametrize("token", ["", " ", "a\nb", "ü"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="the token"):
        Client("jetraw://my-org", token=token)


def test_an_open_platform_takes_no_token() -> None:
    with pytest.raises(UsageError, match="takes no token"):
        Client(MemoryPlatform(), token=TOKEN)


# Threads


def test_threads_may_share_a_client(address: str) -> None:
    names = [f"n{i}" for i in range(40)]

    def work(name: str) -> str:
        made = storages.create_storage(name, *LOCAL[1:], client=client)
        made.label = f"label of {name}"
        assert list(made.checksums()) == []
        return storages.get_storage(name, client=client).label

    with Client(address) as client, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, names)) == [f"label of {name}" for name in names]
        assert {storage.name for storage in storages.list_storages(client=client)} == set(names)


@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_platform_gets_no_more_calls_at_once_than_it_takes(parallelism: int) -> None:
    platform = MemoryPlatform(abilities=Abilities(parallelism=parallelism))
    with Client(platform) as client:
        for lent in (client.reading, client.writing):
            with ExitStack() as calls:
                for _ in range(parallelism):
                    calls.enter_context(lent())
                assert not client._turn.acquire(blocking=False)


def test_files_are_read_in_turn_with_other_calls() -> None:
    platform = MemoryPlatform(abilities=Abilities(parallelism=1, record_inventory=True))
    with Client(platform) as client:
        nas = storages.create_storage(*LOCAL, client=client)
        platform.files[nas.id] = {id: (id, "a", "b") for id in ("u1", "u2")}
        busy: list[bool] = []
        platform.before = lambda _: busy.append(not client._turn.acquire(blocking=False))
        rows = nas.checksums()
        next(rows)
        assert busy == [True, True]
        # Between two rows, others have their turn.
        assert client._turn.acquire(blocking=False)


def test_a_platform_that_takes_any_number_of_calls_gets_them() -> None:
    platform = MemoryPlatform(abilities=Abilities(parallelism=None))
    together = threading.Barrier(6)
    platform.before = lambda _: together.wait(timeout=30)
    client = Client(platform)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: storages.list_storages(client=client), range(6)))
    assert platform.most_at_once == 6


# The default client


def test_without_an_address_the_default_client_says_what_to_set() -> None:
    with pytest.raises(AddressError, match="Set RECONCILER_PLATFORM to its address") as caught:
        storages.list_storages()
    assert caught.value.exit_code == 64


def test_an_empty_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLATFORM", " ")
    with pytest.raises(AddressError, match="RECONCILER_PLATFORM is set but empty"):
        reconciler.get_default_client()


def test_the_default_client_opens_what_the_environment_says(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_PLATFORM", address)
    storages.create_storage(*LOCAL)
    client = reconciler.get_default_client()
    assert client is reconciler.get_default_client()
    assert client.address == address
    assert [storage.name for storage in storages.list_storages(client=client)] == ["nas"]
    client.close()


def test_a_default_client_can_be_set(address: str) -> None:
    with Client(address) as client:
        reconciler.set_default_client(client)
        assert reconciler.get_default_client() is client
        storages.create_storage(*LOCAL)
        assert storages.get_storage("nas").label == "NAS"


def test_threads_get_one_default_client(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLATFORM", address)
    start = threading.Barrier(8)

    def get(_: int) -> Client:
        start.wait(timeout=30)
        return reconciler.get_default_client()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(get, range(8)))) == 1


def test_a_script_need_not_close_the_default_client(address: str) -> None:
    script = (
        "import atexit, reconciler\n"
        "from reconciler.storages import create_storage, list_storages\n"
        "atexit.register(lambda: list_storages())\n"  # runs last
        f"create_storage{LOCAL!r}\n"
        "print(list_storages()[0].name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        env={"RECONCILER_PLATFORM": address},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "nas\n"
    assert done.stderr.splitlines()[-1].endswith("is closed: make a new one")
    assert "ResourceWarning" not in done.stderr


# The package itself


def test_the_package_hands_out_the_client_when_asked() -> None:
    script = (
        "import sys, reconciler\n"
        "assert 'reconciler.client' not in sys.modules\n"
        "assert 'msgspec' not in sys.modules\n"
        "assert reconciler.Client.__name__ == 'Client'\n"
        "from reconciler import get_default_client, set_default_client, storages\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_package_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="'reconciler' has no attribute 'Cleint'"):
        _ = reconciler.Cleint
    assert set(reconciler.__all__) >= {"Client", "get_default_client", "set_default_client"}


# A mistyped address


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_file_that_does_not_exist_is_no_empty_platform(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    by_variable: bool,
) -> None:
    address = f"sqlite:///{tmp_path / 'typo.db'}"
    monkeypatch.setenv("RECONCILER_PLATFORM", address)
    with Client(None if by_variable else address) as client:
        for call in (
            lambda: storages.list_storages(client=client),
            lambda: storages.get_storage("nas", client=client),
        ):
            with pytest.raises(PlatformError, match=r"no platform at .*typo\.db: check the addr"):
                call()
        assert list(tmp_path.iterdir()) == []
        storages.create_storage(*LOCAL, client=client)
        assert caplog.messages == [
            f"there is no platform at {address} yet: a new, empty one is made"
        ]
        assert len(storages.list_storages(client=client)) == 1
    with Client(address) as client:
        storages.create_storage("b", *LOCAL[1:], client=client)
    assert len(caplog.messages) == 1
