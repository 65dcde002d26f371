"""Merging inventory rows that each store has staged in its temporary table `ready`."""

from __future__ import annotations

from reconciler.server.store.session import Session

READ = (
    "SELECT upload_id, checksum, checksum_on_disk FROM inventory WHERE storage_id = ? "
    "ORDER BY upload_id"
)
_NEW = """SELECT count(*) FROM ready WHERE NOT EXISTS (
    SELECT 1 FROM inventory
    WHERE inventory.storage_id = ? AND inventory.upload_id = ready.upload_id
)"""
_MERGE = """INSERT INTO inventory
SELECT ?, upload_id, checksum, checksum_on_disk FROM ready WHERE true ORDER BY upload_id
ON CONFLICT (storage_id, upload_id) DO UPDATE
SET checksum = excluded.checksum, checksum_on_disk = excluded.checksum_on_disk
WHERE inventory.checksum <> excluded.checksum
OR inventory.checksum_on_disk <> excluded.checksum_on_disk"""


def merge(session: Session, id: str) -> tuple[int, int]:
    """Put the staged rows into an inventory; return how many are new, and how many different."""
    new = int(session.rows(_NEW, id)[0][0])
    return new, session.execute(_MERGE, id) - new
