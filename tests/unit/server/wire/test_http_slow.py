"""Clients that take or send slowly: nobody else waits for them, and nobody waits for long."""

import threading
from contextlib import ExitStack, contextmanager

import pytest
from msgspec.structs import replace

from reconciler.server.wire import answer_buffer, client_lag, exchange, protocol, turns
from support.platforms.http_values import create, ndjson, problem, record
from support.server.serving import drip, everything, make_token, serving
from support.server.storing import create_with, local

#: Longer than what the system itself keeps for a client that takes nothing; few, and each long.
ROWS = [(f"u{n:06}" + "u" * 500, "a" * 64, "b" * 64) for n in range(10_000)]
#: Longer than that too.
MANY, LABEL = 120, "x" * 60_000


def get(path, token=""):
    """Write a request as bytes."""
    told = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{told}\r\n".encode()


def inventory_of(client):
    id = create(client)["id"]
    assert record(client, id, ndjson(ROWS)).is_success
    return f"/v1/storages/{id}/inventory"


def test_slow_readers_keep_neither_a_thread_nor_the_database(server, client, monkeypatch):
    path = inventory_of(client)
    opened, closed = type(server.store).inventory, threading.Semaphore(0)

    @contextmanager
    def counted(store, id):
        with opened(store, id) as inventory:
            yield inventory
        closed.release()

    monkeypatch.setattr(type(server.store), "inventory", counted)
    count = 2 * turns.DOWNLOADS
    with ExitStack() as stack:
        lines = [stack.enter_context(server.taking_nothing(get(path))) for _ in range(count)]
        for _ in lines:
            assert closed.acquire(timeout=30)
        assert client.get(path).content.count(b"\n") == len(ROWS)


def test_a_slow_reader_gets_all_in_its_order(server, client, monkeypatch):
    monkeypatch.setattr(answer_buffer, "_IN_MEMORY", 100_000)
    monkeypatch.setattr(answer_buffer, "_PIECE", 1000)
    path = inventory_of(client)
    with client.stream("GET", path, headers={"Accept-Encoding": "identity"}) as answer:
        took = b"".join(answer.iter_raw(777))
    assert took == ndjson(ROWS).replace(b": ", b":").replace(b", ", b",")


@pytest.fixture
def cut(monkeypatch):
    """Give the ports of the clients that are cut off."""
    ports, cut = [], protocol.LimitedProtocol.cut

    def told(line):
        ports.append(line.client[1])
        cut(line)

    monkeypatch.setattr(protocol.LimitedProtocol, "cut", told)
    return ports


def test_the_account_with_most_downloads_loses_the_slowest(kept, monkeypatch, cut):
    monkeypatch.setattr(turns, "ON_THE_WAY", 3)
    monkeypatch.setattr(client_lag, "LOOK", 0.01)
    token, other = make_token(kept, name="many"), make_token(kept, name="one")
    with serving(kept) as server, server.client(token) as client, ExitStack() as stack:
        path = inventory_of(client)
        one = stack.enter_context(server.taking_nothing(get(path, other)))
        ports = []
        while not cut and len(ports) < 50:
            line = stack.enter_context(server.taking_nothing(get(path, token)))
            ports.append(line.getsockname()[1])
        assert cut
        with server.client(other) as fast:
            assert fast.get(path).content.count(b"\n") == len(ROWS)
        assert one.getsockname()[1] not in cut
        assert set(cut) < set(ports)


@pytest.mark.parametrize("what", ["list", "inventory"])
def test_who_drips_is_cut_off(kept, monkeypatch, cut, what):
    monkeypatch.setattr(client_lag, "TAKING", 0.3)
    monkeypatch.setattr(client_lag, "LOOK", 0.02)
    monkeypatch.setattr(client_lag, "RATE", 2**40)
    for number in range(MANY):
        create_with(kept, replace(local(f"n{number}"), label=LABEL))
    with serving(kept) as server, server.client() as client:
        asked = inventory_of(client) if what == "inventory" else "/v1/storages"
        with server.taking_nothing(get(asked)) as line:
            while not cut:
                assert line.recv(1)
            assert not everything(line).endswith(b"\r\n0\r\n\r\n" if what != "list" else b"}")


def test_content_that_drips_is_not_waited_for(server, client, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE", 0.5)
    id = create(client)["id"]
    with server.connected() as line:
        line.sendall(
            f"POST /v1/storages/{id}/inventory HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/x-ndjson\r\nContent-Length: 99999\r\n\r\n".encode()
        )
        drip(line)
        assert everything(line).startswith(b"HTTP/1.1 408 ")


def test_uploads_that_come_to_no_end_hold_up_their_own_account_only(kept):
    token, other = make_token(kept, name="slow"), make_token(kept, name="other")
    with serving(kept) as server, server.client(other) as client, ExitStack() as stack:
        id = create(client)["id"]
        half = (
            f"POST /v1/storages/{id}/inventory HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {token}\r\nExpect: 100-continue\r\n"
            "Content-Type: application/x-ndjson\r\nContent-Length: 99999\r\n\r\n"
        )
        for number in range(2 * turns.UPLOADS):
            line = stack.enter_context(server.connected())
            line.sendall(half.encode())
            if number < turns.OF_ONE:  # the others wait in the line of their account
                assert line.recv(99).startswith(b"HTTP/1.1 100 ")
        assert record(client, id, ndjson(ROWS[:3])).json()["files"] == 3
        assert client.get(f"/v1/storages/{id}/inventory").content.count(b"\n") == 3
        for _ in range(turns.UPLOADS):
            refused = client.post(f"/v1/storages/{id}/inventory", content=b"{")
            assert problem(refused) == (415, "unsupported-media-type")
