"""Inventory rows on their way in: in temporary tables, each upload id once, seen by nobody else."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from reconciler.platform import InventoryRow
from reconciler.server.store.postgresql.text import MARK, stored

_ARRIVED = """CREATE TEMPORARY TABLE arrived (
    n bigint, upload_id text COLLATE "C", checksum text, checksum_on_disk text
) ON COMMIT DROP"""
_COPY = "COPY arrived FROM STDIN"
_READY = """CREATE TEMPORARY TABLE ready ON COMMIT DROP AS
SELECT DISTINCT ON (upload_id) upload_id, checksum, checksum_on_disk
FROM arrived ORDER BY upload_id, n DESC"""


def stage(connection: psycopg.Connection, rows: Iterable[InventoryRow]) -> None:
    """Take rows in, in a transaction; of two with one upload id the last one counts."""
    connection.execute(_ARRIVED)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for n, row in enumerate(rows):
            text = "".join(row)
            if "\0" in text or MARK in text:
                copy.write_row((n, *map(stored, row)))
            else:
                copy.write_row((n, *row))
    connection.execute(_READY)
    connection.execute("DROP TABLE arrived")
    # So that a few rows are looked up one by one even in a large inventory.
    connection.execute("ANALYZE ready")
