"""What the state server needs of a database: one contract, two implementations.

Every method is synchronous and safe to call from several threads. Every write is one
transaction that starts by locking the platform's only row, so that all writes have one order:
that of `revision`, which is also the order of the audit. A write and its audit row are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from reconciler.lease.contract import Holder, Lease
from reconciler.model import Storage, Values
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


class Row(Struct, frozen=True):
    """A storage as it is kept."""

    storage: Storage
    #: The platform's revision at the last change of the storage or of its inventory.
    revision: int
    #: How many files its inventory has.
    files: int


class Page(Struct, frozen=True):
    """A part of the list, by id."""

    rows: tuple[Row, ...]
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
    row: Row
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


class Store(Protocol):
    """A platform in a database. Raises `StoreError`s only, apart from bugs.

    `fence`, where given, must be that of the latest lease, which must not have been released or
    broken (it may have run out); else `SupersededError`.
    """

    #: `SQLite 3.45` or `PostgreSQL 16.2`.
    version: str

    def platform_id(self) -> str:
        """Give the id that the platform got when its database was made."""

    def ready(self) -> None:
        """Answer if the database can be read now; raises `StoreUnavailableError`."""

    def revision(self) -> int:
        """Give the platform's revision."""

    def count(self) -> int:
        """Count the storages."""

    def page(self, *, after: str, limit: int, name: str | None = None) -> Page:
        """Read at most `limit` storages with an id greater than `after`, by id.

        Fewer, but one at least, if they are large: what is read at once fits into memory. With
        `name`, only the storage that has exactly this name.
        """

    def listing(self, *, after: str, limit: int) -> Listing:
        """Read what `page` reads without a name, in the quickest way."""

    def get(self, id: str) -> Row:
        """Read one storage."""

    def create(
        self, values: Values, *, key: str | None, author: Author, fence: int | None
    ) -> Created:
        """Create a storage.

        An idempotency `key` is kept for `KEY_LIFE` seconds and belongs to `author.account`. Its
        answer is told again whatever became of the storage, and of the lease: nothing is written.
        """

    def update(
        self,
        id: str,
        *,
        name: str | None,
        label: str | None,
        revision: int | None,
        author: Author,
        fence: int | None,
    ) -> Row:
        """Change name, label or both at once; without an actual change nothing is written."""

    def remove(
        self,
        id: str,
        *,
        holds_files: bool,
        revision: int | None,
        author: Author,
        fence: int | None,
    ) -> None:
        """Remove a storage, with the records of its files only if `holds_files`."""

    def inventory(self, id: str) -> AbstractContextManager[Inventory]:
        """Open the inventory of a storage, ordered by upload id, in constant memory.

        Its rows can be read until the context is left, from one thread at a time.
        """

    def record(
        self,
        id: str,
        rows: Iterable[InventoryRow],
        *,
        revision: int | None,
        author: Author,
        fence: int | None,
    ) -> Row:
        """Add files, all or none; a known upload id is replaced, of two in `rows` the last counts.

        In constant memory, and other writes need not wait while `rows` are still coming in.
        What `rows` raises goes through, and nothing is written then. If all the rows are there
        already, nothing is written either. Upload ids have at most 2,000 bytes.
        """

    def changes(self, *, after: int, limit: int, name: str | None = None) -> Changes:
        """Read at most `limit` lines of the audit, oldest first, from the revision after `after`.

        Fewer, but one at least, if they are large. With `name`, only what was done to storages that
        had this name before it or after it.
        """

    def acquire(self, holder: Holder, seconds: float, author: Author) -> Lease:
        """Take the lease; `LeasedError` while another holds it."""

    def renew(self, fence: int, seconds: float, account: str, token: str = "") -> Lease:
        """Make the lease with this fence run `seconds` from now.

        Raises `SupersededError` if it is not the current one, or was taken by another account,
        or by another token of the same name. One that has run out without a successor is still
        the current one.
        """

    def release(self, fence: int, account: str, token: str = "") -> None:
        """Give the lease up, if `fence` is the current one.

        Raises `SupersededError` if that was taken by another account or token.
        """

    def lease(self) -> Lease | None:
        """Say who holds the lease; None if nobody does, or if it has run out."""

    def break_lease(self, fence: int, author: Author) -> bool:
        """Take away the lease with this fence; False if it is not the current one.

        One that has run out can be broken too: it could still be renewed.
        """

    def has_tokens(self) -> bool:
        """Say whether a token was ever made: from then on every request needs one."""

    def create_token(
        self,
        id: str,
        digest: bytes,
        *,
        name: str,
        role: str,
        expires_at: str | None,
        author: Author,
    ) -> Token:
        """Keep a new token: the SHA-256 of its secret, never the secret.

        `expires_at` is RFC 3339, UTC, with `Z`. A name has at most 200 characters; raises
        `NameTakenError` if another token that works has it.
        """

    def tokens(self) -> tuple[Token, ...]:
        """List all tokens, also those that no longer work, oldest first."""

    def token(self, id: str) -> tuple[Token, bytes] | None:
        """Give a token and the digest of its secret."""

    def revoke_token(self, id: str, author: Author) -> Token:
        """Make a token useless, for ever; doing it again changes nothing."""

    def close(self) -> None:
        """Let go of all connections."""
