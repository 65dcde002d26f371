"""Whose turn it is: no account, and no client that is slow, keeps the others from theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, Protocol

import anyio

from reconciler.server.calls.request import Kind

#: How many of each kind may run at once. The store has connections for these uploads and downloads.
READS, WRITES, LEASES, WATCHES = 16, 16, 4, 4
UPLOADS, DOWNLOADS = 5, 3
#: How many uploads and downloads of one account may run; and how many downloads in all may be on
#: their way to clients that lag behind.
OF_ONE, ON_THE_WAY = 2, 64


class Connection(Protocol):
    """The connection of a client."""

    #: How far the client lags behind what is sent to it, in seconds; 0 if it keeps up.
    lag: float

    def cut(self) -> None:
        """Break the connection."""


class _Download(NamedTuple):
    account: str
    connection: Connection


class Downloads:
    """Answers of any length that are being sent.

    Each that a slow client leaves behind takes room on the disk. If there are too many, the
    account that has most loses the one whose client lags most; who keeps up loses nothing.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: list[_Download] = []

    @contextmanager
    def joined(self, account: str, connection: Connection) -> Iterator[None]:
        """Be one of them while entered."""
        if len(self._inside) >= self._most:
            self._make_room()
        download = _Download(account, connection)
        self._inside.append(download)
        try:
            yield
        finally:
            self._inside.remove(download)

    def _make_room(self) -> None:
        ((account, _),) = Counter(each.account for each in self._inside).most_common(1)
        theirs = (each.connection for each in self._inside if each.account == account)
        slowest = max(theirs, key=lambda connection: connection.lag)
        if slowest.lag > 0:
            slowest.cut()


class AccountTurns:
    """Lets each account do so many things at a time; its others wait in a line of its own."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._accounts: dict[str, tuple[anyio.CapacityLimiter, int]] = {}

    @asynccontextmanager
    async def of(self, account: str) -> AsyncIterator[None]:
        """Wait for a turn of the account, and have it while entered."""
        limiter, users = self._accounts.get(account) or (anyio.CapacityLimiter(self._most), 0)
        self._accounts[account] = limiter, users + 1
        try:
            async with limiter:
                yield
        finally:
            limiter, users = self._accounts.pop(account)
            if users > 1:
                self._accounts[account] = limiter, users - 1


class ThreadLimits:
    """How many requests may be answered at once; the others wait for their turn.

    No kind keeps another one waiting: writes, which wait for each other, keep nobody from reading
    and from renewing a lease, and nothing keeps a load balancer from asking how we are.
    """

    def __init__(self) -> None:
        self._kinds = {
            "read": anyio.CapacityLimiter(READS),
            "write": anyio.CapacityLimiter(WRITES),
            "upload": anyio.CapacityLimiter(UPLOADS),
            "download": anyio.CapacityLimiter(DOWNLOADS),
            "lease": anyio.CapacityLimiter(LEASES),
            "watch": anyio.CapacityLimiter(WATCHES),
        }

        #: Of uploads and downloads, which take long.
        self.turns: Mapping[str, AccountTurns] = {
            "upload": AccountTurns(OF_ONE),
            "download": AccountTurns(OF_ONE),
        }
        self.on_the_way = Downloads(ON_THE_WAY)

    def of(self, kind: Kind) -> anyio.CapacityLimiter:
        """Return the limit that requests of a kind fall under."""
        return self._kinds[kind]
