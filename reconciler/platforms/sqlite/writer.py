"""The embedded platform, opened for writing: every write is whole, or not there at all."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from reconciler.errors import ConflictError, PlatformError
from reconciler.model import Storage, masked
from reconciler.names import quoted
from reconciler.plan.document import Values
from reconciler.platform import InventoryRow
from reconciler.platforms.sqlite.file import (
    create,
    exists,
    explained,
    explanation,
    open_to_write,
)
from reconciler.platforms.sqlite.questions import Questions

_T = TypeVar("_T")
_AS_EXPECTED = "id = ? AND name = ? AND label = ? AND type = ? AND default_url = ?"
_CREATE = "INSERT INTO storages VALUES (?, ?, ?, ?, ?, ?)"
_UPDATE = f"UPDATE storages SET name = ?, label = ? WHERE {_AS_EXPECTED}"  # noqa: S608
_REMOVE = f"DELETE FROM storages WHERE {_AS_EXPECTED}"  # noqa: S608
_HAS_FILES = "SELECT EXISTS (SELECT 1 FROM inventory WHERE storage_id = ?)"
_REMOVE_EMPTY = f"{_REMOVE} AND NOT EXISTS (SELECT 1 FROM inventory WHERE storage_id = ?)"  # noqa: S608
_FORGET_FILES = "DELETE FROM inventory WHERE storage_id = ?"
_RECORD = (
    "INSERT INTO inventory VALUES (?, ?, ?, ?) ON CONFLICT (storage_id, upload_id) DO UPDATE "
    "SET checksum = excluded.checksum, checksum_on_disk = excluded.checksum_on_disk"
)


class SqliteWriter(Questions):
    """Reads and writes. Each write is one transaction: whole, or not there at all."""

    def __init__(self, path: Path, wait: float) -> None:
        """Open the file; make it if there is none."""
        super().__init__(path)
        if not exists(self._path):
            create(self._path)
            exists(self._path)
        self._db = open_to_write(self._path, wait)

    def _ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T:
        with explained(self._path):
            return question(self._db)

    def _confirm(self) -> None:
        """Do nothing: SQLite's locks kept what was read in one piece."""

    def create(self, values: Values) -> Storage:
        """Create a storage; raises `ConflictError` if the name is taken."""
        id = secrets.token_hex(16)
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        url = values.default_url
        self._write(_CREATE, (id, values.name, values.label, values.type, url, now), values.name)
        return Storage(id, values.name, values.label, values.type, url, url, now)

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        """Change name, label or both, in one write that carries the condition."""
        wanted = msgspec.structs.replace(
            expected,
            name=expected.name if name is None else name,
            label=expected.label if label is None else label,
        )
        if not self._write(_UPDATE, (wanted.name, wanted.label, *_key(expected)), wanted.name):
            raise self._conflict(expected)
        return wanted

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        """Remove a storage, with the records of its files only if `holds_files`."""
        key = _key(expected)
        if not holds_files:
            if not self._write(_REMOVE_EMPTY, (*key, expected.id), expected.name):
                raise self._conflict(expected)
            return
        with explained(self._path), _transaction(self._db):
            self._db.execute(_FORGET_FILES, (expected.id,))
            if not self._db.execute(_REMOVE, key).rowcount:
                raise self._conflict(expected)

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        """Add files to a storage; raises `ConflictError` if there is no such storage."""
        with explained(self._path), _transaction(self._db):
            try:
                self._db.executemany(_RECORD, ((id, *row) for row in rows))
            except sqlite3.IntegrityError as error:
                raise self._refusal(error, id) from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _write(self, sql: str, values: tuple[str, ...], name: str) -> int:
        """Run one statement, a transaction of its own, and say how many rows it changed."""
        try:
            return self._db.execute(sql, values).rowcount
        except sqlite3.IntegrityError as error:
            raise self._refusal(error, name) from None
        except (sqlite3.Error, UnicodeError) as error:
            raise explanation(self._path, error) from None

    def _refusal(self, error: sqlite3.IntegrityError, name: str) -> PlatformError:
        """Say which of the schema's constraints stands against a write."""
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            return ConflictError(f"the name {quoted(name)} is taken by another storage")
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return ConflictError(f"there is no storage with the id {quoted(name)}")
        return PlatformError(f"the platform refuses {quoted(name)}: {error}")

    def _conflict(self, expected: Storage) -> ConflictError:
        """Say what is not as it was when `expected` was read."""
        named = quoted(expected.name)
        live = next(iter(self.find(id=expected.id)), None)
        if live is None:
            return ConflictError(f"storage {named} is no longer there")
        different = [
            f"its {field} is now {quoted(masked(now))}, no longer {quoted(masked(was))}"
            for field in ("name", "label", "type", "default_url")
            if (now := getattr(live, field)) != (was := getattr(expected, field))
        ]
        if different:
            return ConflictError(f"storage {named} was changed: {'; '.join(different)}")
        if self._ask(lambda db: db.execute(_HAS_FILES, (live.id,)).fetchone())[0]:
            return ConflictError(
                f"storage {named} holds files: removing it needs a consent to lose their records"
            )
        return ConflictError(f"storage {named} was changed at the same moment")


def _key(storage: Storage) -> tuple[str, ...]:
    """Give the values that `_AS_EXPECTED` compares."""
    return storage.id, storage.name, storage.label, storage.type, storage.default_url


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock at once; commit at the end, roll back on anything raised."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # After some failures, such as a full disk, SQLite has rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
