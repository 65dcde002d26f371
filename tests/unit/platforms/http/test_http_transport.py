"""What carries the calls: connections, TLS, proxies, compression, and threads."""

from __future__ import annotations

import gzip
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError, UsageError
from reconciler.model import Values
from reconciler.platforms import open_platform
from reconciler.platforms.http.connection import Timeouts
from reconciler.platforms.http.reader import HttpReader
from support.faults.scripted_server import (
    STORAGE,
    TLS,
    Asked,
    Reply,
    ScriptedServer,
    hello,
    page,
    reply,
    scripted,
)
from support.platforms.http_opening import TOKEN, USUAL, connect, reading, writing

LIST = "GET /v1/storages"
NAS = Values("nas", "NAS", "local", "file:///data/nas")
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def error_of(url: str, timeouts: Timeouts = USUAL) -> PlatformError:
    """Give what a read and a write have in common when nothing was sent."""
    with writing(url, timeouts) as writer:
        with pytest.raises(PlatformError) as reading_:
            writer.read()
        with pytest.raises(PlatformError) as writing_:
            writer.create(NAS)
    assert str(reading_.value) == str(writing_.value)
    assert type(reading_.value) is type(writing_.value)
    assert "hunter2" not in str(reading_.value)
    return reading_.value


# No connection


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = error_of(f"http://127.0.0.1:{port}")
    assert type(error) is UnavailableError
    assert "nothing listens there" in str(error)


def test_a_name_that_can_not_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = error_of("https://no-such-host.example")
    assert type(error) is UnavailableError
    assert "can't be resolved" in str(error)


def test_a_connection_that_does_not_come_about(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", known)
    monkeypatch.setattr(socket, "create_connection", slow)
    error = error_of("https://host.example")
    assert type(error) is UnavailableError
    assert "no connection" in str(error)


def test_more_calls_than_connections() -> None:
    reached, done = threading.Event(), threading.Event()
    with scripted() as server, ThreadPoolExecutor(1) as pool:
        server.on(LIST, Reply(page().data, reached=reached, wait_for=done))
        reader = HttpReader(connect(server.url, Timeouts(10, 10, 10, 10, 0.1), connections=1))
        reader.identity()
        first = pool.submit(reader.find, name="nas")
        assert reached.wait(10)
        with pytest.raises(UnavailableError, match="lower --parallelism"):
            reader.find(name="nas")
        done.set()
        assert first.result() == ()
        reader.close()


def test_a_server_that_stops_taking_a_request() -> None:
    def endless():
        while True:
            yield "u" * 1000, "a", "b"

    with scripted() as server, writing(server.url, Timeouts(10, 10, 10, 0.2, 10)) as writer:
        server.on("GET /v1/storages/s1", reply(STORAGE, ETag='"7"'))
        server.deaf = True
        with pytest.raises(UnknownOutcomeError, match="in time"):
            writer.record_inventory("s1", endless())
        server.close()


# TLS


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch):
    with scripted(tls=True) as server:
        server.on(LIST, page(STORAGE))
        yield server


def test_a_certificate_of_an_authority_of_ones_own(
    tls: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "localhost.pem"))
    with reading(tls.url) as reader:
        assert len(reader.read().storages) == 1
    assert tls.asked[-1].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_certificate_that_nobody_trusts(tls: ScriptedServer) -> None:
    error = error_of(tls.url)
    assert type(error) is PlatformError  # trying again would not help
    assert "certificate is not to be trusted" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert tls.asked == []


