"""The one write beside steps: what files a storage has, as a scan has found them."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.platform import InventoryRow, Writer


def record_files(writer: Writer, id: str, rows: Iterable[InventoryRow]) -> None:
    """Add files to a storage's inventory, all of them or none; raises `PlatformError`.

    Whatever became of it, it may be done again: a file that is known is replaced.
    """
    writer.record_inventory(id, rows)
