"""What the state server needs of a database: one store, whichever kind of database it is on.

Every method is synchronous and safe to call from several threads. Every write is one
transaction that starts by locking the platform's only row, so that all writes have one order:
that of `revision`, which is also the order of the audit. A write and its audit row are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from reconciler.lease.contract import Holder, Lease
from reconciler.model import Values
from reconciler.platform import InventoryRow
from reconciler.server.store.database import PLATFORM, Database
from reconciler.server.store.session import Writing, with_turn
from reconciler.server.store.tables import audit, inventory, leases, storages, tokens
from reconciler.server.store.values import (
    Author,
    Changes,
    Created,
    Inventory,
    Listing,
    StoredStorage,
    Terms,
    Token,
)

_T = TypeVar("_T")


class Store:
    """A platform in a database. Raises `StoreError`s only, apart from bugs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: `SQLite 3.45` or `PostgreSQL 16.2`.
        self.version = database.version

    def platform_id(self) -> str:
        """Return the id that the platform got when its database was made."""
        return self._database.platform_id

    def ready(self) -> None:
        """Answer if the database can be read now; raises `StoreUnavailableError`."""
        self._database.ready()

    def revision(self) -> int:
        """Return the platform's revision."""
        return int(self._database.read(lambda session: session.rows(PLATFORM))[0][1])

    def count(self) -> int:
        """Count the storages."""
        return self._database.read(storages.count)

    def listing(self, *, after: str, limit: int, name: str | None = None) -> Listing:
        """Read at most `limit` storages with an id greater than `after`, by id.

        Fewer, but one at least, if they are large: what is read at once fits into memory. With
        `name`, only the storage that has exactly this name.
        """
        return self._database.read(lambda s: storages.listing(s, after, limit, name))

    def get(self, id: str) -> StoredStorage:
        """Read one storage."""
        return self._database.read(lambda s: storages.get(s, id))

    def create(self, values: Values, terms: Terms, *, key: str | None) -> Created:
        """Create a storage.

        An idempotency `key` is kept for `KEY_LIFE` seconds and belongs to the author's account. Its
        answer is told again whatever became of the storage, and of the lease: nothing is written.
        """
        return self._write(terms, lambda w: storages.create(w, values, key))

    def update(
        self, id: str, terms: Terms, *, name: str | None, label: str | None
    ) -> StoredStorage:
        """Change name, label or both at once; without an actual change nothing is written."""
        return self._write(terms, lambda w: storages.update(w, id, name, label))

    def remove(self, id: str, terms: Terms, *, holds_files: bool) -> None:
        """Remove a storage, with the records of its files only if `holds_files`."""
        self._write(terms, lambda w: storages.remove(w, id, holds_files))

    @contextmanager
    def inventory(self, id: str) -> Iterator[Inventory]:
        """Open the inventory of a storage, ordered by upload id, in constant memory.

        Its rows can be read until the context is left, from one thread at a time; what is written
        meanwhile does not show in them.
        """
        with self._database.snapshot() as session:
            row = storages.get(session, id)
            with session.stream(inventory.READ, id) as rows:
                yield Inventory(row.revision, row.files, rows)

    def record(self, id: str, terms: Terms, rows: Iterable[InventoryRow]) -> StoredStorage:
        """Add files, all or none; a known upload id is replaced, of two in `rows` the last counts.

        In constant memory, and others write while `rows` are still coming in; they wait while
        these are merged. What `rows` raises goes through, and nothing is written then. If all the
        rows are there already, nothing is written either. Upload ids have at most 2,000 bytes.
        """
        storages.check_revision(self.get(id), terms)
        merge = with_turn(terms, lambda w: storages.record(w, id))
        return self._database.transact_with(rows, merge)

    def changes(self, *, after: int, limit: int, name: str | None = None) -> Changes:
        """Read at most `limit` lines of the audit, oldest first, from the revision after `after`.

        Fewer, but one at least, if they are large. With `name`, only what was done to storages that
        had this name before it or after it.
        """
        return self._database.read(lambda s: audit.changes(s, after, limit, name))

    def acquire(self, holder: Holder, seconds: float, author: Author) -> Lease:
        """Take the lease; `LeasedError` while another holds it."""
        # Whoever waits for the lease asks again and again, and must not stand in its holder's way.
        self._database.read(leases.check_free)
        return self._database.transact_soon(lambda s: leases.acquire(s, holder, seconds, author))

    def renew(self, fence: int, seconds: float, account: str, token: str = "") -> Lease:
        """Make the lease with this fence run `seconds` from now.

        Raises `SupersededError` if it is not the current one, or was taken by another account,
        or by another token of the same name. One that has run out without a successor is still
        the current one.
        """
        return self._database.transact_soon(
            lambda s: leases.renew(s, fence, seconds, account, token)
        )

    def release(self, fence: int, account: str, token: str = "") -> None:
        """Give the lease up, if `fence` is the current one.

        Raises `SupersededError` if that was taken by another account or token.
        """
        self._database.transact_soon(lambda s: leases.release(s, fence, account, token))

    def lease(self) -> Lease | None:
        """Return who holds the lease; None if nobody does, or if it has run out."""
        return self._database.read(leases.current)

    def break_lease(self, fence: int, author: Author) -> bool:
        """Take away the lease with this fence; False if it is not the current one.

        One that has run out can be broken too: it could still be renewed.
        """
        return self._database.transact_soon(
            with_turn(Terms(author), lambda w: leases.break_lease(w, fence))
        )

    def has_tokens(self) -> bool:
        """Return whether a token was ever made: from then on every request needs one."""
        return self._database.read(tokens.any_at_all)

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
        terms = Terms(author)
        return self._write(terms, lambda w: tokens.create(w, id, digest, name, role, expires_at))

    def tokens(self) -> tuple[Token, ...]:
        """List all tokens, also those that no longer work, oldest first."""
        return self._database.read(tokens.listed)

    def token(self, id: str) -> tuple[Token, bytes] | None:
        """Return a token and the digest of its secret."""
        return self._database.read(lambda s: tokens.find(s, id))

    def revoke_token(self, id: str, author: Author) -> Token:
        """Make a token useless, for ever; doing it again changes nothing."""
        return self._write(Terms(author), lambda w: tokens.revoke(w, id))

    def close(self) -> None:
        """Let go of all connections."""
        self._database.close()

    def _write(self, terms: Terms, body: Callable[[Writing], _T]) -> _T:
        return self._database.transact(with_turn(terms, body))