def test_no_tls_where_tls_was_expected() -> None:
    with scripted() as server:
        error = error_of(server.url.replace("http://", "https://"))
    assert type(error) is PlatformError
    assert "there is no TLS there" in str(error)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/nowhere/authority.pem"),
        ("SSL_CERT_DIR", "/nowhere"),
        ("HTTPS_PROXY", "http://me:hunter2/@proxy"),
        ("HTTPS_PROXY", "http://me:1/hunter2@proxy"),
        ("HTTPS_PROXY", "http://me:hun#hunter2@proxy:8080"),
        ("HTTPS_PROXY", "http://proxy:99999"),
        ("HTTPS_PROXY", "http://"),
        ("HTTPS_PROXY", "gopher://me:hunter2@proxy"),
        ("ALL_PROXY", "socks9://proxy"),
    ],
)
def test_an_environment_that_makes_no_sense(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable) as caught:
        open_platform("https://host.example", base=None, environ={}).reader()
    assert "hunter2" not in str(caught.value)


def known(_host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
    """Look every name up as this machine."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


# Proxies


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        proxy.on("GET http://server.example/v1/platform", reply({"x": 1}, 503, ours=False))
        reader = open_platform("http://server.example", base=None, environ={}).reader()
        with pytest.raises(UnavailableError):
            reader.read()
        assert proxy.asked[0].target == "http://server.example/v1/platform"
        reader.close()


def test_a_proxy_never_sees_what_is_meant_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted() as server, scripted() as proxy:
        server.on(LIST, page())
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with reading(server.url) as reader:
            assert reader.read().storages == ()
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("status", "kind"), [(407, PlatformError), (403, PlatformError), (502, UnavailableError)]
)
def test_a_proxy_that_does_not_let_us_through(
    status: int, kind: type[PlatformError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        proxy.on("CONNECT server.example:443", reply(b"", status, ours=False))
        error = error_of("https://server.example")
        assert type(error) is kind
        assert "HTTPS_PROXY" in str(error)
        assert "authorization" not in proxy.asked[0].headers


# A reverse proxy in front of the server


def test_a_path_before_the_api() -> None:
    with scripted() as server, reading(f"{server.url}/lab/") as reader:
        server.on("GET /lab/v1/platform", hello())
        server.on("GET /lab/v1/storages", page(STORAGE))
        assert len(reader.read().storages) == 1


# Redirects


def test_the_token_follows_no_redirect() -> None:
    with scripted() as server, scripted() as other:
        location = f"{other.url}/v1/platform"
        server.on("GET /v1/platform", reply(b"", 307, ours=False, Location=location))
        with reading(server.url) as reader, pytest.raises(PlatformError, match=other.url):
            reader.read()
        assert other.asked == []


def test_nor_does_it_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        moved = reply(b"", 307, ours=False, Location="http://other.example/v1/platform")
        proxy.on("GET http://server.example/v1/platform", moved)
        assert "other.example" in str(error_of("http://server.example"))
        assert {asked.target for asked in proxy.asked} == {"http://server.example/v1/platform"}


# Compression


def test_packed_answers_are_asked_for_and_read_beyond_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)

        def packed(asked: Asked) -> Reply:
            assert asked.headers["accept-encoding"] == "gzip"
            plain = page(STORAGE).data.partition(b"\r\n\r\n")[2]
            return reply(gzip.compress(plain), Content_Encoding="gzip")

        proxy.on("GET http://server.example/v1/platform", hello())
        proxy.on("GET http://server.example/v1/storages", packed)
        reader = open_platform("http://server.example", base=None, environ={}).reader()
        assert len(reader.read().storages) == 1
        reader.close()


# Threads


def test_ten_threads_share_one_writer() -> None:
    at_once = threading.Barrier(10, timeout=10)

    def together(asked: Asked) -> Reply:
        at_once.wait()  # all ten are under way
        return reply(STORAGE, 201, ETag='"8"')

    with scripted() as server, writing(server.url) as writer, ThreadPoolExecutor(10) as pool:
        server.on("POST /v1/storages", together)
        made = list(pool.map(lambda _: writer.create(NAS), range(20)))
        assert len(made) == 20
        keys = {asked.headers.get("idempotency-key") for asked in server.asked[1:]}
        assert len(keys) == 20
        # The server was met once.
        assert len(server.asked) == 21


def test_connections_are_used_again() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(LIST, page())
        for _ in range(5):
            reader.find(name="nas")
        assert server.connections == 1
