"""A server of a watch that is none: it tells what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.environment.secret_values import Secret
from reconciler.report.watching.numbers import numbers
from reconciler.server.watching.admission import Admission
from reconciler.server.watching.app import Sources
from reconciler.server.watching.run import served
from reconciler.server.wire.listen import open_socket, read_address
from reconciler.watching.status import Status


class Served:
    """A server of a watch that is not one."""

    def __init__(self, port: int, status: Status) -> None:
        """Tell this status, until another is set."""
        self.port, self.status = port, status
        self.url = f"http://127.0.0.1:{port}/"
        self.pokes = 0

    def poke(self) -> None:
        """Count it."""
        self.pokes += 1


@contextmanager
def serving(status: Status, token: str | None = None) -> Iterator[Served]:
    """Serve a status on a free port of this machine."""
    with open_socket(read_address("127.0.0.1:0")) as listening:
        asked = Served(listening.getsockname()[1], status)
        sources = Sources(lambda: asked.status, lambda: numbers(asked.status), asked.poke)
        admission = Admission(None if token is None else Secret(token))
        with served(sources, admission, listening, verbose=False):
            yield asked
