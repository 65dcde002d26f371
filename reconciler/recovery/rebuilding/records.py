"""The platform's records of files, as a snapshot has them: what of them a storage lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
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


class Comparing:
    """Compares what is live with inventories of a snapshot, one storage after the other.

    Its folder is there as long as it is entered: to make one for each of thousands takes longer
    than to compare them.
    """

    def __init__(self, repository: Repository, reader: Reader) -> None:
        self._repository = repository
        self._reader = reader
        self._folder = TemporaryDirectory(prefix="reconciler-rebuild-")

    def __enter__(self) -> Comparing:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the folder."""
        self._folder.cleanup()

    def compare(self, inventory: Inventory, id: str | None) -> Records:
        """Compare an inventory with what is live of a storage, by its id there.

        One without an id, which is still to be created, has no records. Raises `PlatformError`,
        `SnapshotError` if the inventory is damaged.
        """
        if id is None or not inventory.rows:
            return Records(inventory.rows)
        with self._differences(inventory, id) as found:
            for _ in found:
                pass  # what is counted counts
            return Records(found.only_was, found.changed, found.compared + found.only_now)

    def missing(self, inventory: Inventory, id: str) -> Iterator[InventoryRow]:
        """Yield the records that a storage lacks; live was read when the first one comes.

        Raises as `compare` does.
        """
        with self._differences(inventory, id) as found:
            for _, was, now in found:
                if was is not None and now is None:
                    yield was

    @contextmanager
    def _differences(self, inventory: Inventory, id: str) -> Iterator[Differences[InventoryRow]]:
        rows = self._reader.inventory(id)
        first = next(rows, None)
        now: Iterator[pa.RecordBatch] = iter(())
        if first is not None:
            now = sorted_inventory(chain([first], rows), Path(self._folder.name))
        with self._repository.local(layout.part(inventory.sha256)) as path:
            was = read.batches(path, INVENTORY, sha256=inventory.sha256)
            yield merge.inventory_differences(was, now)
