"""Proxies on loopback that really pass bytes on: HTTP (CONNECT and plain), and SOCKS 5."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress


class RealProxy:
    """Leads whatever is asked for to one port of loopback, whatever name it has."""

    def __init__(
        self,
        to: int,
        *,
        socks: bool = False,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._to = to
        self._socks = socks
        self._login = login
        self._tls = tls
        #: What was asked for: `host:port`.
        self.asked: list[str] = []
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, ExitStack() as opened:
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
                opened.enter_context(client)
            self._open.add(client)
            if not (self._greet_socks(client) if self._socks else self._greet_http(client)):
                return
            with socket.create_connection(("127.0.0.1", self._to)) as server:
                self._open.add(server)
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()

    def _greet_http(self, client: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(1)
            if not piece:
                return False
            head += piece
        line, *headers = head.decode().split("\r\n")
        method, target, _ = line.split(" ")
        self.asked.append(target)
        given = next((h.partition(": ")[2] for h in headers if "proxy-auth" in h.lower()), "")
        if self._login:
            wanted = base64.b64encode(":".join(self._login).encode()).decode()
            if given != f"Basic {wanted}":
                client.sendall(b"HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n")
                return False
        assert method == "CONNECT"
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        return True

    def _greet_socks(self, client: socket.socket) -> bool:
        _, count = client.recv(2)
        methods = client.recv(count)
        wanted = 2 if self._login else 0
        if wanted not in methods:
            client.sendall(b"\x05\xff")
            return False
        client.sendall(bytes((5, wanted)))
        if self._login:
            user = client.recv(client.recv(2)[1]).decode()
            password = client.recv(client.recv(1)[0]).decode()
            client.sendall(b"\x01\x00" if (user, password) == self._login else b"\x01\x01")
            if (user, password) != self._login:
                return False
        kind = client.recv(4)[3]
        size = {1: 4, 4: 16}.get(kind) or client.recv(1)[0]
        host = client.recv(size)
        port = int.from_bytes(client.recv(2))
        shown = host.decode() if kind == 3 else socket.inet_ntop(socket.AF_INET, host)
        self.asked.append(f"{shown}:{port}")
        client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return True


@contextmanager
def real_proxy(to: int, **options) -> Iterator[RealProxy]:
    proxy = RealProxy(to, **options)
    try:
        yield proxy
    finally:
        proxy.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
