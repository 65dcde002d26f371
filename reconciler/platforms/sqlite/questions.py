"""What can be asked of the embedded platform, by a reader and by a writer alike."""

from __future__ import annotations

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

from reconciler.errors import PlatformError, UnavailableError
from reconciler.model import NEW_PLATFORM, State, Storage
from reconciler.platform import Abilities, About, InventoryRow
from reconciler.platforms.sqlite.file import explained, only_text
from reconciler.platforms.sqlite.schema import SCHEMA_VERSION
from reconciler.printable import quoted

_T = TypeVar("_T")
_Batch = tuple[InventoryRow, ...]
#: Files that are fetched at once.
BATCH = 1000
_ABILITIES = Abilities(
    lock=True,
    conditional_write=True,
    record_inventory=True,
    # SQLite has one writer at a time; more calls at once would only wait for each other.
    parallelism=1,
)
#: As `Storage` has its fields; the URL in use is always the default one.
_COLUMNS = "id, name, label, type, default_url, default_url, created_at"
_READ = f"SELECT {_COLUMNS} FROM storages"  # noqa: S608 - all SQL here is constant
_FIND = f"{_READ} WHERE id = ? OR name = ?"
_INVENTORY = (
    "SELECT upload_id, checksum, checksum_on_disk FROM inventory WHERE storage_id = ? "
    "ORDER BY upload_id"
)


class DisturbedError(Exception):
    """What was read may be neither what the file held before nor what it holds now."""


class Questions(ABC):
    """What reader and writer have in common; they differ in how they open the file."""

    abilities = _ABILITIES

    def __init__(self, path: Path) -> None:
        # SQLite keeps its own files beside the real one, so links are followed first.
        self._path = Path(os.path.realpath(path))

    @abstractmethod
    def _ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Put a question to the file; None if there is no file yet."""

    @abstractmethod
    def _fetched(self, cursor: sqlite3.Cursor) -> _Batch:
        """Fetch rows; raises `DisturbedError` if somebody wrote since the question was put."""

    @abstractmethod
    def _keep_others_out(self) -> None:
        """See to it that those who write can disturb no further question."""

    def read(self) -> State:
        found = self._ask(snapshot)
        if found is None:
            return State((), platform_id=NEW_PLATFORM)
        return self._state(*found)

    def _state(self, ids: list[tuple[str, ...]], storages: list[tuple[str, ...]]) -> State:
        return State(self._storages(storages), platform_id=self._only(ids))

    def about(self) -> About:
        """Name SQLite's version, and say whether the file can be written."""
        # SQLite makes files of its own beside the one that it writes.
        places = [self._path.parent, *([self._path] if self._path.exists() else [])]
        version = f"SQLite {sqlite3.sqlite_version}, file formats up to {SCHEMA_VERSION}"
        return About(version, may_write=all(os.access(place, os.W_OK) for place in places))

    def identity(self) -> str:
        """Return the id that the platform got when its file was made; `new` without a file."""
        ids = self._ask(_ids)
        return NEW_PLATFORM if ids is None else self._only(ids)

    def _only(self, ids: list[tuple[str, ...]]) -> str:
        only_text(self._path, ids)
        if len(ids) != 1:
            raise PlatformError(
                f"platform {quoted(str(self._path))}: its own id is missing: restore the file "
                "from a backup"
            )
        return ids[0][0]

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        return self._storages(self._ask(lambda db: db.execute(_FIND, (id, name)).fetchall()) or [])

    def _storages(self, rows: list[tuple[str, ...]]) -> tuple[Storage, ...]:
        only_text(self._path, rows)
        return tuple([Storage(*row) for row in rows])

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        """Yield the files of a storage by upload id, as they were at one moment.

        Raises `UnavailableError` if those that were yielded are changed before the last one.
        """
        told: list[int] = []
        batches = self._batches(id)
        while True:
            try:
                batch = next(batches, ())
            except DisturbedError:
                self._keep_others_out()
                batches = self._batches(id)
                if [hash(batch) for batch in islice(batches, len(told))] != told:
                    raise UnavailableError(
                        f"platform {quoted(str(self._path))}: the files of a storage were changed "
                        "while they were read: run again"
                    ) from None
                continue
            if not batch:
                return
            told.append(hash(batch))
            yield from batch

    def _batches(self, id: str) -> Iterator[_Batch]:
        cursor = self._ask(lambda db: db.execute(_INVENTORY, (id,)))
        if cursor is None:
            return
        with explained(self._path), closing(cursor):
            while batch := self._fetched(cursor):
                only_text(self._path, batch)
                yield batch

    def spaces_using(self, id: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Name no spaces: the embedded platform has none."""
        return ()


def _ids(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    return db.execute("SELECT id FROM platform").fetchall()


def snapshot(db: sqlite3.Connection) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Read the platform's id and all storages, at one moment."""
    db.execute("BEGIN")
    try:
        return _ids(db), db.execute(_READ).fetchall()
    finally:
        db.execute("ROLLBACK")
