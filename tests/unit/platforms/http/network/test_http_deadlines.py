"""No call lasts for ever, whatever drips in, hangs, or never comes about."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.platforms.http.address import parse_address
from reconciler.platforms.http.call import Call
from reconciler.platforms.http.connection import Connection, Timeouts
from reconciler.platforms.http.network import budget
from reconciler.platforms.http.network.budget import Budget
from reconciler.platforms.http.reader import HttpReader
from reconciler.platforms.http.writer import HttpWriter
from support.faults.dripping import dripping
from support.faults.scripted_server import STORAGE, Reply, hello, reply, scripted

#: Much longer than a test may take, but for a call as a whole.
PATIENT = Timeouts(60, 60, 60, 60, 60, whole=0.3)
OK = b"HTTP/1.1 200 OK\r\nReconciler-Version: 9\r\nContent-Type: application/json\r\n"
DRIPS = {
    "status": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "content": (OK + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "the size of a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "the content of an error": (
        OK.replace(b"200 OK", b"503 No").replace(b"json", b"problem+json")
        + b"Content-Length: 100000\r\n\r\n",
        b" ",
    ),
}


def ended(act, *, within: float = 20) -> PlatformError:
    """Give the error by which something ends, soon enough."""
    began = time.monotonic()
    with pytest.raises(PlatformError) as caught:
        act()
    assert time.monotonic() - began < within
    return caught.value


def connection(url: str, timeouts: Timeouts = PATIENT, left=lambda: None) -> Connection:
    return Connection(parse_address(url), None, timeouts, left=left)


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips_comes_to_an_end(what: str) -> None:
    with dripping(*DRIPS[what]) as server:
        reader = HttpReader(connection(server.url))
        assert type(ended(reader.identity)) is UnavailableError
        reader.close()


@pytest.mark.parametrize("what", DRIPS)
def test_so_does_one_without_a_limit_of_its_own_once_the_time_of_all_is_over(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "LAST", 0.2)
    with dripping(*DRIPS[what]) as server:
        reader = HttpReader(connection(server.url, Timeouts(whole=60), left=lambda: 0.0))
        assert type(ended(reader.identity)) is UnavailableError
        reader.close()


def test_a_write_whose_answer_drips_is_unknown() -> None:
    with scripted() as server:
        wait = threading.Event()

        def drip(_asked: object) -> Reply:
            wait.wait(10)
            return reply()

        server.on("DELETE /v1/x", drip)
        link = connection(server.url, Timeouts(60, 60, 60, 60, 60, whole=0.5))
        error = ended(lambda: link.ask(Call("DELETE", "/v1/x", writes=True)))
        wait.set()
        assert type(error) is UnknownOutcomeError
        assert "in time" in str(error)
        link.close()


def test_an_inventory_that_drips_comes_to_an_end() -> None:
    rows = b'{"upload_id": "u", "checksum": "c", "checksum_on_disk": "d"}\n'
    head = OK.replace(b"json", b"x-ndjson") + b"Content-Length: 100000\r\n\r\n" + rows
    with dripping(head, b" ") as server:
        link = connection(server.url)
        link._met = object()  # as if it had been asked who it is
        found = HttpReader(link).inventory("s1")
        assert type(ended(lambda: list(found))) is UnavailableError
        link.close()


def test_an_upload_that_is_taken_drop_by_drop_comes_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "PACE", 1 << 60)  # what fills buffers earns no time

    def endless():
        while True:
            yield "u" * 1000, "a", "b"

    with dripping(b"", b"", sips=True) as server:
        link = connection(server.url, Timeouts(60, 60, 0.1, 60, 60, whole=0.3))
        link._met = object()
        writer = HttpWriter(link)
        monkeypatch.setattr(writer, "find", lambda **_: (STORAGE,))
        assert type(ended(lambda: writer.record_inventory("s1", endless()))) is UnknownOutcomeError
        writer.close()


def test_tls_that_never_comes_about() -> None:
    with dripping(b"", b"", sips=True) as server:
        link = connection(server.url.replace("http:", "https:"))
        assert type(ended(link.introduce)) is UnavailableError
        link.close()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_never_answers(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping(b"", b"H") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http:", f"{scheme}:"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        link = connection("https://server.example")
        call = Call("DELETE", "/v1/x", writes=True)
        error = ended(lambda: link._ask(call))
        # Nothing reached the server.
        assert type(error) is UnavailableError
        assert f"the proxy {scheme}://127.0.0.1" in str(error)
        link.close()


def test_a_name_that_nobody_tells_the_address_of(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: end.wait(10) and [])
    link = connection("http://server.example", Timeouts(0.2))
    assert "no connection" in str(ended(link.introduce, within=8))
    end.set()
    link.close()


def test_a_name_that_is_longer_than_names_can_be() -> None:
    link = connection(f"http://{'x' * 70}.example")
    assert "can't be resolved" in str(ended(link.introduce))
    link.close()


def test_all_addresses_of_a_host_share_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted() as server:
        _, _, port = server.url.rpartition(":")

        def several(_host: str, port: int, *_: object, **__: object):
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in ("127.0.0.2", "127.0.0.3", "127.0.0.1")
            ]

        waits = []
        connect_to = socket.create_connection

        def swallowed(address: tuple[str, int], timeout: float, **more: object) -> socket.socket:
            waits.append(timeout)
            if address[0] != "127.0.0.1":
                raise TimeoutError
            monkeypatch.undo()
            return connect_to(address, timeout, **more)

        monkeypatch.setattr(socket, "getaddrinfo", several)
        monkeypatch.setattr(socket, "create_connection", swallowed)
        link = connection(f"http://host.example:{port}", Timeouts(9))
        assert link.introduce().platform_id == "p1"
        assert waits[0] == pytest.approx(3, abs=0.5)
        assert len(waits) == 3
        link.close()


# Budgets


def test_a_long_transfer_earns_its_time_by_what_it_brings() -> None:
    slow, brisk = (Budget(10, earns=True, left=lambda: None) for _ in range(2))
    for _ in range(100):
        slow.spend(1, 100)
        brisk.spend(1, 100_000)
    assert slow.left() < 0
    assert brisk.left() > 10
    short = Budget(10, left=lambda: None)
    short.spend(11, 10**9)
    assert short.left() < 0


def test_what_began_before_the_end_gets_a_little_after_it() -> None:
    left = 100.0
    one = Budget(60, left=lambda: left)
    assert one.left() == 60
    left = 30.0
    assert one.left() == 30
    left = 0.0
    assert 0 < one.left() <= budget.LAST
    # But not for ever: nobody goes on from page to page.
    left = -budget.GRACE
    assert one.left() <= 0


def test_time_that_others_take_between_two_pieces_does_not_count() -> None:
    with scripted() as server:
        rows = b'{"upload_id": "u", "checksum": "c", "checksum_on_disk": "d"}\n' * 20_000
        server.on("GET /v1/platform", hello())
        server.on(
            "GET /v1/storages/s1/inventory",
            reply(rows, media_type="application/x-ndjson", Inventory_Rows="20000"),
        )
        reader = HttpReader(connection(server.url, Timeouts(whole=1.0)))
        clock = pytest.MonkeyPatch()
        real = time.monotonic
        found = reader.inventory("s1")
        next(found)
        clock.setattr(time, "monotonic", lambda: real() + 1000)
        try:
            assert len(list(found)) == 19_999
        finally:
            clock.undo()
        reader.close()
