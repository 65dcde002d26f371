"""Whose turn it is: no account, and no client that is slow, keeps the others from theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, Protocol

import anyio


class Line(Protocol):
    """The connection of a client."""

    #: How far the client lags behind what is sent to it, in seconds; 0 if it keeps up.
    lag: float

    def cut(self) -> None:
        """Break the connection."""


class _Download(NamedTuple):
    account: str
    line: Line


class Crowd:
    """Answers of any length that are being sent.

    Each that a slow client leaves behind takes room on the disk. If there are too many, the
    account that has most loses the one whose client lags most; who keeps up loses nothing.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: list[_Download] = []

    @contextmanager
    def joined(self, account: str, line: Line) -> Iterator[None]:
        """Be one of them while entered."""
        if len(self._inside) >= self._most:
            self._make_room()
        download = _Download(account, line)
        self._inside.append(download)
        try:
            yield
        finally:
            self._inside.remove(download)

    def _make_room(self) -> None:
        ((account, _),) = Counter(each.account for each in self._inside).most_common(1)
        theirs = (each.line for each in self._inside if each.account == account)
        slowest = max(theirs, key=lambda line: line.lag)
        if slowest.lag > 0:
            slowest.cut()


class Turns:
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
