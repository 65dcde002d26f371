"""A state server as a platform: what opens it for reading, for writing, and its lease."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

from reconciler.environment.secret_values import Secret
from reconciler.errors import UsageError
from reconciler.lease.contract import Lease
from reconciler.platform import Change, Left, Lost, forever
from reconciler.platforms.http.address import Address
from reconciler.platforms.http.answers import Introduction
from reconciler.platforms.http.audit import read_changes, recent
from reconciler.platforms.http.connection import Connection
from reconciler.platforms.http.lock import HttpLock
from reconciler.platforms.http.reader import HttpReader
from reconciler.platforms.http.writer import HttpWriter


class HttpPlatform:
    """A state server. Nothing is sent before something is asked."""

    def __init__(
        self,
        address: Address,
        token: Secret | None,
        origin: Mapping[str, str] | None = None,
        left: Left = forever,
    ) -> None:
        """Take a token, if the server needs one, and what a writer tells the server's audit.

        `left` bounds all calls together.

        Raises `UsageError` if the token would travel through a network in clear text, or if it
        can't stand in an HTTP header.
        """
        if token is not None:
            _check_token(token)
            if address.scheme == "http" and not address.is_loopback:
                raise UsageError(
                    f"the token would travel to {address.text} in clear text, where anybody on "
                    "the way can read it: use https://, or an SSH tunnel to a port of this machine"
                )
        self._address = address
        self._token = token
        self._origin = origin
        self._left = left
        self._read_by: Connection | None = None

    @property
    def address(self) -> str:
        """The address of the server, in the one way that it is written."""
        return self._address.text

    def reader(self) -> HttpReader:
        """Open for reading; nothing is sent yet."""
        self._read_by = self._connection()
        return HttpReader(self._read_by)

    def writer(
        self,
        *,
        wait: float,  # noqa: ARG002 - the server waits
        lease: Lease | None = None,
        lost: Lost = lambda: None,  # noqa: ARG002 - the server refuses late writes
    ) -> HttpWriter:
        """Open for writing; the server orders writes itself, so that there is nothing to wait for.

        With a lease, each write carries its fencing token.
        """
        return HttpWriter(self._connection(), lease, self._origin)

    def lock(self) -> HttpLock:
        return HttpLock(self._connection())

    def changes(self, *, name: str | None, after: int = 0) -> Iterator[Change]:
        """Yield writes; a server that a reader of this platform has met is not asked who it is."""
        with closing(self._connection(self._met())) as connection:
            yield from read_changes(connection, name, after)

    def recent(self, writes: int) -> int:
        """Reckon from the revision at which a reader of this platform has met the server."""
        if (met := self._met()) is None:
            with closing(self.reader()) as reader:
                reader.identity()
        met = met or self._met()
        return recent(met.revision if met else 0, writes)

    def _met(self) -> Introduction | None:
        return self._read_by.met if self._read_by else None

    def _connection(self, met: Introduction | None = None) -> Connection:
        return Connection(self._address, self._token, left=self._left, met=met)


def _check_token(token: Secret) -> None:
    text = token.reveal()
    if not (text and text.isascii() and text.isprintable() and " " not in text):
        raise UsageError("the token holds characters that no token has: copy it again")
