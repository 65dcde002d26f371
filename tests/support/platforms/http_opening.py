"""Open readers, writers and locks on a scripted server, with a token and little patience."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.environment.secret_values import Secret
from reconciler.lease.contract import Lease
from reconciler.platforms.http.address import parse_address
from reconciler.platforms.http.connection import Connection, Timeouts
from reconciler.platforms.http.lock import HttpLock
from reconciler.platforms.http.reader import HttpReader
from reconciler.platforms.http.writer import HttpWriter

TOKEN = "rct_ci_hunter2hunter2"
#: Enough for a loopback; tests for a timeout have less.
USUAL = Timeouts(10, 10, 10, 10, 10)


def connect(url: str, timeouts: Timeouts = USUAL, **more: int) -> Connection:
    return Connection(parse_address(url), Secret(TOKEN), timeouts, **more)


@contextmanager
def reading(url: str, timeouts: Timeouts = USUAL) -> Iterator[HttpReader]:
    reader = HttpReader(connect(url, timeouts))
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def writing(
    url: str,
    timeouts: Timeouts = USUAL,
    *,
    lease: Lease | None = None,
    origin: dict[str, str] | None = None,
) -> Iterator[HttpWriter]:
    writer = HttpWriter(connect(url, timeouts), lease, origin)
    try:
        yield writer
    finally:
        writer.close()


@contextmanager
def locking(url: str) -> Iterator[HttpLock]:
    lock = HttpLock(connect(url))
    try:
        yield lock
    finally:
        lock.close()
