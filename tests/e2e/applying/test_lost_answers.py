"""The answer to a create is lost after the commit: the same request again makes no second one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from reconciler.errors import UnknownOutcomeError
from reconciler.model import Values
from reconciler.platforms import open_platform
from support.faults.fault_proxy import CUT, DROP_AFTER, Fault, FaultProxy, Request, scripted
from support.server.many_clients import get_all
from support.server.state_server import servers

NAS = {"name": "nas", "label": "NAS", "type": "local", "default_url": "file:///data/nas"}
LOST = pytest.mark.parametrize("lost", [DROP_AFTER, CUT], ids=["dropped", "cut"])


@pytest.fixture(params=["sqlite, one server", "postgresql, two servers"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Give the URLs of two servers on one database; of the same one twice, on SQLite."""
    on_file = request.param.startswith("sqlite")
    database = (
        f"sqlite:///{tmp_path}/server.db"
        if on_file
        else request.getfixturevalue("postgres").database()
    )
    with servers(database, 1 if on_file else 2) as started:
        yield started[0].url, started[-1].url


def losing(url: str, fault: Fault, times: int) -> FaultProxy:
    """Stand before a server, and lose its answers to the first creates."""

    def creates(request: Request) -> bool:
        return request.method == "POST"

    return FaultProxy(int(url.rpartition(":")[2]), scripted(*[fault] * times, of=creates))


def made(url: str) -> list[dict]:
    """Give what was ever created, as the audit has it."""
    return [c for c in get_all(url, "/v1/audit", "changes", "after") if c["action"] == "create"]


@LOST
def test_raw_requests(both: tuple[str, str], lost: Fault) -> None:
    first, second = both
    key = {"Idempotency-Key": "one-key"}
    with losing(first, lost, 3) as proxy, httpx.Client(base_url=proxy.url) as client:
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                client.post("/v1/storages", json=NAS, headers=key)
        again = client.post("/v1/storages", json=NAS, headers=key)
        assert [proxy.log.answered[r.number] for r, _ in proxy.log.requests] == [201] * 4
    elsewhere = httpx.post(f"{second}/v1/storages", json=NAS, headers=key)
    (change,) = made(second)
    for answer in (again, elsewhere):
        assert answer.status_code == 201
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert answer.json()["id"] == change["storage_id"]
    assert get_all(second, "/v1/storages", "storages", "cursor") == [again.json()]


@LOST
def test_the_platform(both: tuple[str, str], lost: Fault) -> None:
    first, second = both
    with (
        losing(first, lost, 2) as proxy,
        closing(open_platform(proxy.url, base=None, environ={}).writer(wait=0)) as writer,
        closing(open_platform(second, base=None, environ={}).reader()) as reader,
    ):
        for _ in range(2):
            with pytest.raises(UnknownOutcomeError):
                writer.create(Values(**NAS), key="one-key")
        storage = writer.create(Values(**NAS), key="one-key")
        assert reader.read().storages == (storage,)
    assert [change["storage_id"] for change in made(second)] == [storage.id]


def test_what_was_removed_meanwhile_is_not_made_again(both: tuple[str, str]) -> None:
    first, second = both
    key = {"Idempotency-Key": "one-key"}
    with losing(first, DROP_AFTER, 1) as proxy, httpx.Client(base_url=proxy.url) as client:
        with pytest.raises(httpx.TransportError):
            client.post("/v1/storages", json=NAS, headers=key)
        (change,) = made(second)
        assert httpx.delete(f"{second}/v1/storages/{change['storage_id']}").status_code == 204
        again = client.post("/v1/storages", json=NAS, headers=key)
    assert again.json()["id"] == change["storage_id"]
    assert made(second) == [change]
    assert get_all(second, "/v1/storages", "storages", "cursor") == []


def test_the_same_request_many_times_at_once(both: tuple[str, str]) -> None:
    def create(number: int) -> httpx.Response:
        url = f"{both[number % 2]}/v1/storages"
        return httpx.post(url, json=NAS, headers={"Idempotency-Key": "one-key"}, timeout=60)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(create, range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    (change,) = made(both[0])
    assert {answer.json()["id"] for answer in answers} == {change["storage_id"]}


@LOST
def test_the_lease(folder, both: tuple[str, str], lost: Fault) -> None:
    """An apply does not wait for a lease that it has itself, and gives it back at the end."""
    first, second = both
    folder.write(json.dumps({"version": 1, "storages": [NAS]}))
    with losing(first, lost, 1) as proxy:
        folder("apply", "-y", "--lock-timeout", "0", "--platform", proxy.url)
        (struck,) = [request for request, fault in proxy.log.requests if fault == lost]
    assert (struck.method, struck.target) == ("POST", "/v1/lock")
    with closing(open_platform(second, base=None, environ={}).lock()) as lock:
        assert lock.current() is None
