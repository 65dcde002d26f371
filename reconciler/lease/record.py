"""What a lock keeps, as JSON: the latest lease, or the fence of the latest one if nobody has it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.lease.contract import Holder, Lease

FORMAT_VERSION = 1
#: A record is small; anything longer is something else.
LONGEST = 64 * 1024
#: The end of the year 9999, and more leases than anybody can take.
_LATEST, _LAST_FENCE = 253_402_300_799, 2**53


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """The latest lease of a platform. It outlives the lease, so that fences only ever grow."""

    format_version: int
    fence: int
    #: Random; known to the holder alone until it writes. Tells one's own lease from another's.
    token: str = ""
    #: None once the lease was given up or taken away.
    holder: Holder | None = None
    #: Seconds since 1970, by the holder's clock.
    acquired: int = 0
    expires: int = 0

    def lease(self) -> Lease | None:
        """Return the lease, whether or not it has run out; None if it was given up."""
        if self.holder is None:
            return None
        return Lease(self.fence, self.holder, _text(self.acquired), _text(self.expires))

    def running(self, now: float) -> Lease | None:
        """Return the lease if somebody holds it at `now`, in seconds since 1970."""
        return self.lease() if now < self.expires else None

    def is_of(self, lease: Lease) -> bool:
        """Return whether this is the lease that somebody was told of, renewed or not."""
        mine = self.lease()
        return mine is not None and replace(mine, expires_at=lease.expires_at) == lease

    def taken(self, token: str, holder: Holder, now: float, seconds: float) -> Record:
        """Return what is kept while the next holder has the lease."""
        record = Record(FORMAT_VERSION, self.fence + 1, token, holder, math.floor(now))
        return record.renewed(now, seconds)

    def renewed(self, now: float, seconds: float) -> Record:
        """Make the lease run until `seconds` from now; never shorter, if a clock was set back."""
        until = max(self.expires, math.ceil(now + seconds))
        return replace(self, expires=until)

    def freed(self) -> Record:
        """Return what is kept when nobody has the lease: its fence."""
        return Record(FORMAT_VERSION, self.fence)


#: What is kept where nobody ever had the lease.
NOBODY = Record(FORMAT_VERSION, 0)


def encode(record: Record) -> bytes:
    """Write a record, always in the same way."""
    return msgspec.json.encode(record)


class NewerError(Exception):
    """A later version of the program has written the record, in the format that this one names."""


class _Format(Struct, frozen=True):
    format_version: int


def decode(data: bytes) -> Record:
    """Read a record; `ValueError` says why it is none, `NewerError` that a later version wrote it.

    What could not come of a lock is none: taken for one, it could hide who holds the lock.
    """
    found = msgspec.json.decode(data, type=_Format).format_version
    if found > FORMAT_VERSION:
        raise NewerError(str(found))
    record = msgspec.json.decode(data, type=Record)
    if found < FORMAT_VERSION or not 0 <= record.fence <= _LAST_FENCE:
        raise ValueError("its numbers are not those of a lock")
    if not 0 <= record.acquired <= record.expires <= _LATEST:
        raise ValueError("its times are not those of a lease")
    if (record.holder is None) != (not record.token) or (not record.token and record.expires):
        raise ValueError("it has half a holder")
    return record


def _text(seconds: int) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC), "seconds")
