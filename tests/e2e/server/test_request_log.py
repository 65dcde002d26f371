"""What `reconciler serve -v` tells of requests."""

import re
import socket

import httpx
import pytest

from support.platforms.http_values import create
from support.server.serving import everything
from support.server.state_server import StateServer, make_token

LINE = re.compile(r"[0-9T:.-]+Z INFO (?P<told>\S+ \S+ (?:[0-9]{3}|gone) .+) [0-9]+ ms\Z")
REFUSED = re.compile(r"[0-9T:.-]+Z INFO (?P<told>- - [0-9]{3} - .+)\Z")


@pytest.fixture
def database(tmp_path):
    """Give the URL of a database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'server.db'}"


def told(log):
    """Give what a log says of requests, without times."""
    found = (LINE.match(line) or REFUSED.match(line) for line in log.splitlines())
    return [match["told"] for match in found if match]


def send(server, request):
    """Send what no client would; give the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(request)
        return everything(line)


def test_each_request_has_a_line(database):
    with StateServer(database, "-v", token="admin") as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            id = create(client)["id"]
            client.get("/v1/storages?name=secret-name")
            client.head(f"/v1/storages/{id}")
            client.delete("/v1/storages")
            client.get("/elsewhere/v1/storages")
            client.get("/healthz")
        server.stop()
    assert told(server.log) == [
        "POST /v1/storages 201 'test'",
        "GET /v1/storages 200 'test'",
        f"HEAD /v1/storages/{id} 200 'test'",
        "DELETE /v1/storages 405 -",
        "GET /elsewhere/v1/storages 404 -",
        "GET /healthz 200 -",
    ]
    assert "secret-name" not in server.log


def test_refusals_have_a_line_too(database):
    reader = make_token(database, "reader", "rita")
    stranger = "rct_0123456789abcdef_" + "x" * 43
    with StateServer(database, "-v") as server, httpx.Client(base_url=server.url) as client:
        for token in (reader, stranger, "nonsense"):
            client.post("/v1/storages", headers={"Authorization": f"Bearer {token}"})
        client.get("/v1/platform")
        send(server, b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"x" * 40_000 + b"\r\n\r\n")
        send(server, b"nonsense\r\n\r\n")
        server.stop()
    assert told(server.log) == [
        "POST /v1/storages 403 'rita'",
        "POST /v1/storages 401 token 0123456789abcdef",
        "POST /v1/storages 401 -",
        "GET /v1/platform 401 -",
        "- - 431 - headers-too-large",
        "- - 400 - malformed",
    ]
    assert "xxx" not in server.log
    assert "nonsense" not in server.log


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v2/storages/%1b%5B31m%0A", "/v2/storages/%1b%5B31m%0A"),
        ("/rct_0123456789abcdef_x", "/***"),
        ("/a/rct%5F0123456789abcdef_x/b", "/a/***/b"),
        ("/" + "s" * 33, "/***"),
        ("/" + "s" * 32, "/" + "s" * 32),
        ("http://localhost/x?hush", "/x"),
    ],
)
def test_a_path_brings_neither_secrets_nor_control_characters(database, path, shown):
    with StateServer(database, "-v") as server:
        target = path.encode("latin-1")
        answer = send(server, b"GET %b HTTP/1.0\r\nHost: localhost\r\n\r\n" % target)
        assert answer.startswith(b"HTTP/1.1 404")
        server.stop()
    assert told(server.log) == [f"GET {shown} 404 -"]
    assert "hush" not in server.log


def test_without_v_it_is_quiet(database):
    with StateServer(database) as server:
        httpx.get(f"{server.url}/v1/platform")
        httpx.get(f"{server.url}/elsewhere")
        server.stop()
    assert len(server.log.splitlines()) == len(["Warning", "Listening", "Stopped"])
