"""Keeps a lease alive while its holder writes, and says when it is lost."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from reconciler.errors import LeaseLostError, PlatformBusyError, PlatformError, UnknownOutcomeError
from reconciler.lease.contract import (
    LOCKED_BY,
    RENEW_EVERY,
    SECONDS,
    Holder,
    Lease,
    Lock,
    holder_of,
)

#: Seconds before a lease runs out at which its holder stops: a write that is under way, and
#: clocks that run a little apart, need some of them.
MARGIN = 5.0
#: By how many seconds the clock on the wall, by which locks are judged, may part from the one
#: that only ever runs on, while a lease is waited for and held; less than `MARGIN`.
PARTED = 3.0
#: Seconds between two attempts to renew, once one has failed.
RETRY_EVERY = 2.0
#: Seconds between two attempts to get a lease that somebody else holds: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
#: Seconds that giving the lease up may take at the end; it runs out by itself. And those between
#: two attempts, where another may help.
RELEASE_WITHIN, RELEASE_EVERY = 3.0, 0.2
#: `monotonic` stands still while the machine is asleep, this one does not.
_BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", None)


class Clock:
    """Time as the keeper sees it; tests have one of their own."""

    def now(self) -> float:
        """Return the seconds since some moment, counting those in which the machine was asleep."""
        if sys.platform == "win32" or _BOOT_TIME is None:
            return time.monotonic()
        return time.clock_gettime(_BOOT_TIME)

    def wall(self) -> float:
        """Return what the clock on the wall shows, in seconds since 1970."""
        return time.time()

    def apart(self) -> float:
        """Return how far the two are apart, which changes only when somebody sets a clock."""
        return self.wall() - self.now()

    def sleep(self, seconds: float) -> None:
        """Wait; a signal's handler may raise out of it."""
        time.sleep(seconds)


class Wait(Struct, frozen=True):
    """How long a lease is waited for, and who may end that, or is told of it."""

    seconds: float
    #: The option that says how long.
    limit: str = "--lock-timeout"
    #: Asked again and again for a reason to give up.
    stop: Callable[[], str | None] = lambda: None
    #: Gets a line for people once there is something to wait for.
    told: Callable[[str], None] = lambda _: None


def acquire(lock: Lock, holder: Holder, wait: Wait, *, clock: Clock | None = None) -> Keeper:
    """Get the lease, waiting for whoever holds it, and keep it alive from now on.

    `holder` is like no other: after a lost answer, a lease that names it counts as ours. Raises
    `KeyboardInterrupt` if `wait.stop` says so, `PlatformBusyError` when the time is over, or
    whatever else keeps the lock from telling.
    """
    return _Contender(lock, holder, wait, clock or Clock()).acquire()


class _Contender:
    """One who wants the lease, and what was learned of it so far."""

    def __init__(self, lock: Lock, holder: Holder, wait: Wait, clock: Clock) -> None:
        self._lock = lock
        self._holder = holder
        self._wait = wait
        self._clock = clock
        self._apart = clock.apart()
        self._deadline = clock.now() + wait.seconds
        self._pause = _FIRST_PAUSE
        self._told = False
        #: Whether a request that got no answer may have taken the lease.
        self._in_doubt = False

    def acquire(self) -> Keeper:
        while not self._wait.stop():
            asked_at = self._clock.now()
            try:
                lease = self._lock.acquire(self._holder, SECONDS)
            except PlatformError as error:
                if keeper := self._refused(error):
                    return keeper
                self._sleep(error)
            else:
                return Keeper(self._lock, lease, asked_at, self._clock, self._apart)
        raise KeyboardInterrupt

    def _refused(self, error: PlatformError) -> Keeper | None:
        """Raise what will not pass; return the keeper if the lease is ours after all."""
        if not _may_pass(error):
            raise error
        self._in_doubt = self._in_doubt or isinstance(error, UnknownOutcomeError)
        if self._in_doubt and (keeper := self._ours_after_all()):
            return keeper
        if isinstance(error, UnknownOutcomeError) and error.lasting:
            raise error
        return None

    def _ours_after_all(self) -> Keeper | None:
        """Look whether the lease was taken all the same; else nobody could use it."""
        asked_at = self._clock.now()
        with suppress(PlatformError):
            lease = self._lock.current()
            if lease is not None and lease.holder == self._holder:
                renewed = self._lock.renew(lease, SECONDS)
                return Keeper(self._lock, renewed, asked_at, self._clock, self._apart)
        return None

    def _sleep(self, error: PlatformError) -> None:
        left = self._deadline - self._clock.now()
        if left <= 0:
            raise _too_late(error, self._wait) from None
        if not self._told:
            self._wait.told(f"Waiting up to {round(self._wait.seconds, 1):g} s: {error}")
        self._told = True
        # Jitter, so that several who wait do not always ask at the same moment.
        self._clock.sleep(min(left, self._pause * random.uniform(0.5, 1.0)))  # noqa: S311
        self._pause = min(_LONGEST_PAUSE, self._pause * 2)


