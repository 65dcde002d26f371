"""What a store refuses, and why: nothing was written, unless the error says otherwise."""

from __future__ import annotations

from reconciler.lease.contract import Lease


class StoreError(Exception):
    """Root of what a store refuses. The text is meant for the client: no secret, no path.

    Nothing was written, `OutcomeUnknownError` apart. What lies behind it is its `__cause__`.
    """


class NotFoundError(StoreError):
    """There is no storage (token) with this id."""


class NameTakenError(StoreError):
    """Another storage has this name, or another token that works."""


class ChangedError(StoreError):
    """The storage's revision is not the one that the write relies on."""


class HoldsFilesError(StoreError):
    """A storage that holds files is to be removed without consent."""


class RefusedValueError(StoreError):
    """The database can't hold this value."""


class KeyReusedError(StoreError):
    """The idempotency key belongs to a create with other values."""


class SupersededError(StoreError):
    """The fencing token is not that of the current lease."""


class LeasedError(StoreError):
    """Somebody else holds the lease."""

    def __init__(self, message: str, lease: Lease) -> None:
        super().__init__(message)
        self.lease = lease


class StoreUnavailableError(StoreError):
    """The database does not answer, or is too busy; the same call may succeed later."""


class OutcomeUnknownError(StoreError):
    """The database was lost while a write was being made final: it may be there, or not."""
