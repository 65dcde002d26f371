"""The state server in this process, on a real port; and requests as no client would send them."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx

from reconciler.server.calls.tokens import new_token
from reconciler.server.run import GRACE, make_server
from reconciler.server.store.store import Store
from reconciler.server.store.values import ADMIN, Author
from reconciler.server.wire.listen import Address, open_socket, url_of

AUTHOR = Author("tests")
_PATIENCE = 30.0
#: For clients that speak no TLS; the usual one reads a hundred certificates each time it is made.
_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_HOST = Address(socket.AF_INET, "127.0.0.1", 0)


class Serving(NamedTuple):
    """A server that runs."""

    url: str
    store: Store
    #: Asks it to end, as a first signal does, and waits until it has.
    stop: Callable[[], None]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def client(self, token: str | None = None) -> httpx.Client:
        """Make a client, with a token if one is given."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=_PATIENCE,
            trust_env=False,
            verify=_TRUSTS_NOBODY,
        )

    def wire(self, *pieces: bytes) -> bytes:
        """Send bytes as they are, and give all that comes back until the server closes."""
        with self.connected() as line:
            for piece in pieces:
                try:
                    line.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break
            return everything(line)

    def wire_and_leave(self, piece: bytes) -> None:
        """Send bytes as they are, and go away without waiting for an answer."""
        with self.connected() as line:
            line.sendall(piece)

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Open a connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE) as line:
            yield line

    @contextmanager
    def taking_nothing(self, asked: bytes) -> Iterator[socket.socket]:
        """Ask, and take no more than the first bytes of the answer."""
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(_PATIENCE)
            line.connect(("127.0.0.1", self.port))
            line.sendall(asked)
            assert line.recv(15) == b"HTTP/1.1 200 OK"
            yield line


def drip(line: socket.socket) -> None:
    """Send a byte now and then until the other side answers."""
    for _ in range(200):
        if select.select([line], [], [], 0.1)[0]:
            return
        line.sendall(b" ")
    raise AssertionError("it is still waited for")


def everything(line: socket.socket) -> bytes:
    """Read until the other side closes."""
    told = b""
    try:
        while piece := line.recv(65536):
            told += piece
    except ConnectionResetError:
        pass
    return told


@contextmanager
def serving(store: Store, grace: float = GRACE) -> Iterator[Serving]:
    """Serve a store while entered."""
    ready = threading.Event()
    with open_socket(_HOST) as listening:
        url = url_of(listening, tls=False)
        server = make_server(store, tls=None, on_ready=ready.set, grace=grace)
        thread = threading.Thread(target=server.run, args=([listening],))

        def stop() -> None:
            server.should_exit = True
            thread.join(_PATIENCE)
            assert not thread.is_alive()

        thread.start()
        try:
            assert ready.wait(_PATIENCE)
            yield Serving(url, store, stop)
        finally:
            server.force_exit = True
            stop()


def make_token(
    store: Store, role: str = ADMIN, name: str = "ci", expires: str | None = None
) -> str:
    """Make a token."""
    new = new_token()
    store.create_token(new.id, new.digest, name=name, role=role, expires_at=expires, author=AUTHOR)
    return new.text.reveal()
