"""The lease of a platform, kept in any place where a value can be compared and swapped."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from reconciler.errors import (
    LeaseLostError,
    LockDamagedError,
    PlatformBusyError,
    PlatformError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import Holder, Lease, holder_of, locked_by
from reconciler.lease.record import FORMAT_VERSION, NOBODY, NewerError, Record, decode, encode
from reconciler.printable import shown

#: How often a change is tried against others who change the same record.
_ATTEMPTS = 5
#: No holder renews a lease to more than a minute from now; clocks may be wrong by some more.
_LONG = 600.0
#: As much of what a library says of a record is told.
_LONGEST_WHY = 200


class Seen(Struct, frozen=True):
    """A value, and the version by which its place knows it."""

    data: bytes
    version: str
    #: Where exactly it lies, fit to be printed.
    where: str = ""
    #: Why it can't be a record, where that shows without reading it.
    problem: str = ""


class Register(Protocol):
    """One value that many processes share. Every method raises `PlatformError` if it can't tell."""

    @property
    def address(self) -> str:
        """Where it lies, fit to be printed."""

    def read(self) -> Seen | None:
        """Read the value; None if there never was one."""

    def swap(self, seen: Seen | None, data: bytes) -> bool:
        """Write `data` if the value is still the one that was seen; False if it is not.

        False, and `UnknownOutcomeError`, leave open whether this very call has written: an answer
        may have been lost, and the call made again further down.
        """

    def set_aside(self, seen: Seen, instead: bytes) -> str:
        """Return what was seen another name, and say which; then an earlier value counts again.

        Where earlier ones are not kept, `instead` does.
        """

    def close(self) -> None:
        """Let go of connections."""


class RegisterLock:
    """A `Lock` on a register. One object is one contender: it may take what it has already.

    Whether a lease has run out is told by the wall clock of whoever asks, against the time that
    the holder's clock wrote. A holder that can't renew its lease stops some seconds before that
    time (`keeper.MARGIN`): by so much the clocks of those who share a lock may differ.
    """

    def __init__(self, register: Register, clock: Callable[[], float]) -> None:
        self._register = register
        self._clock = clock
        self._token = os.urandom(16).hex()

    def acquire(self, holder: Holder, seconds: float) -> Lease:
        for _ in range(_ATTEMPTS):
            seen, record = self._read()
            now = self._clock()
            lease = record.running(now)
            if lease is None:
                record = record.taken(self._token, holder, now, seconds)
            elif record.token == self._token:
                # Ours: we were not told that an earlier attempt had succeeded. Whoever asks counts
                # from now on, so the lease has to run from now, not from then.
                record = record.renewed(now, seconds)
            else:
                raise PlatformBusyError(locked_by(lease) + self._too_long(seen, record, now))
            lease = record.lease() if self._swap(seen, record) else None
            if lease is not None:
                return lease
        raise self._contended()

    def renew(self, lease: Lease, seconds: float) -> Lease:
        for _ in range(_ATTEMPTS):
            seen, record = self._read()
            if not self._ours(record, lease):
                raise LeaseLostError(self._lost(record))
            record = record.renewed(self._clock(), seconds)
            if self._swap(seen, record):
                return record.lease() or lease
        raise self._contended()

    def release(self, lease: Lease) -> None:
        self._free(lambda record: self._ours(record, lease))

    def current(self) -> Lease | None:
        _, record = self._read()
        return record.running(self._clock())

    def break_lease(self, lease: Lease) -> bool:
        return self._free(lambda record: record.is_of(lease))

    def damage(self) -> LockDamagedError | None:
        """Return what lies there instead of a record; None if a lock can be told."""
        try:
            self._read()
        except LockDamagedError as error:
            return error
        return None

    def set_aside(self) -> str:
        """Set aside what is no record, and say where it is now."""
        seen = self._register.read()
        if seen is None or self.damage() is None:
            raise UnavailableError(f"the lock {self._register.address} has changed; look again")
        free = Record(FORMAT_VERSION, math.floor(self._clock()))  # more than any count of leases
        return self._register.set_aside(seen, encode(free))

    def close(self) -> None:
        self._register.close()

    def _free(self, meant: Callable[[Record], bool]) -> bool:
        for _ in range(_ATTEMPTS):
            seen, record = self._read()
            if not meant(record):
                return False
            if self._swap(seen, record.freed()):
                return True
        raise self._contended()

    def _ours(self, record: Record, lease: Lease) -> bool:
        return record.token == self._token and record.is_of(lease)

    def _read(self) -> tuple[Seen | None, Record]:
        seen = self._register.read()
        if seen is None:
            return None, NOBODY
        where = seen.where or self._register.address
        try:
            return seen, _record(seen)
        except NewerError as error:
            raise PlatformError(
                f"{where} was written by a later version of reconciler (format {error}): upgrade "
                "this one; nothing was changed"
            ) from None
        except ValueError as error:
            why = shown(str(error)[:_LONGEST_WHY])
            raise LockDamagedError(
                f"{where} holds something that reconciler did not write as a lock ({why}). It may "
                "hide somebody who holds the lock, so nobody gets it: if it is something else's, "
                "keep the lock elsewhere; if it is damaged, see that no apply is running, then let "
                "`reconciler lock release` set it aside"
            ) from None

    def _swap(self, seen: Seen | None, record: Record) -> bool:
        """Write a record over the one that was seen; False if another was quicker."""
        data = encode(record)
        try:
            if self._register.swap(seen, data):
                return True
        except UnknownOutcomeError:
            pass
        # An answer that was lost looks like somebody else's success: only what is there tells.
        there = self._register.read()
        return there is not None and there.data == data

    def _too_long(self, seen: Seen | None, record: Record, now: float) -> str:
        """Warn of a lease that won't run out by itself soon."""
        if record.expires - now <= _LONG:
            return ""
        where = (seen and seen.where) or self._register.address
        return (
            f". No lease runs that long: a clock was wrong, or {where} was forged; if no apply is "
            "running, take it away with `reconciler lock release`"
        )

    def _lost(self, record: Record) -> str:
        lease = record.running(self._clock())
        now = f"now it is that of {holder_of(lease)}" if lease else "it was taken away"
        return f"our lease of the platform is lost ({now}): nothing more is written"

    def _contended(self) -> UnavailableError:
        return UnavailableError(
            f"the lock {self._register.address} could not be changed: others changed it at the "
            "same time, or the answers were lost; try again"
        )


def _record(seen: Seen) -> Record:
    if seen.problem:
        raise ValueError(seen.problem)
    return decode(seen.data)
