"""Getting at a database, which is all that a store does otherwise on SQLite than on PostgreSQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TypeVar

from reconciler.platform import InventoryRow
from reconciler.server.store.refusals import StoreUnavailableError
from reconciler.server.store.session import Session

_T = TypeVar("_T")
PLATFORM = "SELECT id, revision FROM platform"


class Database(ABC):
    """A database whose tables are up to date. Raises `StoreError`s only, apart from bugs."""

    version: str
    platform_id: str

    @abstractmethod
    def read(self, question: Callable[[Session], _T]) -> _T:
        """Put a question to the database. One statement of it sees one moment."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Session]:
        """Read for as long as it takes, of one moment, and in nobody's way."""

    @abstractmethod
    def transact(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction; it is kept if it changed anything, and rolled back otherwise.

        `body` is run again if the database was lost before anything could have been kept.
        """

    def transact_soon(self, body: Callable[[Session], _T]) -> _T:
        """Run a transaction that must not wait for many others, where the database allows that."""
        return self.transact(body)

    @abstractmethod
    def transact_with(self, rows: Iterable[InventoryRow], body: Callable[[Session], _T]) -> _T:
        """Take rows in, then run a transaction that finds them in the temporary table `ready`."""

    def ready(self) -> None:
        """Answer if the database does."""
        self.read(lambda session: session.rows(PLATFORM))

    def _answered(self, session: Session, question: Callable[[Session], _T]) -> _T:
        """Put a question; what came from another platform's tables is no answer."""
        answer = question(session)
        self._check_own(session)
        return answer

    def _kept(self, session: Session, body: Callable[[Session], _T]) -> _T:
        """Do something in a transaction, and make that final if it has changed anything."""
        self._check_own(session)
        return session.kept_if_changed(body)

    def _check_own(self, session: Session) -> None:
        """Raise `StoreUnavailableError` if the tables are those of another platform by now.

        Whoever restores a database may do so into the one that we have open.
        """
        if [str(id) for id, _ in session.rows(PLATFORM)] != [self.platform_id]:
            raise StoreUnavailableError(
                "the database is not that of the platform for which this server was started: "
                "restart the server if that is meant"
            )

    @abstractmethod
    def close(self) -> None:
        """Let go of all connections."""
