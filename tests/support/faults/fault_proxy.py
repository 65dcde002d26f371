"""A proxy on loopback that does to HTTP what real networks do: delays, drops, cuts, refuses.

It stands between a client and a server and is told of each request what to do with it:

    with FaultProxy(port, scripted(PASS, DROP_AFTER)) as proxy:
        client = httpx.Client(base_url=proxy.url)

What was decided for each request, and which of them reached the server, is in `proxy.log`.
"""

from __future__ import annotations

import contextlib
import queue
import random
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from support.server.wire_messages import read_answer, read_request


@dataclass(frozen=True)
class Request:
    """What a decision is made from; `number` counts from 0 in the order of arrival."""

    number: int
    method: str
    target: str


@dataclass(frozen=True)
class Fault:
    """What is done with one request; with no argument, it passes unharmed."""

    #: Seconds to wait before the request is sent on.
    delay: float = 0.0
    #: The answer to give without asking the server: status, headers, and perhaps a body.
    answer: tuple[int, Mapping[str, str]] | tuple[int, Mapping[str, str], bytes] | None = None
    #: What the request is made into before the server is asked.
    ask: Callable[[bytes], bytes] | None = None
    #: What the server's answer is made into, head and body.
    change: Callable[[bytes], bytes] | None = None
    #: Ask the server, and give this answer in place of its own.
    instead: tuple[int, Mapping[str, str]] | None = None
    #: Reset the connection before the server was asked, or after it has answered.
    drop: str = ""
    #: Reset the connection before the server was asked, and refuse new ones for so many seconds.
    refuse: float = 0.0
    #: Ask the server, then keep the client waiting until it gives up, or until the proxy closes.
    hang: bool = False
    #: Send the head of the answer and this share of its body, then reset the connection. Of an
    #: answer without a body, this share of the head is sent.
    cut: float = 1.0


PASS = Fault()
DROP_BEFORE = Fault(drop="before")
DROP_AFTER = Fault(drop="after")
HANG_AFTER = Fault(hang=True)
CUT = Fault(cut=0.5)
Decide = Callable[[Request], Fault]


def refused(status: int, retry_after: str | None = None) -> Fault:
    """Answer with a status that the server never gave: 429, 503."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Fault(answer=(status, headers))


def replaced(status: int, **headers: str) -> Fault:
    """Pass a request on, lose the answer, and answer with a status of one's own."""
    return Fault(instead=(status, headers))


def scripted(*faults: Fault, of: Callable[[Request], bool] = lambda _: True) -> Decide:
    """Do this to the first requests that are meant, one by one; all others pass."""
    left = list(faults)

    def decide(request: Request) -> Fault:
        return left.pop(0) if left and of(request) else PASS

    return decide


def seeded(seed: int, faults: Iterable[tuple[float, Fault]]) -> Decide:
    """Do each of these with its probability; the rest pass. Request N always fares the same."""
    chances = list(faults)

    def decide(request: Request) -> Fault:
        drawn = random.Random(f"{seed}/{request.number}").random()
        for chance, fault in chances:
            if drawn < chance:
                return fault
            drawn -= chance
        return PASS

    return decide


@dataclass
class Log:
    """What the proxy has seen, in the order of arrival."""

    requests: list[tuple[Request, Fault]] = field(default_factory=list)
    #: What the server has answered to each request that it was sent: its status, by number.
    answered: dict[int, int] = field(default_factory=dict)


class FaultProxy:
    """Listens on a free port of loopback while it is entered."""

    def __init__(self, upstream: int, decide: Decide = lambda _: PASS) -> None:
        self.upstream = ("127.0.0.1", upstream)
        #: May be replaced at any time.
        self.decide = decide
        self.log = Log()
        self.closing = threading.Event()
        self._mutex = threading.Lock()
        # Keeps the port ours while nobody listens on it.
        self._reserved = _bound()
        self.port = self._reserved.getsockname()[1]
        self._refusing: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._refusing.put(0)
        self._thread.join()
        self._reserved.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def refuse(self, seconds: float) -> None:
        """Let nobody connect for so long, from now on; connections that are there go on."""
        self._server.shutdown()
        self._server.server_close()
        self._refusing.put(seconds)

    def _listen(self) -> None:
        while True:
            accepting = threading.Thread(target=self._server.serve_forever, args=(0.02,))
            accepting.start()
            seconds = self._refusing.get()
            self._server.shutdown()
            accepting.join()
            self._server.server_close()
            if self.closing.wait(seconds):
                return
            self._server = _Server(self)

    def decided(self, method: str, target: str) -> tuple[Request, Fault]:
        with self._mutex:
            request = Request(len(self.log.requests), method, target)
            fault = self.decide(request)
            self.log.requests.append((request, fault))
        return request, fault

    def ask(self, request: Request, raw: bytes) -> bytes:
        """Send a request to the server and read its answer, whole."""
        with socket.create_connection(self.upstream, timeout=60) as server:
            server.sendall(raw)
            with server.makefile("rb") as reader:
                answer = read_answer(reader, request.method)
        with self._mutex:
            self.log.answered[request.number] = int(answer.split(b" ", 2)[1])
        return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_port = True
    # A client that hangs is not waited for.
    block_on_close = False

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", proxy.port), _Connection)

    def handle_error(self, *_: object) -> None:
        """A connection that breaks is what this is for."""


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        proxy = self.server.proxy
        while (raw := read_request(self.rfile)) is not None:
            method, target = raw.split(b" ", 2)[:2]
            request, fault = proxy.decided(method.decode(), target.decode())
            kept = self._serve(proxy, request, fault, raw)
            if kept is False:
                _reset_on_close(self.connection)
            if not kept:
                return

    def _serve(self, proxy: FaultProxy, request: Request, fault: Fault, raw: bytes) -> bool | None:
        """Do with a request what was decided; False to reset the connection, None to close it."""
        if fault.delay:
            proxy.closing.wait(fault.delay)
        if fault.answer:
            self.wfile.write(_refusal(*fault.answer))
            return True
        if fault.refuse:
            proxy.refuse(fault.refuse)
        if fault.refuse or fault.drop == "before":
            return False
        try:
            answer = proxy.ask(request, fault.ask(raw) if fault.ask else raw)
        except OSError:
            return False  # the server is down: the client is told as the network would
        if fault.drop == "after":
            return False
        if fault.instead:
            self.wfile.write(_refusal(*fault.instead))
            return True
        if fault.hang:
            self._wait_for_the_client_to_leave(proxy)
            return False
        if fault.change:
            answer = fault.change(answer)
        if fault.cut < 1:
            self.wfile.write(_cut(answer, fault.cut))
            return False
        self.wfile.write(answer)
        closes = b"connection: close" in answer.split(b"\r\n\r\n", 1)[0].lower()
        return None if closes else True

    def _wait_for_the_client_to_leave(self, proxy: FaultProxy) -> None:
        self.connection.settimeout(0.05)
        while not proxy.closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1, socket.MSG_PEEK):
                    return


def _bound() -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


def _reset_on_close(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _cut(answer: bytes, share: float) -> bytes:
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not body:
        return head[: int(len(head) * share)]
    return head + gap + body[: int(len(body) * share)]


def _refusal(status: int, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} Refused by the proxy", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
