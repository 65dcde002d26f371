"""A server that answers what a test tells it, byte by byte, over real connections."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

TLS = Path(__file__).parent / "tls"
STORAGE = {
    "id": "s1",
    "name": "nas",
    "label": "NAS",
    "type": "local",
    "default_url": "file:///data/nas",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "files": 0,
}


class Asked(Struct):
    """One request as it came in; `whole` unless the client broke off."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    whole: bool


class Reply(Struct):
    """What is sent for one request."""

    data: bytes
    #: Then hang up in order, or by force; or keep the connection.
    end: str = "keep"
    #: Do not send anything before this is set.
    wait_for: threading.Event | None = None
    #: Set once the request is there.
    reached: threading.Event | None = None


Script = Callable[[Asked], Reply]


def reply(
    body: object = None,
    status: int = 200,
    *,
    media_type: str = "application/json",
    ours: bool = True,
    end: str = "keep",
    cut: int | None = None,
    **headers: str,
) -> Reply:
    """Make an answer of our server; `cut` keeps back so many bytes of it and hangs up."""
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    lines = [f"HTTP/1.1 {status} Whatever"]
    if status != 204:
        lines += [f"Content-Length: {len(content)}", f"Content-Type: {media_type}"]
    if ours:
        lines.append("Reconciler-Version: 9.9")
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    data = "\r\n".join([*lines, "", ""]).encode() + content
    if cut is not None:
        return Reply(data[: len(data) - cut], "close")
    return Reply(data, end)


def problem(code: str, status: int, detail: str = "", **members: object) -> Reply:
    """Make a problem of our server."""
    type = f"urn:reconciler:problem:{code}"
    body = {"type": type, "title": "T", "status": status, "code": code, "detail": detail, **members}
    return reply(body, status, media_type="application/problem+json")


def hello(**changed: object) -> Reply:
    """Introduce the server."""
    about: dict[str, object] = {
        "platform_id": "p1",
        "account": "ci",
        "role": "operator",
        "version": "9.9",
        "api": {"oldest": 1, "newest": 1},
        "clock": "2026-01-01T00:00:00.000Z",
        "revision": 7,
    }
    return reply({**about, **changed})


def page(*storages: object, next: str | None = None, revision: int = 7) -> Reply:
    return reply({"storages": list(storages), "next": next, "revision": revision})


class ScriptedServer:
    """Answers each path by the replies that were given for it, in order; the last one stays.

    `/v1/platform` is answered like a server of ours, unless a test says otherwise.
    """

    def __init__(self, *, tls: bool | ssl.SSLContext = False) -> None:
        self.asked: list[Asked] = []
        #: How many bytes of requests' content have come in.
        self.taken = 0
        self._scripts: dict[str, list[Reply | Script]] = {"GET /v1/platform": [hello()]}
        self._changed = threading.Condition()
        #: Whether the content of requests is left where it is, but for its beginning.
        self.deaf = False
        self._closed = threading.Event()
        #: How many connections were made.
        self.connections = 0
        self._connections: set[socket.socket] = set()
        self._tls = None
        if isinstance(tls, ssl.SSLContext):
            self._tls = tls
        elif tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, request: str, *replies: Reply | Script) -> None:
        """Say how `METHOD /path` (without its query) is answered."""
        self._scripts[request] = list(replies)

    def targets(self) -> list[str]:
        """Give `METHOD /path?query` of all requests but introductions."""
        told = [f"{asked.method} {asked.target}" for asked in self.asked]
        return [text for text in told if text != "GET /v1/platform"]

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what was asked; fails after 10 s."""
        with self._changed:
            assert self._changed.wait_for(holds, timeout=10)

    def close(self) -> None:
        self._closed.set()
        self._listening.close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        try:
            # A client that breaks off, or does not trust us, is part of the test.
            with suppress(OSError), connection:
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                self._converse(connection)
        finally:
            self._connections.discard(connection)

    def _converse(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        with file, connection:
            if file.peek(1)[:1] == b"\x16":  # the beginning of TLS
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            while (asked := _read(file, self._take)) is not None:
                with self._changed:
                    self.asked.append(asked)
                    self._changed.notify_all()
                if not asked.whole:
                    return
                answer = self._answer(asked)
                if answer.reached:
                    answer.reached.set()
                if answer.wait_for:
                    answer.wait_for.wait(timeout=10)
                connection.sendall(answer.data)
                if answer.end == "reset":
                    # With no time to linger, closing breaks the connection.
                    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                if answer.end != "keep":
                    return

    def _take(self, data: bytes) -> bytes:
        if self.deaf:
            self._closed.wait(timeout=10)
        with self._changed:
            self.taken += len(data)
            self._changed.notify_all()
        return data

    def _answer(self, asked: Asked) -> Reply:
        key = f"{asked.method} {asked.target.partition('?')[0]}"
        with self._changed:
            replies = self._scripts.get(key, [problem("not-found", 404)])
            found = replies[0] if len(replies) == 1 else replies.pop(0)
        return found(asked) if callable(found) else found


@contextmanager
def scripted(*, tls: bool | ssl.SSLContext = False) -> Iterator[ScriptedServer]:
    server = ScriptedServer(tls=tls)
    try:
        yield server
    finally:
        server.close()


def _read(file, take: Callable[[bytes], bytes]) -> Asked | None:
    start = file.readline()
    if not start:
        return None
    method, target, _ = start.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while (line := file.readline().strip()) != b"":
        name, _, text = line.decode().partition(":")
        headers[name.lower()] = text.strip()
    body, whole = _body(file, headers, take)
    return Asked(method, target, headers, body, whole)


def _body(file, headers: dict[str, str], take: Callable[[bytes], bytes]) -> tuple[bytes, bool]:
    if headers.get("transfer-encoding") != "chunked":
        length = int(headers.get("content-length", 0))
        body = file.read(length)
        return body, len(body) == length
    body = b""
    while line := file.readline().strip():
        size = int(line, 16)
        body += take(file.read(size))
        file.readline()
        if not size:
            return body, True
    return body, False
