"""What both stores do alike: everything but getting at the database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TypeVar

from reconciler.lease.contract import Holder, Lease
from reconciler.model import Values
from reconciler.platform import InventoryRow
from reconciler.server.store.contract import (
    Author,
    Changes,
    Created,
    Inventory,
    Listing,
    Page,
    Row,
    Token,
)
from reconciler.server.store.session import Session, Writing, with_turn
from reconciler.server.store.tables import audit, leases, storages, tokens

_T = TypeVar("_T")
PLATFORM = "SELECT id, revision FROM platform"


class SqlStore(ABC):
    """A store in a database that understands SQL; see `contract.Store` for what methods mean."""

    version: str
    _id: str

    @abstractmethod
    def _read(self, question: Callable[[Session], _T]) -> _T:
        """Put a question to the database. One statement of it sees one moment."""

    @abstractmethod
    def _transact(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction; it is kept if it changed anything, and rolled back otherwise.

        `body` is run again if the database was lost before anything could have been kept.
        """

    @abstractmethod
    def inventory(self, id: str) -> AbstractContextManager[Inventory]:
        """Open the inventory of a storage."""

    @abstractmethod
    def record(
        self,
        id: str,
        rows: Iterable[InventoryRow],
        *,
        revision: int | None,
        author: Author,
        fence: int | None,
    ) -> Row:
        """Add files to an inventory."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all connections."""

    def _transact_soon(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction that must not wait for many others, where the database allows that."""
        return self._transact(body)

    def _write(self, author: Author, body: Callable[[Writing], _T]) -> _T:
        return self._transact(with_turn(author, body))

    def platform_id(self) -> str:
        """Give the platform's own id, which never changes."""
        return self._id

    def ready(self) -> None:
        """Answer if the database does."""
        self.revision()

    def revision(self) -> int:
        """Give the platform's revision."""
        return int(self._read(lambda session: session.rows(PLATFORM))[0][1])

    def count(self) -> int:
        """Count the storages."""
        return self._read(storages.count)

    def page(self, *, after: str, limit: int, name: str | None = None) -> Page:
        """Read a part of the list."""
        return self._read(lambda session: storages.page(session, after, limit, name))

    def listing(self, *, after: str, limit: int) -> Listing:
        """Read a part of the list, quickly."""
        return self._read(lambda session: storages.listing(session, after, limit))

    def get(self, id: str) -> Row:
        """Read one storage."""
        return self._read(lambda session: storages.get(session, id))

    def create(
        self, values: Values, *, key: str | None, author: Author, fence: int | None
    ) -> Created:
        """Create a storage."""
        return self._write(author, lambda w: storages.create(w, values, key, fence))

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
        """Change name, label or both."""
        return self._write(author, lambda w: storages.update(w, id, name, label, revision, fence))

    def remove(
        self,
        id: str,
        *,
        holds_files: bool,
        revision: int | None,
        author: Author,
        fence: int | None,
    ) -> None:
        """Remove a storage."""
        self._write(author, lambda w: storages.remove(w, id, holds_files, revision, fence))

    def changes(self, *, after: int, limit: int, name: str | None = None) -> Changes:
        """Read the audit."""
        return self._read(lambda session: audit.changes(session, after, limit, name))

    def acquire(self, holder: Holder, seconds: float, author: Author) -> Lease:
        """Take the lease."""
        # Whoever waits for the lease asks again and again, and must not stand in its holder's way.
        self._read(leases.check_free)
        return self._transact_soon(lambda s: leases.acquire(s, holder, seconds, author))

    def renew(self, fence: int, seconds: float, account: str, token: str = "") -> Lease:
        """Make the lease run on."""
        return self._transact_soon(lambda s: leases.renew(s, fence, seconds, account, token))

    def release(self, fence: int, account: str, token: str = "") -> None:
        """Give the lease up."""
        self._transact_soon(lambda s: leases.release(s, fence, account, token))

    def lease(self) -> Lease | None:
        """Say who holds the lease."""
        return self._read(leases.current)

    def break_lease(self, fence: int, author: Author) -> bool:
        """Take the lease away."""
        return self._transact_soon(with_turn(author, lambda w: leases.break_lease(w, fence)))

    def has_tokens(self) -> bool:
        """Say whether a token was ever made."""
        return self._read(tokens.any_at_all)

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
        """Keep a new token."""
        return self._write(author, lambda w: tokens.create(w, id, digest, name, role, expires_at))

    def tokens(self) -> tuple[Token, ...]:
        """List all tokens."""
        return self._read(tokens.listed)

    def token(self, id: str) -> tuple[Token, bytes] | None:
        """Give a token and its digest."""
        return self._read(lambda session: tokens.find(session, id))

    def revoke_token(self, id: str, author: Author) -> Token:
        """Make a token useless."""
        return self._write(author, lambda w: tokens.revoke(w, id))
