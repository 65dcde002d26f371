"""Run the server until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.config import dictConfig
from types import FrameType
from typing import NoReturn

import uvicorn

from reconciler.environment.timestamps import utc_now
from reconciler.errors import UsageError
from reconciler.printable import quoted
from reconciler.server.app import make_app
from reconciler.server.store.store import Store
from reconciler.server.wire.certificate import Tls, read_certificates
from reconciler.server.wire.descriptors import Descriptors
from reconciler.server.wire.listen import url_of
from reconciler.server.wire.logs import configuration
from reconciler.server.wire.protocol import protocol_of

#: How long an idle connection is kept, in seconds: longer than clients keep theirs.
_IDLE = 75
#: How long what runs may go on after the signal to end, in seconds; then all connections are cut,
#: and what they asked for has a little more. Together less than `TimeoutStopSec` in
#: `deploy/reconciler.service`, and longer than a write takes that need not wait for others.
GRACE, REST = 20.0, 5.0
_DAY = 24 * 60 * 60
#: Exit code of a server that did not wait for what ran: interrupted.
CUT_OFF = 130
#: Windows lacks the last.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

_log = logging.getLogger(__name__)


def serve(
    store: Store,
    listening: socket.socket,
    *,
    tls: Tls | None = None,
    verbose: bool = False,
    on_ready: Callable[[str], None],
) -> None:
    """Serve a store on a socket until SIGINT or SIGTERM; what runs then is finished.

    After `GRACE` seconds it is cut off. A second signal ends the whole process at once. `on_ready`
    is told the URL when requests are answered. Raises `UsageError` if certificate or key are
    unusable.
    """
    if tls is not None:
        _check(tls)
    dictConfig(configuration(verbose=verbose))
    url = url_of(listening, tls=tls is not None)
    make_server(store, tls=tls, on_ready=lambda: on_ready(url)).run([listening])


def make_server(
    store: Store, *, tls: Tls | None, on_ready: Callable[[], None], grace: float = GRACE
) -> Server:
    """Make a server that only has to be run."""
    app, descriptors = make_app(store), Descriptors()
    config = uvicorn.Config(
        app,
        http=protocol_of(descriptors, app.count_refusal),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE,
        ssl_certfile=None if tls is None else tls.cert,
        ssl_keyfile=None if tls is None else tls.key,
    )
    return Server(config, descriptors, on_ready, grace)


class Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and returns when it was told to end."""

    def __init__(
        self,
        config: uvicorn.Config,
        descriptors: Descriptors,
        on_ready: Callable[[], None],
        grace: float = GRACE,
    ) -> None:
        super().__init__(config)
        self._descriptors = descriptors
        self._on_ready = on_ready
        self._grace = grace
        file = config.ssl_certfile
        self._certificates = [] if file is None else read_certificates(os.fspath(file))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        self._descriptors.watch(asyncio.get_running_loop())
        await super().startup(sockets)
        self._watch_certificates()
        self._on_ready()

    def _watch_certificates(self) -> None:
        """Warn of certificates that clients refuse, or soon will: now, and once a day."""
        if not self._certificates:
            return
        now = utc_now()
        for certificate in self._certificates:
            if warning := certificate.warning(now):
                _log.warning("%s", warning)
        asyncio.get_running_loop().call_later(_DAY, self._watch_certificates)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what runs, for as long as there is time for it."""
        loop = asyncio.get_running_loop()
        ends = (
            loop.call_later(self._grace, self._cut),
            loop.call_later(self._grace + REST, self._give_up),
        )
        try:
            await super().shutdown(sockets)
        finally:
            for end in ends:
                end.cancel()

    def _cut(self) -> None:
        """Cut all connections: of those that are left, many wait for a client that does nothing.

        uvicorn's own limit would answer them with an error first, and wait for that.
        """
        connections = list(self.server_state.connections)
        _log.warning("connections cut off, for they came to no end: %d", len(connections))
        for connection in connections:
            connection.transport.abort()

    def _give_up(self) -> None:
        """End the process although something runs: it waits for the database, in a thread."""
        tasks = len(self.server_state.tasks)
        _log.warning("requests cut off, for they wait for the database: %d", tasks)
        end_at_once()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that ask for an end.

        uvicorn's own sends them to the process again at the end, which would then have failed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        earlier = {}
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            # What a parent process ignores (nohup) stays ignored.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                earlier[number] = signal.signal(number, self.handle_exit)
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Finish what runs; at the second signal, do not."""
        if self.should_exit:
            end_at_once()
        self.should_exit = True


def end_at_once() -> NoReturn:
    """End the process: its connections break, and the database undoes what was being written.

    Python itself would wait for threads that wait for the database. Every line of the log is
    written out by now.
    """
    os._exit(CUT_OFF)


def _check(tls: Tls) -> None:
    def no_password() -> str:
        raise UsageError(f"the key {quoted(tls.key)} is encrypted: give one that is not")

    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            tls.cert, tls.key, no_password
        )
    except OSError as error:  # also `ssl.SSLError`
        raise UsageError(
            f"{quoted(tls.cert)} and {quoted(tls.key)} can't be used as certificate and key "
            f"({error.strerror or type(error).__name__}): both must be PEM files that belong "
            "together"
        ) from None
