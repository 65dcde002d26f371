"""The platform's records of files, as a snapshot has them: what of them a storage lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain

import pyarrow as pa
from msgspec import Struct

from reconciler.disk.scratch import scratch
from reconciler.platform import InventoryRow, Reader
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.merge import Differences
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory
from reconciler.recovery.rebuilding.wanted import Wanted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots.document import Inventory

#: Of so many storages at a time at most: each may need memory to sort what is live.
AT_ONCE = 4


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
        self._entered = ExitStack()

    def __enter__(self) -> Comparing:
        """Make the folder, and return itself."""
        self._folder = self._entered.enter_context(scratch())
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the folder."""
        self._entered.close()

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

    def compare_each(
        self, pairs: Sequence[tuple[Wanted, str | None]], tell: Callable[[str], None]
    ) -> dict[str, Records]:
        """Compare storages with what is live of them, by the ids that they have in the snapshot.

        Several at a time where the platform takes that; `tell` is told the name of each that had
        to be read, by this thread. Raises as `compare` does.
        """

        def compare(pair: tuple[Wanted, str | None]) -> Records:
            one, id = pair
            inventory = one.storage.inventory
            return self.compare(inventory, id) if inventory else Records()

        found = {}
        with self._mapping() as mapped:
            for (one, id), records in zip(pairs, mapped(compare, pairs), strict=True):
                found[one.storage.id] = records
                if id is not None:
                    tell(one.storage.name)
        return found

    @contextmanager
    def _mapping(self) -> Iterator[Callable[..., Iterable[Records]]]:
        """Give what maps as `map` does, in threads where the platform takes several calls."""
        at_a_time = min(AT_ONCE, self._reader.abilities.parallelism or AT_ONCE)
        if at_a_time == 1:
            yield map
            return
        pool = ThreadPoolExecutor(at_a_time, "compare")
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)

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
            now = sorted_inventory(chain([first], rows), self._folder)
        with self._repository.local(layout.part(inventory.sha256)) as path:
            was = read.batches(path, INVENTORY, sha256=inventory.sha256)
            yield merge.inventory_differences(was, now)
