"""A server that runs out of files and connections that it may have open."""

import socket
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from support.server.serving import everything
from support.server.state_server import StateServer

resource = pytest.importorskip("resource")

TOLD = "connections are refused until others end"


def in_use(server):
    return len([*Path(f"/proc/{server.process.pid}/fd").iterdir()])


def connected(server):
    return httpx.Client(base_url=server.url, timeout=30, trust_env=False)


def asked(line):
    """Give what is answered to a request that is refused; nothing if it was answered or cut."""
    try:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        first = line.recv(12)
        return b"" if first == b"HTTP/1.1 200" else first + everything(line)
    except (ConnectionResetError, BrokenPipeError):
        return b""


def limit(server, count):
    which, pid = resource.RLIMIT_NOFILE, server.process.pid
    resource.prlimit(pid, which, (count, resource.prlimit(pid, which)[1]))


def test_a_server_without_room_says_so_once_and_recovers(tmp_path):
    with ExitStack() as stay:
        server = stay.enter_context(StateServer(f"sqlite:///{tmp_path / 's.db'}"))
        client = stay.enter_context(connected(server))
        assert client.get("/v1/storages").is_success
        for _ in range(2):
            limit(server, in_use(server) + 20)
            with ExitStack() as stack:
                refused = b""
                for _ in range(60):
                    line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
                    stack.enter_context(line)
                    refused = refused or asked(line)
                assert refused.startswith(b"HTTP/1.1 503 ")
                assert b"urn:reconciler:problem:unavailable" in refused
                assert b"\r\nretry-after: 1\r\n" in refused
                # Whoever was in before goes on, with the database too.
                assert client.get("/v1/storages").is_success
            limit(server, 1000)
            with connected(server) as another:
                assert another.get("/v1/storages").is_success
                text = another.get("/metrics").text
        assert server.log.count(TOLD) == 2
        assert 'reconciler_http_requests_total{method="other",route="other",status="503"}' in text


def test_clients_that_speak_no_http_fill_no_log(tmp_path):
    with StateServer(f"sqlite:///{tmp_path / 's.db'}") as server:
        before = len(server.log)
        for sent in (b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n"):
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
                    line.sendall(sent)
                    assert everything(line).startswith(b"HTTP/1.1 400 ")
        assert server.stop() == 0
        assert "WARNING" not in server.log[before:]
