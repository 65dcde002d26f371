"""The lease of a state server, at `/v1/lock`. The server's clock decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from reconciler.errors import LeaseLostError, UnknownOutcomeError
from reconciler.lease.contract import Holder, Lease
from reconciler.platforms.http.answers import JSON, LeaseAnswer, encode
from reconciler.platforms.http.call import Call

if TYPE_CHECKING:
    from reconciler.platforms.http.connection import Answer, Connection

_PATH = "/v1/lock"


class HttpLock:
    """Keeps the lease of one server; from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self, holder: Holder, seconds: float) -> Lease:
        """Take the lease once; `PlatformBusyError` names whoever holds it.

        After a lost answer (`UnknownOutcomeError`) the lease may be ours: `current` tells.
        """
        wanted = {**asdict(holder), "seconds": seconds}
        return self._send("POST", wanted, writes=True).read(LeaseAnswer).lease()

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """Make a lease run on. A lost answer does no harm: doing it again has the same effect."""
        wanted = {"fence": lease.fence, "seconds": seconds}
        try:
            answer = self._send("PUT", wanted, writes=False)
        except LeaseLostError:
            raise self._connection.words.lease_lost(self.current()) from None
        return answer.read(LeaseAnswer).lease()

    def release(self, lease: Lease) -> None:
        self._delete(f"fence={lease.fence}", writes=False)  # to do it again does no harm

    def current(self) -> Lease | None:
        answer = self._connection.ask(Call("GET", _PATH))
        return answer.read(LeaseAnswer).lease() if answer.body else None

    def break_lease(self, lease: Lease) -> bool:
        try:
            return self._delete(f"fence={lease.fence}&break=true", writes=True)
        except UnknownOutcomeError:
            now = self.current()
            if now is not None and now.fence == lease.fence:
                raise
            return now is None

    def close(self) -> None:
        self._connection.close()

    def _send(self, method: str, body: Mapping[str, object], *, writes: bool) -> Answer:
        headers = (("Content-Type", JSON),)
        return self._connection.ask(Call(method, _PATH, writes, headers, encode(body)))

    def _delete(self, query: str, *, writes: bool) -> bool:
        try:
            self._connection.ask(Call("DELETE", f"{_PATH}?{query}", writes=writes))
        except LeaseLostError:
            return False
        return True
