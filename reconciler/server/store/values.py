"""What goes into a store and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from reconciler.model import Storage
from reconciler.platform import Change, InventoryRow

READER, OPERATOR, ADMIN = "reader", "operator", "admin"
ROLES = (READER, OPERATOR, ADMIN)
#: How long the answer to a create is kept for its idempotency key, in seconds.
KEY_LIFE = 24 * 3600


class Author(Struct, frozen=True, omit_defaults=True):
    """Who writes: the token's name is proved, the rest is what the client says of itself."""

    #: Name of the token; `anonymous` on a server without tokens.
    account: str
    run: str = ""
    actor: str = ""
    commit: str = ""
    job_url: str = ""
    #: Id of the token, which tells two of one name apart; the audit has none.
    token: str = ""


class Terms(Struct, frozen=True):
    """Who writes, and what the write relies on."""

    author: Author
    #: That of the latest lease, which must not have been released or broken (it may have run out);
    #: else `SupersededError`. None: no lease is relied on.
    fence: int | None = None
    #: The one that the storage must be at; else `ChangedError`. None: any.
    revision: int | None = None


class StoredStorage(Struct, frozen=True):
    """A storage as it is kept."""

    storage: Storage
    #: The platform's revision at the last change of the storage or of its inventory.
    revision: int
    #: How many files its inventory has.
    files: int


class Listed(Struct, frozen=True, gc=False):
    """A storage as the HTTP API lists it: these fields, in this order, are its JSON."""

    id: str
    name: str
    label: str
    type: str
    default_url: str
    created_at: str
    files: int


class Listing(Struct, frozen=True):
    """A part of the list, by id, in the form that is quickest to make and to encode."""

    storages: list[Listed]
    #: Whether there are more after the last one.
    more: bool
    #: The platform's revision at the moment of reading; storages and it are of one snapshot.
    revision: int


class Created(Struct, frozen=True):
    """The outcome of a create."""

    #: As it was right after the create, also when it is told again.
    row: StoredStorage
    #: Whether this is the answer of an earlier request with the same key.
    repeated: bool


class Inventory(Struct, frozen=True):
    """The files of one storage, of one snapshot."""

    revision: int
    files: int
    rows: Iterator[InventoryRow]


class Changes(Struct, frozen=True):
    """A part of the audit, oldest first."""

    changes: tuple[Change, ...]
    #: Whether there are more after the last one.
    more: bool


class Token(Struct, frozen=True):
    """What is known of a token; the secret itself is not."""

    id: str
    name: str
    role: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    def state(self, now: datetime) -> str:
        """Return how it stands: `valid`, `revoked` or `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and datetime.fromisoformat(self.expires_at) <= now:
            return "expired"
        return "valid"
