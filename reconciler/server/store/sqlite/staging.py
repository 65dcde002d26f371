"""Inventory rows on their way in: on disk, sorted, each upload id once, and seen by nobody else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from reconciler.platform import InventoryRow

_READY = """CREATE TEMP TABLE ready (
    upload_id TEXT PRIMARY KEY, checksum TEXT, checksum_on_disk TEXT
) WITHOUT ROWID"""
_APPEND = "INSERT INTO ready VALUES (?, ?, ?)"
_LATE = """CREATE TEMP TABLE late (
    n INTEGER PRIMARY KEY, upload_id TEXT, checksum TEXT, checksum_on_disk TEXT
)"""
_KEEP = "INSERT INTO late (upload_id, checksum, checksum_on_disk) VALUES (?, ?, ?)"
# Beside an aggregate `max`, SQLite gives the other columns of the row that has it.
_SORT = """INSERT OR REPLACE INTO ready SELECT upload_id, checksum, checksum_on_disk FROM (
    SELECT upload_id, checksum, checksum_on_disk, max(n) FROM late GROUP BY upload_id
) ORDER BY upload_id"""
#: How many rows are put aside in memory before they are written.
_BATCH = 1000


def stage(db: sqlite3.Connection, rows: Iterable[InventoryRow]) -> None:
    """Take rows in; of two with one upload id the last one counts."""
    db.execute("PRAGMA temp_store = FILE")
    db.execute(_READY)
    db.execute(_LATE)
    # Only the connection's own temporary tables are written: this keeps nobody waiting.
    db.execute("BEGIN")
    db.executemany(_APPEND, _ascending(db, rows))
    db.execute(_SORT)
    db.execute("DROP TABLE late")
    db.execute("COMMIT")


def _ascending(db: sqlite3.Connection, rows: Iterable[InventoryRow]) -> Iterator[InventoryRow]:
    """Pass on the rows that come in order, as most do; put the others aside, to be sorted.

    A row that is put aside is younger than the one with its upload id that was passed on.
    """
    last = None
    late: list[InventoryRow] = []
    for row in rows:
        if last is None or row[0] > last:
            last = row[0]
            yield row
        else:
            late.append(row)
            if len(late) == _BATCH:
                db.executemany(_KEEP, late)
                late.clear()
    db.executemany(_KEEP, late)
