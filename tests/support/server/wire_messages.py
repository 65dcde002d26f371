"""HTTP messages as they come off the wire, whole and unchanged."""

from __future__ import annotations

from typing import BinaryIO


def read_answer(reader: BinaryIO, method: str) -> bytes:
    """Read an answer, skipping those that only say that there will be one."""
    while True:
        head = _head(reader)
        if head is None:
            raise ConnectionError("the server closed the connection without an answer")
        status = int(head.split(b" ", 2)[1])
        if status >= 200:
            break
    if method == "HEAD" or status in (204, 304):
        return head
    return head + _body(reader, head, until_closed=True)


def read_request(reader: BinaryIO) -> bytes | None:
    """Read a request, whole; None if the client has left."""
    head = _head(reader)
    return None if head is None else head + _body(reader, head, until_closed=False)


def _head(reader: BinaryIO) -> bytes | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline(65536)
        if not line:
            return None
        head += line
    return head


def _body(reader: BinaryIO, head: bytes, *, until_closed: bool) -> bytes:
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _chunks(reader)
    if b"content-length" in headers:
        return _exactly(reader, int(headers[b"content-length"]))
    return reader.read() if until_closed else b""


def _chunks(reader: BinaryIO) -> bytes:
    parts = []
    while True:
        line = reader.readline()
        size = int(line.split(b";")[0], 16)
        parts += [line, _exactly(reader, size + 2)]
        if size == 0:
            return b"".join(parts)


def _exactly(reader: BinaryIO, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        raise ConnectionError("the connection ended inside a message")
    return data
