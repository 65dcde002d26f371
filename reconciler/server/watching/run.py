"""Serve a watch from a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import dictConfig

import uvicorn

from reconciler.server.run import Server
from reconciler.server.watching.admission import Admission
from reconciler.server.watching.app import Sources, Uncounted, make_app
from reconciler.server.wire.descriptors import Descriptors
from reconciler.server.wire.logs import configuration
from reconciler.server.wire.protocol import protocol_of

#: Seconds that an idle connection is kept; and that those who ask have at the end.
_IDLE, _GRACE = 75, 2.0


@contextmanager
def served(
    sources: Sources, admission: Admission, listening: socket.socket, *, verbose: bool
) -> Iterator[None]:
    """Answer on a socket while entered; a thread that hangs keeps nobody from ending."""
    dictConfig(configuration(verbose=verbose))
    descriptors, ready = Descriptors(), threading.Event()
    config = uvicorn.Config(
        make_app(sources, admission),
        http=protocol_of(descriptors, Uncounted().count_refusal),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE,
    )
    server = Server(config, descriptors, ready.set, _GRACE)
    thread = threading.Thread(target=server.run, args=([listening],), name="listen", daemon=True)
    thread.start()
    ready.wait(_IDLE)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_GRACE + 1)
