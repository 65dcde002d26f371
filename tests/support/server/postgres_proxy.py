"""Stands between a server and PostgreSQL: gives out numbers as poolers do, and cuts commits."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

#: What tells a client the process that it talks to, and what would cancel its query.
_KEY = re.compile(rb"K\x00\x00\x00\x0c.{8}", re.DOTALL)
_KEY_OF_A_POOLER = b"K\x00\x00\x00\x0c\x7f\x11\x22\x33\x44\x55\x66\x77"


class PostgresProxy:
    """Passes on what connections say, byte by byte, until it is closed."""

    def __init__(self, socket_file: str, *, pooler: bool = False) -> None:
        """Take the file that PostgreSQL listens on; `pooler` gives clients another number."""
        self._file = socket_file
        self._pooler = pooler
        #: Cut the next COMMIT: "before" or "after" the database was told.
        self.cut = ""
        #: All that clients have sent.
        self.sent = bytearray()
        #: Clients that hear nothing more.
        self._silent: set[socket.socket] = set()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        for one in (self._listener, *self._open):
            _end(one)

    def _start(self, target, *values) -> None:
        threading.Thread(target=target, args=values, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                database = socket.socket(socket.AF_UNIX)
                database.connect(self._file)
                self._open += [client, database]
                self._start(self._ask, client, database)
                self._start(self._answer, database, client)

    def _ask(self, client: socket.socket, database: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.sent += data
                cut = self.cut if b"COMMIT\0" in data else ""
                if cut:
                    self.cut = ""
                if cut == "before":
                    break
                if cut == "after":
                    self._silent.add(client)
                database.sendall(data)
        _end(client)
        _end(database)

    def _answer(self, database: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (data := database.recv(65536)) and client not in self._silent:
                client.sendall(_KEY.sub(_KEY_OF_A_POOLER, data) if self._pooler else data)
        _end(client)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
