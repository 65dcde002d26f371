"""One transaction on either database, and what the write in it has to tell.

All SQL that both databases share is written once, with `?` for values.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from reconciler.environment.timestamps import timestamp
from reconciler.server.store.refusals import RefusedValueError
from reconciler.server.store.values import Terms

_T = TypeVar("_T")
#: 2^53, the largest number that JSON surely carries, is reached after some 10^9 steps of these.
LARGEST_STEP = 2**24
#: A row as the database gives it; SQL has no types that mypy could check.
SqlRow = tuple[Any, ...]
#: As PostgreSQL has them; a SQLite transaction that writes has the whole database anyway.
Strength = Literal["UPDATE", "NO KEY UPDATE", "KEY SHARE"]
#: Text in what is read at once, in bytes; a single row may have more. So memory is bounded, and a
#: client can take in any answer, whatever has been written.
LARGEST_PART = 8 * 1024 * 1024
_AUDIT = "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#: What a broken constraint means for whoever gave the value.
_REFUSALS = {
    "name_is_not_empty": "the name is empty: give one",
    "type_is_s3_or_local": "the type is neither S3 nor local",
    "default_url_is_not_empty": "default_url is empty: give one",
    "upload_id_is_at_most_2000_bytes": "an upload id is longer than 2,000 bytes",
    "token_id_is_not_empty": "the token's id is empty",
    "token_name_has_1_to_200_characters": "the token's name is empty or longer than 200 characters",
    "role_is_known": "the role is none of reader, operator and admin",
    "moved_elsewhere": "the platform was moved into another database: ask for the server of that",
    "digest_has_32_bytes": "the digest is not a SHA-256",
}


class PagedQuery(Struct, frozen=True):
    """What may have more rows than can be read at once."""

    #: Ends with `LIMIT ?`.
    sql: str
    #: The column that the rows are in order of.
    key: str
    #: The columns that may be long, and their places in a row.
    texts: Mapping[str, int]

    def size(self, rows: Iterable[SqlRow]) -> int:
        """Return how much text there is in rows, in bytes."""
        places = tuple(self.texts.values())
        return len("".join([row[place] or "" for row in rows for place in places]).encode())

    def cut(self, rows: list[SqlRow], limit: int, size: int) -> tuple[list[SqlRow], bool]:
        """Leave out what is too much of rows with so much text; return whether something was."""
        shown = rows[:limit]
        while size > LARGEST_PART and len(shown) > 1:
            size -= self.size([shown.pop()])
        return shown, len(shown) < len(rows)


class ViolationError(Exception):
    """A constraint of the database stands against a write; its name is the first argument."""

    @property
    def constraint(self) -> str:
        """The constraint's name."""
        return str(self.args[0])

    def refusal(self) -> RefusedValueError:
        """Return what is wrong with the value."""
        name = self.constraint
        return RefusedValueError(_REFUSALS.get(name, f"the database refuses it ({name})"))


class Session(ABC):
    """A transaction, or a single read, on one connection."""

    #: Whether a row was written since the transaction began, the platform's own apart.
    changed = False

    @abstractmethod
    def rows(self, sql: str, *values: object) -> list[SqlRow]:
        """Read rows."""

    @abstractmethod
    def part(self, query: PagedQuery, limit: int, *values: object) -> tuple[list[SqlRow], bool]:
        """Read at most `limit` rows, and `LARGEST_PART` of text; return whether there are more.

        If there are any, one is read. The rows may have more columns than were asked for.
        """

    @abstractmethod
    def moment(
        self, query: PagedQuery, limit: int, *values: object
    ) -> tuple[list[SqlRow], bool, int]:
        """Read a part, with an id as its first column, and the platform's revision at that moment.

        Not within a transaction.
        """

    @abstractmethod
    def stream(
        self, sql: str, *values: object, batch: int = 2000
    ) -> AbstractContextManager[Iterator[SqlRow]]:
        """Read rows as they are asked for, so many at once; not beyond the transaction."""

    @abstractmethod
    def locked(self, sql: str, strength: Strength) -> list[SqlRow]:
        """Read rows, and keep others from changing them until the transaction ends."""

    @abstractmethod
    def execute(self, sql: str, *values: object) -> int:
        """Write, and say how many rows; `ViolationError` if a constraint stands against it."""

    @abstractmethod
    def now(self) -> str:
        """Return the time of the database's clock."""

    @abstractmethod
    def take(self) -> tuple[int, str]:
        """Wait for our turn to write; return the platform's next revision and the time."""

    @abstractmethod
    def commit(self) -> None:
        """Make the transaction final; `OutcomeUnknownError` if nobody knows whether it is."""

    def kept_if_changed(self, body: Callable[[Session], _T]) -> _T:
        """Do something in the transaction, and make that final if it has changed anything."""
        result = body(self)
        if self.changed:
            self.commit()
        return result


class Writing(Struct, frozen=True):
    """A write that has its turn: it will be the platform's `revision`."""

    session: Session
    terms: Terms
    revision: int
    at: str

    def audit(
        self,
        action: str,
        *,
        storage_id: str = "",
        name: str = "",
        before: dict[str, str | int] | None = None,
        after: dict[str, str | int] | None = None,
        key: str | None = None,
    ) -> None:
        """Write down what this write does."""
        by = self.terms.author
        renamed = action == "update" and before and "name" in before
        previous = before["name"] if before and renamed else None
        self.session.execute(
            _AUDIT, self.revision, self.at, by.account, by.run, by.actor, by.commit, by.job_url,
            action, storage_id, name, previous, _json(before), _json(after), key,
        )  # fmt: skip


def step() -> int:
    """Return by how much a fence or a revision grows: at random, and at least by 1.

    A database that went back in time gives numbers out again, after those that it has forgotten.
    Counted by ones, they would be those that somebody still holds from before.
    """
    return 1 + secrets.randbelow(LARGEST_STEP)


def with_turn(terms: Terms, body: Callable[[Writing], _T]) -> Callable[[Session], _T]:
    """Let a write wait for its turn before it does anything."""

    def taken(session: Session) -> _T:
        revision, at = session.take()
        return body(Writing(session, terms, revision, at))

    return taken


def _json(values: dict[str, str | int] | None) -> str | None:
    return None if values is None else msgspec.json.encode(values).decode()


def later(at: str, seconds: float) -> str:
    """Return the moment so many seconds after (or, if negative, before) another."""
    return timestamp(datetime.fromisoformat(at) + timedelta(seconds=seconds), "microseconds")
