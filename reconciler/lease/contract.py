"""One apply at a time: who holds a platform, and the protocol of whatever keeps the lease."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from reconciler.environment.timestamps import whole_seconds
from reconciler.masking import masked
from reconciler.printable import quoted, shown

#: How long a lease runs, and how often its holder renews it, in seconds.
SECONDS = 60.0
RENEW_EVERY = 15.0


class Holder(Struct, frozen=True, omit_defaults=True):
    """Who wants to write, in words for whoever finds the platform locked. No secret in it."""

    owner: str
    host: str = ""
    job_url: str = ""
    reason: str = ""


class Lease(Struct, frozen=True):
    """The right to write to a platform, until `expires_at`."""

    #: Fencing token: larger than that of every earlier lease. Kept by its holder.
    fence: int
    holder: Holder
    #: RFC 3339, UTC, by the clock of whatever keeps the lease.
    acquired_at: str
    expires_at: str


#: What the refusal begins with that names the holder of a lease.
LOCKED_BY = "the platform is locked by "


def locked_by(lease: Lease) -> str:
    """Return by whom a platform is locked, and what to do: the text of `PlatformBusyError`."""
    return f"{LOCKED_BY}{holder_of(lease)}; wait, or see `reconciler lock show`"


def holder_of(lease: Lease) -> str:
    """Name the holder of a lease, fit to be printed: who, where, since and until when, why."""
    holder = lease.holder
    parts = [quoted(holder.owner)]
    if holder.host:
        parts[0] += f" on {quoted(holder.host)}"
    parts[0] += f" since {shown(whole_seconds(lease.acquired_at))}"
    parts.append(f"until {shown(whole_seconds(lease.expires_at))} unless it is renewed")
    if holder.reason:
        parts.append(f"reason {quoted(holder.reason)}")
    if holder.job_url:
        parts.append(f"job {shown(masked(holder.job_url))}")
    return ", ".join(parts)


class Lock(Protocol):
    """Keeps the lease of one platform. Every method raises `PlatformError` if it can't tell."""

    def acquire(self, holder: Holder, seconds: float) -> Lease:
        """Take the lease once, without waiting.

        Raises `PlatformBusyError`, which names the holder, while another has it.
        """

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """Make a lease run `seconds` from now; `LeaseLostError` if it is ours no longer."""

    def release(self, lease: Lease) -> None:
        """Give the lease up; nothing happens if it is ours no longer."""

    def current(self) -> Lease | None:
        """Return who holds the lease; None if nobody does, or if it has run out."""

    def break_lease(self, lease: Lease) -> bool:
        """Take the lease away from the holder that `current` named.

        Gives False, and does nothing, if somebody else holds it by now. Late writes of the one
        who held it are refused.
        """

    def close(self) -> None:
        """Let go of connections. A lease that is held goes on until it runs out."""
