"""The platform's records of files, as a snapshot has them: what of them a storage lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from reconciler.platform import InventoryRow, Reader
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.merge import Differences
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots.document import Inventory


class Records(Struct, frozen=True):
    """How the records of a storage differ from those that the snapshot has."""

    #: How many it lacks.
    missing: int = 0
    #: How many it has with other checksums. They stay as they are: what is live may be newer.
    different: int = 0
    #: How many it has, in the snapshot or not.
    live: int = 0

    @property
    def is_torn(self) -> bool:
        """Whether it has some and lacks some: a create that was cut off leaves all or none."""
        return bool(self.live and self.missing)


def compare(
    repository: Repository, inventory: Inventory, reader: Reader, id: str | None
) -> Records:
    """Compare what is live of a storage, by its id there, with the snapshot's inventory of it.

    One without an id, which is still to be created, has no records. Raises `PlatformError`,
    `SnapshotError` if the inventory is damaged.
    """
    if id is None or not inventory.rows:
        return Records(inventory.rows)
    with _differences(repository, inventory, reader, id) as found:
        for _ in found:
            pass  # what is counted counts
        return Records(found.only_was, found.changed, found.compared + found.only_now)


def missing(
    repository: Repository, inventory: Inventory, reader: Reader, id: str
) -> Iterator[InventoryRow]:
    """Yield the records that a storage lacks; what is live was read when the first one comes.

    Raises as `compare` does.
    """
    with _differences(repository, inventory, reader, id) as found:
        for _, was, now in found:
            if was is not None and now is None:
                yield was


@contextmanager
def _differences(
    repository: Repository, inventory: Inventory, reader: Reader, id: str
) -> Iterator[Differences[InventoryRow]]:
    part = layout.part(inventory.sha256)
    with TemporaryDirectory(prefix="reconciler-") as folder, repository.local(part) as path:
        was = read.batches(path, INVENTORY, sha256=inventory.sha256)
        now = sorted_inventory(reader.inventory(id), Path(folder))
        yield merge.inventory_differences(was, now)
