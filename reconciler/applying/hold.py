"""What keeps a second apply away: the platform itself, or the `lock:` of the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from reconciler.environment.origin import Origin
from reconciler.lease.contract import Holder, Lease, Lock
from reconciler.lease.keeper import Keeper, Wait, acquire
from reconciler.lease.opening import open_lock
from reconciler.platform import Platform

_NONE = (
    "Warning: nothing keeps a second apply from writing to this platform at the same time: write "
    "`lock: s3://BUCKET/KEY` or `lock: file:///PATH` into the manifest"
)


class Locking(NamedTuple):
    """A lock, and whether the platform itself keeps it and so refuses late writes."""

    lock: Lock
    is_platforms: bool


class Hold(NamedTuple):
    """What an apply holds while it writes; without a lock, nothing."""

    keeper: Keeper | None = None
    is_platforms: bool = False

    def lost(self) -> str | None:
        """Return why nothing more may be written; None while it may."""
        return self.keeper.lost() if self.keeper else None

    @property
    def lease(self) -> Lease | None:
        """The platform's own lease, for it to check each write by."""
        return self.keeper.lease if self.keeper and self.is_platforms else None

    @property
    def fence(self) -> int | None:
        """The fencing token, for the journal."""
        return self.keeper.lease.fence if self.keeper else None


def locking_of(platform: Platform, address: str | None) -> Locking | None:
    """Open what keeps a platform's lease: its own lock, else the one at `address`, if any."""
    own = platform.lock()
    if own is not None:
        return Locking(own, True)
    if address is None:
        return None
    return Locking(open_lock(address), False)


class Waiting(Protocol):
    """What may end the wait for a lease: a signal, or the end of the time for the whole command."""

    def asked(self) -> str | None:
        """Return why somebody asked for an end; None if nobody did."""

    def left(self) -> float | None:
        """Return the seconds that are left; None without a limit."""


@contextmanager
def held(
    platform: Platform,
    address: str | None,
    origin: Origin,
    *,
    wait: float,
    ending: Waiting,
    note: Callable[[str], None],
    what: str = "apply",
) -> Iterator[Hold]:
    """Hold the lease while entered; notes it where there is nothing to hold.

    `what` is what others are told that it is held for.

    Raises `PlatformBusyError` if somebody else has it for longer than `wait` seconds, or than
    `--timeout` allows.
    """
    locking = locking_of(platform, address)
    if locking is None:
        note(_NONE)
        yield Hold()
        return
    reason = f"{what}, run {origin.run}"
    holder = Holder(origin.actor, origin.host, origin.job_url, reason)
    limit, left = "--lock-timeout", ending.left()
    if left is not None and left < wait:
        limit, wait = "--timeout", left
    try:
        keeper = acquire(locking.lock, holder, Wait(wait, limit, ending.asked, note))
    except BaseException:
        locking.lock.close()
        raise
    try:
        yield Hold(keeper, locking.is_platforms)
    finally:
        keeper.close()
