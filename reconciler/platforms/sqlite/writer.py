"""The embedded platform, opened for writing: every write is whole, or not there at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from reconciler.disk.sqlite_replaced import Place
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformError,
    RefusedError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import Lease
from reconciler.model import State, Storage, Values
from reconciler.platform import InventoryRow
from reconciler.platforms import conflicts
from reconciler.platforms.sqlite.file import (
    create,
    exists,
    explained,
    explanation,
    gone,
    in_doubt,
    open_to_read,
    open_to_write,
)
from reconciler.platforms.sqlite.questions import BATCH, Questions, snapshot
from reconciler.platforms.sqlite.schema import THIS_LEASE, lease_key
from reconciler.platforms.sqlite.transactions import CommitError, Transaction
from reconciler.printable import quoted

_T = TypeVar("_T")
#: Seconds.
_MOMENT = 5.0
_AS_EXPECTED = "id = ? AND name = ? AND label = ? AND type = ? AND default_url = ?"
_CREATE = "INSERT INTO storages VALUES (?, ?, ?, ?, ?, ?)"
_UPDATE = f"UPDATE storages SET name = ?, label = ? WHERE {_AS_EXPECTED}"  # noqa: S608
_REMOVE = f"DELETE FROM storages WHERE {_AS_EXPECTED}"  # noqa: S608
_HAS_FILES = "SELECT EXISTS (SELECT 1 FROM inventory WHERE storage_id = ?)"
_REMOVE_EMPTY = f"{_REMOVE} AND NOT EXISTS (SELECT 1 FROM inventory WHERE storage_id = ?)"  # noqa: S608
_FORGET_FILES = "DELETE FROM inventory WHERE storage_id = ?"
_IS_OURS = f"SELECT EXISTS (SELECT 1 FROM lease WHERE {THIS_LEASE})"  # noqa: S608
_RECORD = (
    "INSERT INTO inventory VALUES (?, ?, ?, ?) ON CONFLICT (storage_id, upload_id) DO UPDATE "
    "SET checksum = excluded.checksum, checksum_on_disk = excluded.checksum_on_disk"
)


class SqliteWriter(Questions):
    """Reads and writes. Each write is one transaction: whole, or not there at all."""

    def __init__(self, path: Path, wait: float, lease: Lease | None = None) -> None:
        """Open the file; make it if there is none.

        With a lease, a write raises `LeaseLostError` once it was given up or superseded.
        """
        super().__init__(path)
        # Others who only ask for the lease are in the way for a moment, and no reason to give up.
        self._wait = wait if lease is None else max(wait, _MOMENT)
        self._lease_key = None if lease is None else lease_key(lease)
        if not exists(self._path):
            create(self._path)
            exists(self._path)
        self._db = open_to_write(self._path, self._wait)
        with explained(self._path):
            self._place = Place(path)
        #: Why nothing that the connection shows can be trusted any more.
        self._broken = ""

    def _ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T:
        self._check_place()
        with explained(self._path):
            return question(self._db)

    def read(self) -> State:
        """Read all storages from the file that the path leads to now, opened afresh."""
        self._check_place()
        # Nothing but SQLite may open and close the file here: the system would then give up the
        # locks of every connection of this process.
        with explained(self._path), closing(open_to_read(self._path, still=False)) as db:
            found = snapshot(db)
        self._check_place()
        return self._state(*found)

    def _check_place(self) -> None:
        if problem := self._broken or self._place.lost():
            raise gone(self._path, problem)

    def _fetched(self, cursor: sqlite3.Cursor) -> tuple[InventoryRow, ...]:
        return tuple(cursor.fetchmany(BATCH))

    def _keep_others_out(self) -> None:
        """Do nothing: SQLite's locks always do."""

    def create(self, values: Values, *, key: str | None = None) -> Storage:  # noqa: ARG002
        """Create a storage; raises `ConflictError` if the name is taken.

        A key is not needed: whether a write to the file took place is always known.
        """
        id = os.urandom(16).hex()
        now = timestamp(utc_now(), "microseconds")
        url = values.default_url
        self._write(_CREATE, (id, values.name, values.label, values.type, url, now), values.name)
        return Storage(id, values.name, values.label, values.type, url, url, now)

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        """Change name, label or both, in one write that carries the condition."""
        asked = {"name": name, "label": label}
        wanted = replace(expected, **{key: text for key, text in asked.items() if text is not None})
        if not self._write(_UPDATE, (wanted.name, wanted.label, *_key(expected)), wanted.name):
            raise self._conflict(expected)
        return wanted

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        key = _key(expected)
        if not holds_files:
            if not self._write(_REMOVE_EMPTY, (*key, expected.id), expected.name):
                raise self._conflict(expected)
            return
        with explained(self._path), self._transaction():
            self._db.execute(_FORGET_FILES, (expected.id,))
            if not self._db.execute(_REMOVE, key).rowcount:
                raise self._conflict(expected)

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        with explained(self._path), self._transaction():
            try:
                self._db.executemany(_RECORD, ((id, *row) for row in rows))
            except sqlite3.IntegrityError as error:
                raise self._refusal(error, id) from None

    def close(self) -> None:
        self._place.settle(self._db)
        self._db.close()

    def _write(self, sql: str, values: tuple[str, ...], name: str) -> int:
        """Run one statement, a transaction of its own, and say how many rows it changed."""
        try:
            with Transaction(self._db, self._wait, self._check):
                changed = self._db.execute(sql, values).rowcount
        except CommitError as error:
            raise self._failed(error) from None
        except sqlite3.IntegrityError as error:
            raise self._refusal(error, name) from None
        except (sqlite3.Error, UnicodeError) as error:
            raise explanation(self._path, error) from None
        self._check_found()
        return changed

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with Transaction(self._db, self._wait, self._check):
                yield
        except CommitError as error:
            raise self._failed(error) from None
        self._check_found()

    def _check(self) -> None:
        """Within a transaction, make sure that we may write, and to the right file.

        A lease must be the latest one and not given up. One that has run out, and that nobody else
        has taken since, still is.
        """
        self._check_place()
        key = self._lease_key
        if key is not None and not self._db.execute(_IS_OURS, key).fetchone()[0]:
            raise LeaseLostError(
                f"platform {quoted(str(self._path))}: our lease was taken away or given up, so "
                "nothing more is written: see who has it with `reconciler lock show`"
            )

    def _failed(self, error: CommitError) -> UnknownOutcomeError:
        self._broken = "its disk or file system failed in a commit"
        return in_doubt(self._path, error)

    def _check_found(self) -> None:
        """After a commit, make sure that it is where people will look."""
        if problem := self._place.lost():
            raise UnknownOutcomeError(str(gone(self._path, problem)))

    def _refusal(self, error: sqlite3.IntegrityError, name: str) -> PlatformError:
        """Return which of the schema's constraints stands against a write."""
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            return conflicts.name_taken(name)
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return conflicts.no_such_id(name)
        return RefusedError(f"the platform refuses {quoted(name)}: {error}")

    def _conflict(self, expected: Storage) -> ConflictError:
        """Return what is not as it was when `expected` was read."""
        live = next(iter(self.find(id=expected.id)), None)
        as_it_was = live is not None and conflicts.same(expected, live)
        if as_it_was and self._ask(lambda db: db.execute(_HAS_FILES, (expected.id,)).fetchone())[0]:
            return conflicts.holds_files(expected)
        return conflicts.changed(expected, live)


def _key(storage: Storage) -> tuple[str, ...]:
    """Return the values that `_AS_EXPECTED` compares."""
    return storage.id, storage.name, storage.label, storage.type, storage.default_url
