"""What goes into a store and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from reconciler.model import Storage
from reconciler.platform import InventoryRow

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


class StoredStorage(Struct, frozen=True):
    """A storage as it is kept."""

    storage: Storage
    #: The platform's revision at the last change of the storage or of its inventory.
    revision: int
    #: How many files its inventory has.
    files: int


class Page(Struct, frozen=True):
    """A part of the list, by id."""

    rows: tuple[StoredStorage, ...]
    #: Whether there are more after the last one.
    more: bool
    #: The platform's revision at the moment of reading; rows and it are of one snapshot.
    revision: int


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
    """What `Page` tells, in the form that is quickest to make and to encode."""

    storages: list[Listed]
    more: bool
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


class Change(Struct, frozen=True):
    """One line of the audit."""

    #: The platform's revision that this write made: one more than that of the write before.
    revision: int
    at: str
    author: Author
    #: create, update, remove, record_inventory, lease_broken, token_created, token_revoked
    action: str
    #: Empty where the change is not about a storage.
    storage_id: str
    #: The name of the storage (after an update: the new one) or of the token; else empty.
    name: str
    #: What was and what is, as far as there is anything to tell; never a secret. Of an update the
    #: fields that changed, of a create and a remove the whole storage, of record_inventory `files`
    #: (how many there are) and, after it, `recorded` (how many of them are new or different).
    before: dict[str, str | int] | None
    after: dict[str, str | int] | None


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
