"""A lock, opened by its address. Nothing is looked up or created when it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from reconciler.lease.address import understand
from reconciler.lease.contract import Lock
from reconciler.lease.folder import FileRegister
from reconciler.lease.register import RegisterLock


def open_lock(address: str, *, clock: Callable[[], float] = time.time) -> Lock:
    """Understand the address of a lock; nothing is read yet.

    `clock` gives seconds since 1970 and decides whether a lease has run out. Raises
    `AddressError` if this is no address of a lock.
    """
    where = understand(address)
    if isinstance(where, Path):
        return RegisterLock(FileRegister(where), clock)
    from reconciler.lease.bucket import BucketRegister  # TLS is dear, and most locks are none

    return RegisterLock(BucketRegister(*where), clock)
