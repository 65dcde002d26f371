"""HTTP/1.1 on the wire, with limits that hold while a request is still coming in.

uvicorn reads URLs and headers of any length, and waits for them for ever. Here a request is
refused as soon as it goes too far, and the refusal is problem+json like every other.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from reconciler.server.calls.headers import COMMON_HEADERS
from reconciler.server.calls.problems import MEDIA_TYPE, Problem, malformed, unavailable
from reconciler.server.wire import client_lag
from reconciler.server.wire.descriptors import Descriptors
from reconciler.server.wire.framing import check_framing, check_host, without_host
from reconciler.server.wire.head_limits import HeadLimits
from reconciler.server.wire.logs import QUIET, log_refusal
from reconciler.server.wire.scope import CONNECTION

#: How long the head of a request may take, in seconds; and how long a refused client may linger.
PATIENCE, LINGERING = 30.0, 5.0
#: What may still come in once nobody reads it, in bytes; then the line is cut.
_DROPPED = 1024 * 1024
_quiet = logging.getLogger(QUIET)


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which refuses what goes too far."""

    #: Whether there is room for connections, and who counts refusals; `protocol_of` sets them.
    _descriptors = Descriptors()
    _count_refusal: Callable[[int], None] = staticmethod(lambda _status: None)
    _refusal: Problem | None = None
    _timer: TimerHandle | None = None
    _dropped = 0
    _looking: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.logger = _quiet
        #: Requests that may not have been answered yet, in their order.
        self._asked: deque[RequestResponseCycle] = deque()
        self._head = HeadLimits()
        self._lag = client_lag.Lag()
        self._look_later()
        admission = self._descriptors.admission(transport.get_extra_info("socket").fileno())
        if admission == "take":
            self._wait(PATIENCE)
        elif admission == "refuse":
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
        self._lag.begin(self.transport.get_write_buffer_size())
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on sending."""
        self._lag.take(self.transport.get_write_buffer_size())
        super().resume_writing()

    @property
    def lag(self) -> float:
        """How far the client lags behind what is sent to it, in seconds."""
        return self._lag.seconds

    def cut(self) -> None:
        """Break the connection."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what has come in."""
        if self._refusal is not None:
            self._drop(len(data))
            return
        if not self._head.is_next and self.cycle.response_complete:
            self._drop(len(data))
        self._head.piece()
        super().data_received(data)
        if problem := self._head.piece_seen(len(data)):
            self._refuse(problem)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head.begin()
        self._dropped = 0
        self._wait(PATIENCE)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        super().on_url(url)
        self._check(self._head.url(len(url)))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Those that follow a content are dropped: they come too late to count."""
        self._check(self._head.header(len(name) + len(value)))
        if self._head.is_next:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start to answer."""
        self._head.complete()
        self._stop_waiting()
        try:
            version = self.parser.get_http_version()
            check_framing(self.headers, version, upgrades=self.parser.should_upgrade())
            self.url = without_host(self.url, self.headers)
            check_host(self.headers, version)
        except Problem as problem:
            self._check(problem)
        super().on_headers_complete()
        cast("dict[str, object]", self.scope)[CONNECTION] = self
        if self.parser.should_upgrade():  # answered as if nobody had asked to, and then closed
            self.cycle.keep_alive = False
        while self._asked and self._asked[0].response_complete:
            self._asked.popleft()
        self._asked.append(self.cycle)

    def on_message_complete(self) -> None:
        """Get ready for the next request."""
        super().on_message_complete()
        self._head.end()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text says less
        """Refuse what the parser could not take."""
        self._refuse(self._refusal or malformed("this is not HTTP/1.1"))

    def _check(self, problem: Problem | None) -> None:
        """Let the parser stop if something is wrong; it then has `send_400_response` called."""
        if problem is not None:
            self._refusal = problem
            raise problem

    def _refuse(self, problem: Problem) -> None:
        """Answer what is wrong, as far as that can still be done, and listen to nothing more."""
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
        self.transport.write(_answer(problem, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        # Closed at once with something unread, the line would break before the answer is there.
        self._wait(LINGERING)

    def _drop(self, length: int) -> None:
        """Take what nobody reads, up to a limit and for a while."""
        if not self._dropped:
            self._wait(LINGERING)
        self._dropped += length
        if self._dropped > _DROPPED:
            self.transport.close()

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(client_lag.LOOK, self._look)

    def _look(self) -> None:
        """Cut the line if the client takes too little, also when it is being closed.

        Whoever sends waits for the client, and closing does too: neither has an end of its own.
        """
        waits = self.flow.write_paused or self.transport.is_closing()
        if self._lag.look(self.transport.get_write_buffer_size(), waits=waits):
            self.cut()
        else:
            self._look_later()

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
        elif self._refusal is None and self._head.has_begun:
            self._refuse(Problem("timeout", f"the headers took longer than {PATIENCE:g} s"))
        else:
            self.transport.close()


def _answer(problem: Problem, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a refusal as it goes over the wire."""
    document = problem.document()
    headers = [
        *default_headers,
        *COMMON_HEADERS,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(document)).encode()),
        (b"connection", b"close"),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers),
    ]
    status = HTTPStatus(problem.status)
    begin = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    return b"".join([begin, *(b"%b: %b\r\n" % header for header in headers), b"\r\n", document])


def protocol_of(
    descriptors: Descriptors, count_refusal: Callable[[int], None]
) -> type[LimitedProtocol]:
    """Make the protocol of one server, since uvicorn takes no more than a class."""
    members = {"_descriptors": descriptors, "_count_refusal": staticmethod(count_refusal)}
    return type("LimitedProtocol", (LimitedProtocol,), members)