def _may_pass(error: PlatformError) -> bool:
    return error.transient or isinstance(error, UnknownOutcomeError)


def _too_late(error: PlatformError, wait: Wait) -> PlatformError:
    if not isinstance(error, PlatformBusyError):
        return error
    told = f"{error}. Waited {round(wait.seconds, 1):g} s, as long as {wait.limit} allows"
    # Else somebody writes to the platform who has no lease, and need not even be a run of ours.
    if str(error).startswith(LOCKED_BY):
        told += (
            f". If that run still goes on, wait for it, or longer with {wait.limit}; if it was "
            "killed, its lease runs out by itself"
        )
    return PlatformBusyError(told)


class Keeper:
    """Holds a lease from its making until it is closed.

    A thread renews it. What counts as lost is worked out by our own clock, so that it does not
    matter how long the thread itself hangs.
    """

    def __init__(
        self, lock: Lock, lease: Lease, asked_at: float, clock: Clock, apart: float
    ) -> None:
        self.lease = lease
        self._lock = lock
        self._clock = clock
        #: Until when the lease is ours whatever happens: counted from before it was asked for.
        self._sure_until = asked_at + SECONDS - MARGIN
        #: How far apart the clocks were when the lease was first asked for.
        self._apart = apart
        self._gone = ""
        self._problem = ""
        self._end = threading.Event()
        # Now, not later: one that was set while the lock looked at it may be put right any moment.
        self._compare_clocks()
        # A daemon: a renewal that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def lost(self) -> str | None:
        """Return why nothing more may be written; None while the lease is surely ours."""
        self._compare_clocks()
        if self._gone:
            return f"the lease was lost: {self._gone}"
        if self._clock.now() >= self._sure_until:
            why = f": {self._problem}" if self._problem else ""
            return f"the lease ran out, as it could not be renewed in time{why}"
        return None

    def renew(self) -> float | None:
        """Renew the lease once; return the seconds until the next time, None if it is lost."""
        self._compare_clocks()
        if self._gone:
            return None  # a clock that was set forward would keep others out for as long
        asked_at = self._clock.now()
        try:
            renewed = self._lock.renew(self.lease, SECONDS)
        except LeaseLostError as error:
            self._gone = str(error)
            return None
        except Exception as error:
            # Also after a bug, here or in a platform, the lease is ours until it runs out.
            known = isinstance(error, PlatformError)
            self._problem = str(error) if known else f"unexpected {type(error).__name__}"
            return RETRY_EVERY if self.lost() is None else None
        if (renewed.fence, renewed.holder) != (self.lease.fence, self.lease.holder):
            # A platform that went back in time may give a number out again.
            self._gone = f"it is now that of {holder_of(renewed)}"
            return None
        self._compare_clocks()
        if self._gone:
            return None
        self._sure_until = asked_at + SECONDS - MARGIN
        self._problem = ""
        return RENEW_EVERY

    def _compare_clocks(self) -> None:
        """Take the lease for lost once a clock was set: when it runs out for others is unknown."""
        parted = self._clock.apart() - self._apart
        if not -PARTED <= parted <= PARTED and not self._gone:
            self._gone = (
                f"the clock of this machine was set {'forward' if parted > 0 else 'back'} by "
                f"{abs(parted):.0f} s, so that others may take the lease to have run out"
            )

    def close(self) -> None:
        """Give the lease up, within `RELEASE_WITHIN` seconds; otherwise it runs out by itself."""
        self._end.set()
        self._thread.join(RELEASE_WITHIN)

    def _keep(self) -> None:
        pause: float | None = RENEW_EVERY
        while pause is not None and not self._end.wait(pause):
            pause = self.renew()
        self._end.wait()
        self._give_up()
        self._lock.close()

    def _give_up(self) -> None:
        """Give the lease up; the next one who wants it waits until it runs out otherwise."""
        until = self._clock.now() + RELEASE_WITHIN
        while True:
            try:
                return self._lock.release(self.lease)
            except PlatformError as error:
                if not _may_pass(error) or self._clock.now() >= until:
                    return None
            self._clock.sleep(RELEASE_EVERY)
