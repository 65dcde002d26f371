"""The proxy that injects faults does what it says, or tests that use it prove nothing."""

from __future__ import annotations

import http.client
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from support.faults.fault_proxy import (
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    HANG_AFTER,
    PASS,
    Fault,
    FaultProxy,
    Request,
    _cut,
    refused,
    scripted,
    seeded,
)


class Echo(http.server.BaseHTTPRequestHandler):
    """Remembers what reached it, and answers it in chunks."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reached.append(body)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    opened = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    opened.daemon_threads = True
    opened.reached = []
    thread = threading.Thread(target=opened.serve_forever, args=(0.05,))
    thread.start()
    yield opened
    opened.shutdown()
    opened.server_close()
    thread.join()


@pytest.fixture
def proxy(server: http.server.ThreadingHTTPServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.server_port) as opened:
        yield opened


def put(proxy: FaultProxy, body: bytes, timeout: float = 30) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("PUT", "/x", body)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_requests_of_one_connection_pass_unharmed(proxy, server):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    for number in range(3):
        connection.request("PUT", f"/{number}", b"%d" % number)
        assert connection.getresponse().read() == b"%d" % number
        connection.request("HEAD", "/")
        assert connection.getresponse().read() == b""
    connection.close()
    assert server.reached == [b"0", b"1", b"2"]
    assert proxy.log.requests[2] == (Request(2, "PUT", "/1"), PASS)
    assert proxy.log.answered == dict.fromkeys(range(6), 200)


@pytest.mark.parametrize(
    ("fault", "reached"),
    [(DROP_BEFORE, []), (DROP_AFTER, [b"body"]), (CUT, [b"body"])],
    ids=["before", "after", "cut"],
)
def test_a_dropped_answer_is_an_error_whatever_the_server_did(proxy, server, fault, reached):
    proxy.decide = scripted(fault)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        put(proxy, b"body")
    assert server.reached == reached
    assert put(proxy, b"next") == b"next"


def test_an_answer_without_a_body_is_cut_in_its_head():
    head = b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"
    assert _cut(head, 0.5) == b"HTTP/1.1 204 N"
    assert _cut(head + b"body", 0.5) == head + b"bo"


def test_an_answer_that_never_comes(proxy, server):
    proxy.decide = scripted(HANG_AFTER)
    with pytest.raises(TimeoutError):
        put(proxy, b"body", timeout=0.2)
    assert server.reached == [b"body"]


def test_a_delayed_request_arrives(proxy, server):
    proxy.decide = scripted(Fault(delay=0.01))
    assert put(proxy, b"body") == b"body"
    assert server.reached == [b"body"]


def test_a_refusal_never_reaches_the_server(proxy, server):
    proxy.decide = scripted(refused(429, "7"))
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    connection.request("PUT", "/x", b"body")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Retry-After"], answer.read()) == (429, "7", b"")
    connection.close()
    assert server.reached == []


def test_connections_are_refused_for_a_while(proxy, server):
    proxy.decide = scripted(Fault(refuse=0.2))
    with pytest.raises(ConnectionResetError):
        put(proxy, b"body")
    with pytest.raises(ConnectionRefusedError):
        put(proxy, b"body")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            assert put(proxy, b"next") == b"next"
            break
    assert server.reached == [b"next"]


def test_a_script_can_mean_some_requests_only():
    decide = scripted(DROP_BEFORE, of=lambda request: request.method == "PUT")
    methods = ["GET", "PUT", "PUT"]
    decided = [decide(Request(number, method, "/")) for number, method in enumerate(methods)]
    assert decided == [PASS, DROP_BEFORE, PASS]


def test_a_seed_gives_the_same_faults_again_and_as_many_as_were_asked_for():
    requests = [Request(number, "GET", "/") for number in range(2000)]
    runs = [
        [seeded(seed, [(0.1, CUT), (0.2, DROP_AFTER)])(r) for r in requests] for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]
    assert 150 < runs[0].count(CUT) < 250
    assert 320 < runs[0].count(DROP_AFTER) < 480
