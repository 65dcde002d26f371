"""HTTP/1.1 on the wire, with limits that hold while a request is still coming in.

uvicorn reads URLs and headers of any length, and waits for them for ever. Here a request is
refused as soon as it goes too far, and the refusal is problem+json like every other.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable
from typing import cast

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from reconciler.server.calls.headers import COMMON_HEADERS
from reconciler.server.calls.problems import MEDIA_TYPE, Problem, malformed, unavailable
from reconciler.server.wire.descriptors import Room
from reconciler.server.wire.framing import check_framing, check_host, plain, without_host
from reconciler.server.wire.logs import QUIET, log_refusal
from reconciler.server.wire.scope import LINE

LONGEST_URL = 8 * 1024
#: All headers together, in bytes.
LARGEST_HEADERS = 32 * 1024
#: How long the head of a request may take, in seconds; and how long a refused client may linger.
PATIENCE, LINGERING = 30.0, 5.0
#: How far a client may lag behind what is sent to it, in seconds; then the line is cut. How often
#: it is looked at. What the client takes makes up for the time that it needs at so many bytes a
#: second: who takes a little now and then is cut off too.
TAKING, LOOK, RATE = 60.0, 5.0, 16 * 1024
#: What may still come in once nobody reads it, in bytes; then the line is cut.
_DROPPED = 1024 * 1024
#: What stands around a header: colon, space, line end.
_AROUND = 4


_quiet = logging.getLogger(QUIET)


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which refuses what goes too far."""

    #: Whether there is room for connections, and who counts refusals; `protocol_of` sets them.
    _room = Room()
    _count_refusal: Callable[[int], None] = staticmethod(lambda _status: None)
    _refusal: Problem | None = None
    _timer: TimerHandle | None = None
    #: Whether a head is what comes next, and whether it has begun.
    _in_head = True
    _has_begun = False
    #: Whether the piece that has just come in holds something else than a part of one head.
    _mixed = False
    #: Bytes of the head: in pieces that hold nothing else, and in headers that are complete.
    _raw = 0
    _headers = 0
    _dropped = 0
    _looking: TimerHandle | None = None
    #: How far the client lags behind, in seconds, and how many bytes it had not taken last.
    lag = 0.0
    _untaken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.logger = _quiet
        #: Requests that may not have been answered yet, in their order.
        self._asked: deque[RequestResponseCycle] = deque()
        self._look_later()
        verdict = self._room.for_one(transport.get_extra_info("socket").fileno())
        if verdict == "take":
            self._wait(PATIENCE)
        elif verdict == "refuse":
            self._refuse(unavailable("the server has no room for more connections"))
        else:
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        if self._looking is not None:
            self._looking.cancel()
        # uvicorn tells the last one only; the others would try to send, and fail.
        for cycle in self._asked:
            cycle.disconnected = not cycle.response_complete
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to take something."""
        self._untaken = self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on sending."""
        self._measure()
        super().resume_writing()

    def cut(self) -> None:
        """Break the connection."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what has come in."""
        if self._refusal is not None:
            self._drop(len(data))
            return
        if not self._in_head and self.cycle.response_complete:
            self._drop(len(data))
        self._mixed = False
        super().data_received(data)
        if self._in_head and not self._mixed:
            self._raw += len(data)
            if self._raw > LONGEST_URL + LARGEST_HEADERS:
                self._refuse(_headers_too_large())

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._has_begun = self._mixed = True
        self._raw = self._headers = self._dropped = 0
        self._wait(PATIENCE)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        super().on_url(url)
        if len(self.url) > LONGEST_URL:
            self._refusal = Problem("uri-too-long", f"a URL may have at most {LONGEST_URL} bytes")
            raise self._refusal

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Those that follow a content are dropped: they come too late to count."""
        self._headers += len(name) + len(value) + _AROUND
        if self._headers > LARGEST_HEADERS:
            self._refusal = _headers_too_large()
            raise self._refusal
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start to answer."""
        self._in_head = self._has_begun = False
        self._stop_waiting()
        try:
            version = self.parser.get_http_version()
            check_framing(self.headers, version, upgrades=self.parser.should_upgrade())
            self.url = without_host(self.url, self.headers)
            check_host(self.headers, version)
        except Problem as problem:
            self._refusal = problem
            raise
        super().on_headers_complete()
        self._tell_app()
        while self._asked and self._asked[0].response_complete:
            self._asked.popleft()
        self._asked.append(self.cycle)

    def on_message_complete(self) -> None:
        """Get ready for the next request."""
        super().on_message_complete()
        self._in_head = self._mixed = True
        self._raw = 0

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text says less
        """Refuse what the parser could not take."""
        self._refuse(self._refusal or malformed("this is not HTTP/1.1"))

    def _unsupported_upgrade_warning(self) -> None:
        """Answer as if nobody had asked to go on in another protocol, and close after it."""
        self.cycle.keep_alive = False

    def _tell_app(self) -> None:
        """Give the path as it came: uvicorn decodes it, also `%2F`."""
        path, _, query = self.url.partition(b"?")
        more = {"raw_path": path, "path": plain(path), "query_string": query, LINE: self}
        cast("dict[str, object]", self.scope).update(more)

    def _refuse(self, problem: Problem) -> None:
        """Say what is wrong, as far as that can still be said, and listen to nothing more."""
        self._refusal = problem
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                # That request came in whole, and its answer is what the client gets next.
                cycle.keep_alive = False
                self._stop_waiting()
                return
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
            cycle.disconnected = True  # what its answer would say was said now
            cycle.message_event.set()
        log_refusal(problem.status, problem.code)
        self._count_refusal(problem.status)
        self.transport.write(self._head_of(problem) + problem.document())
        if self.transport.can_write_eof():
            self.transport.write_eof()
        # Closed at once with something unread, the line would break before the answer is there.
        self._wait(LINGERING)

    def _head_of(self, problem: Problem) -> bytes:
        headers = [
            *self.server_state.default_headers,
            *COMMON_HEADERS,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(problem.document())).encode()),
            (b"connection", b"close"),
            *((name.lower().encode(), value.encode()) for name, value in problem.headers),
        ]
        lines = [b"%b: %b\r\n" % header for header in headers]
        return b"".join([STATUS_LINE[problem.status], *lines, b"\r\n"])

    def _drop(self, length: int) -> None:
        """Take what nobody reads, up to a limit and for a while."""
        if not self._dropped:
            self._wait(LINGERING)
        self._dropped += length
        if self._dropped > _DROPPED:
            self.transport.close()

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(LOOK, self._look)

    def _look(self) -> None:
        """Cut the line if the client takes too little, also when it is being closed.

        Whoever sends waits for the client, and closing does too: neither has an end of its own.
        """
        if self.flow.write_paused or self.transport.is_closing():
            self.lag += LOOK
            self._measure()
            if self.lag >= TAKING:
                self.cut()
                return
        else:
            self.lag = 0.0
        self._look_later()

    def _measure(self) -> None:
        size = self.transport.get_write_buffer_size()
        self.lag = max(self.lag - max(self._untaken - size, 0) / RATE, 0.0)
        self._untaken = size

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._be_done)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _be_done(self) -> None:
        """Give up waiting, unless an earlier request is still being answered."""
        self._timer = None
        if self._refusal is None and self.cycle is not None and not self.cycle.response_complete:
            self._wait(PATIENCE)
        elif self._refusal is None and self._has_begun:
            self._refuse(Problem("timeout", f"the headers took longer than {PATIENCE:g} s"))
        else:
            self.transport.close()


def _headers_too_large() -> Problem:
    return Problem("headers-too-large", f"headers may have at most {LARGEST_HEADERS} bytes")


def protocol_of(room: Room, count_refusal: Callable[[int], None]) -> type[LimitedProtocol]:
    """Make the protocol of one server, since uvicorn takes no more than a class."""
    members = {"_room": room, "_count_refusal": staticmethod(count_refusal)}
    return type("LimitedProtocol", (LimitedProtocol,), members)
