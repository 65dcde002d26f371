"""A stand-in for servers that know S3 in part: not its conditional writes, whose headers they
ignore, nor the deletion of many objects at once.
"""

from __future__ import annotations

import hashlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CarelessS3(http.server.ThreadingHTTPServer):
    """Keeps objects by path in memory, whatever the credentials; heeds the `heeded` conditions."""

    daemon_threads = True

    def __init__(
        self, heeded: frozenset[str], etags: bool, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.heeded = heeded
        self.etags = etags
        self.objects: dict[str, bytes] = {}

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that do not trust us."""

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"


@contextmanager
def careless_s3(
    *heeded: str, etags: bool = True, tls: ssl.SSLContext | None = None
) -> Iterator[CarelessS3]:
    """Run a server that heeds only these: `If-None-Match`, `If-Match`."""
    server = CarelessS3(frozenset(heeded), etags, tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        there = self.server.objects.get(self.path)
        if not self._holds("If-None-Match", there is None) or not self._holds(
            "If-Match", there is not None and self.headers["If-Match"] == _etag(there)
        ):
            self._answer(412)
            return
        self.server.objects[self.path] = body
        self._answer(200, etag=_etag(body))

    def do_HEAD(self) -> None:
        self._answer(200)

    def do_GET(self) -> None:
        body = self.server.objects.get(self.path)
        if body is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, body, etag=_etag(body))

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.path, None)
        self._answer(204)

    def do_POST(self) -> None:
        """Refuse `POST ?delete`."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(501, b"<Error><Code>NotImplemented</Code></Error>")

    def _holds(self, condition: str, truth: bool) -> bool:
        asked = condition in self.headers and condition in self.server.heeded
        return truth if asked else True

    def _answer(self, status: int, body: bytes = b"", etag: str | None = None) -> None:
        self.send_response(status)
        if etag and self.server.etags:
            self.send_header("ETag", etag)
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'
