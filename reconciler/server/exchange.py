"""One exchange over ASGI: what comes in and what goes out, for the event loop and for threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import anyio.from_thread
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from reconciler.server.calls import Answer
from reconciler.server.compression import WORTHWHILE, gzip_stream, gzipped
from reconciler.server.headers import accepts_gzip, single
from reconciler.server.problems import Problem

#: Content that an operation takes whole is at most this long, in bytes.
LARGEST_CONTENT = 64 * 1024
#: How long a client may send nothing, or take nothing, in seconds; and how long content that is
#: taken whole may take in all.
PATIENCE = 60.0
_WITHOUT_BODY = (204, 304)

_RawHeaders = list[tuple[bytes, bytes]]


class Gone(Exception):  # noqa: N818 - nothing went wrong on our side
    """The client is no longer there; nobody waits for an answer."""


class Exchange:
    """One request that is being answered."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.headers = Headers(scope=scope)
        self._receive = receive
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        self._read = False
        self._gone = False

    async def content(self) -> bytes:
        """Read the whole content; raises `Problem` if it is too large, or takes too long."""
        if int(single(self.headers, "Content-Length") or 0) > LARGEST_CONTENT:
            raise _too_large()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._whole()
        except TimeoutError:
            raise _too_slow(f"the content took longer than {PATIENCE:g} s") from None

    async def _whole(self) -> bytes:
        content = bytearray()
        while (chunk := await self._chunk()) is not None:
            content += chunk
            if len(content) > LARGEST_CONTENT:
                raise _too_large()
        return bytes(content)

    def chunks(self) -> Iterator[bytes]:
        """Read the content as it comes in; in a thread. What is slow here slows the client."""
        while (chunk := anyio.from_thread.run(self._chunk)) is not None:
            yield chunk

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        headers = _raw_headers(answer)
        if answer.status not in _WITHOUT_BODY:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await self._start(answer.status, headers)
        await self._end(answer.body)

    def packed(self, answer: Answer) -> Answer:
        """Compress a whole answer, if that is asked for and worthwhile."""
        if len(answer.body) < WORTHWHILE or not accepts_gzip(self.headers):
            return answer
        headers = (*answer.headers, ("Content-Encoding", "gzip"))
        return answer._replace(body=gzipped(answer.body), headers=headers)

    def stream(self, answer: Answer) -> None:
        """Send an answer as it comes; in a thread.

        Raises `Gone` if the client is. If the lines end in an error, the end is never sent: the
        client must not take a part for the whole.
        """
        headers, lines = _raw_headers(answer), answer.lines or ()
        if accepts_gzip(self.headers):
            headers.append((b"content-encoding", b"gzip"))
            lines = gzip_stream(lines)
        anyio.from_thread.run(self._start, answer.status, headers)
        for chunk in () if self._is_head else lines:
            anyio.from_thread.run(self._push, chunk)
        anyio.from_thread.run(self._end, b"")

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Notice, while entered, that the client goes away: sending alone does not tell."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True

    async def _chunk(self) -> bytes | None:
        """Give what has come in since; None at the end."""
        if self._read:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(f"nothing came in for {PATIENCE:g} s") from None
        if message["type"] == "http.disconnect":
            raise Gone
        self._read = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    # Sending waits for the client to take what was sent before. `LimitedProtocol` cuts the line of
    # one that takes nothing, and then nobody waits any more.
    async def _start(self, status: int, headers: _RawHeaders) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _push(self, chunk: bytes) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                message = {"type": "http.response.body", "body": chunk, "more_body": True}
                await self._send(message)
        except TimeoutError:
            self._gone = True
        if self._gone:
            raise Gone

    async def _end(self, body: bytes) -> None:
        shown = b"" if self._is_head else body
        await self._send({"type": "http.response.body", "body": shown})


def _raw_headers(answer: Answer) -> _RawHeaders:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    if answer.status not in _WITHOUT_BODY:
        headers.append((b"content-type", answer.media_type.encode()))
        headers.append((b"vary", b"Accept-Encoding"))
    return headers


def _too_large() -> Problem:
    return Problem("too-large", f"the content may have at most {LARGEST_CONTENT} bytes")


def _too_slow(detail: str) -> Problem:
    return Problem("timeout", detail, headers=(("Connection", "close"),))
