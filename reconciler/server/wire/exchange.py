"""One exchange over ASGI: what comes in and what goes out, for the event loop and for threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import anyio.from_thread
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from reconciler.server.calls.headers import accepts_gzip, single
from reconciler.server.calls.problems import Problem
from reconciler.server.calls.request import Answer
from reconciler.server.wire.answer_buffer import AnswerBuffer, ClientGone
from reconciler.server.wire.compression import WORTHWHILE, gzip_stream, gzipped

#: Content that is taken whole is at most this long, in bytes.
LARGEST_CONTENT = 64 * 1024
#: How long a client may send nothing, in seconds, and how long content that is taken whole may take
#: in all. What comes in gives time back, at so many bytes a second: who drips is not waited for.
PATIENCE, RATE = 60.0, 16 * 1024
_WITHOUT_BODY = (204, 304)

_RawHeaders = list[tuple[bytes, bytes]]


class Exchange:
    """One request that is being answered: an exchange, as RFC 9110 calls the two together."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.headers = Headers(scope=scope)
        self._receive = receive
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        #: Whether the client waits to be told that its content is wanted, and whether it was.
        self.is_expecting = self.headers.get("Expect", "").lower() == "100-continue"
        self._asked = False
        self._read = False
        self._gone = False
        #: For how many seconds more the client may keep us waiting for content.
        self._credit = PATIENCE

    def check_size(self) -> None:
        """Raise `Problem` if content that is taken whole is said to be too large."""
        if int(single(self.headers, "Content-Length") or 0) > LARGEST_CONTENT:
            raise _too_large()

    async def content(self) -> bytes:
        """Read the whole content; raises `Problem` if it is too large, or takes too long."""
        self.check_size()
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
        if self.is_expecting and not self._asked:
            # The client now sends its content or does not: nobody can tell where a request begins.
            headers.append((b"connection", b"close"))
        await self._start(answer.status, headers)
        await self._end(answer.body)

    def packed(self, answer: Answer) -> Answer:
        """Compress a whole answer, if that is asked for and worthwhile."""
        if len(answer.body) < WORTHWHILE or not accepts_gzip(self.headers):
            return answer
        headers = (*answer.headers, ("Content-Encoding", "gzip"))
        return answer._replace(body=gzipped(answer.body), headers=headers)

    def fill(self, buffer: AnswerBuffer, answer: Answer) -> None:
        """Make a stream that is to be sent; in a thread, and never waiting for the client.

        An answer without lines, such as a refusal, is sent whole by whoever finds it at the head.
        """
        lines = answer.lines or ()
        if answer.lines is not None and accepts_gzip(self.headers):
            answer = answer._replace(headers=(*answer.headers, ("Content-Encoding", "gzip")))
            lines = gzip_stream(lines)
        buffer.begin(answer)
        for chunk in () if self._is_head else lines:
            buffer.put(chunk)
        buffer.complete = True

    async def stream(self, answer: Answer, buffer: AnswerBuffer) -> None:
        """Send a stream as it comes; raises `ClientGone` if the client is.

        If it was not made to its end, the end is never sent: the client must not take a part for
        the whole. A client of HTTP/1.0, which knows no chunks, is told the length.
        """
        headers = _raw_headers(answer)
        if self.scope["http_version"] == "1.0" and not self._is_head:
            size = await buffer.whole()
            if not buffer.complete:
                return
            headers.append((b"content-length", str(size).encode()))
        await self._start(answer.status, headers)
        async for chunk in buffer.chunks():
            await self._push(chunk)
        if buffer.complete:
            await self._end(b"")

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
        """Return what has come in since; None at the end."""
        if self._read:
            return None
        self._asked = True
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(self._credit):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(f"the content came too slowly, below {RATE} bytes a second") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._read = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        self._credit = min(self._credit - (clock() - begun) + len(body) / RATE, PATIENCE)
        return body

    # Sending waits for the client to take what was sent before. `LimitedProtocol` cuts the line of
    # one that takes too little, and then nobody waits any more.
    async def _start(self, status: int, headers: _RawHeaders) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _push(self, chunk: bytes) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self._gone:
            raise ClientGone

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
