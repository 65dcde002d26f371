"""The embedded platform, opened for reading: nothing is written, nothing is created."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reconciler.platform import InventoryRow
from reconciler.platforms.sqlite.file import (
    Fingerprint,
    exists,
    explained,
    explanation,
    open_to_read,
)
from reconciler.platforms.sqlite.questions import BATCH, DisturbedError, Questions

_T = TypeVar("_T")


class SqliteReader(Questions):
    """Reads, and can do nothing else: SQLite itself opens the file read-only."""

    def __init__(self, path: Path) -> None:
        """Open the file if there is one."""
        super().__init__(path)
        self._db: sqlite3.Connection | None = None
        #: What the file looked like when it was opened.
        self._seen: Fingerprint | None = None
        #: Whether it was opened without the protection of SQLite's locks.
        self._still = False
        self._open(still=True)

    def _open(self, *, still: bool) -> None:
        self.close()
        if not exists(self._path):
            return
        with explained(self._path):
            seen = Fingerprint.of(self._path)
        self._still = still and not seen.log_size
        self._db = open_to_read(self._path, still=self._still)
        self._seen = seen

    def _ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T | None:
        if self._db is None or self._disturbed():
            self._open(still=True)
        if self._db is None:
            return None
        try:
            answer = question(self._db)
        except (sqlite3.Error, UnicodeError) as error:
            if not self._disturbed():
                raise explanation(self._path, error) from None
        else:
            if not self._disturbed():
                return answer
        # Somebody wrote meanwhile: ask again, now with SQLite's locks, which leave files behind.
        self._open(still=False)
        with explained(self._path):
            return question(self._db) if self._db else None

    def _disturbed(self) -> bool:
        if self._seen is None:
            return False
        # A file that is gone is an error, and no platform that is new.
        with explained(self._path):
            now = Fingerprint.of(self._path)
        return now != self._seen if self._still else now.file != self._seen.file

    def _fetched(self, cursor: sqlite3.Cursor) -> tuple[InventoryRow, ...]:
        try:
            rows = tuple(cursor.fetchmany(BATCH))
        except sqlite3.Error:
            if not self._disturbed():
                raise
        else:
            if not self._disturbed():
                return rows
        raise DisturbedError

    def _keep_others_out(self) -> None:
        self._open(still=False)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = self._seen = None
