"""A server that answers byte by byte, so that no wait for the next one is ever long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: Seconds between two bytes.
TICK = 0.01


class Dripping:
    """Sends what it is told at once, then drips; reads what comes in as slowly, if told to."""

    def __init__(self, head: bytes, drop: bytes, *, sips: bool = False) -> None:
        self._head = head
        self._drop = drop
        self._sips = sips
        self._end = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._end.set()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            client.recv(65536)
            client.sendall(self._head)
            while not self._end.wait(TICK):
                if self._sips:
                    client.recv(1)
                else:
                    client.sendall(self._drop)


@contextmanager
def dripping(head: bytes, drop: bytes, *, sips: bool = False) -> Iterator[Dripping]:
    server = Dripping(head, drop, sips=sips)
    try:
        yield server
    finally:
        server.close()
