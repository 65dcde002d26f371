"""The platform's records of files, added after the storages are there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reconciler.applying.recording import record_files
from reconciler.cli.applying.signals import Stop
from reconciler.cli.context import Context
from reconciler.cli.recovery.rebuilding.planning import Work
from reconciler.platform import InventoryRow, Reader
from reconciler.recovery.rebuilding import records
from reconciler.recovery.rebuilding.wanted import Found
from reconciler.recovery.repository.contract import Repository


class Adding:
    """Adds what was missing when the plan was made, and knows how far it came."""

    def __init__(self, context: Context, work: Work, repository: Repository, wait: float) -> None:
        """Wait `wait` seconds at most for whoever else writes."""
        self._context = context
        self._work = work
        self._repository = repository
        self._wait = wait
        #: How many records were added, and to how many storages.
        self.added = self.storages = 0
        #: How many records are still missing, by the id of the storage in the snapshot.
        self.missing = {id: each.missing for id, each in work.records.items() if each.missing}
        #: Why it ended early, if no signal did it; else empty.
        self.reason = ""

    def add(self, reader: Reader, found: Found, stop: Stop) -> None:
        """Add them under the lease, storage by storage, until a signal or a limit ends it.

        Raises `PlatformError`, `SnapshotError`: what was added before stays.
        """
        record_files(
            self._work.source.platform,
            self._work.plan.lock,
            self._context.origin,
            self._each(reader, found, stop),
            wait=self._wait,
            ending=stop,
            note=self._context.note,
            what="rebuild",
        )

    def _each(
        self, reader: Reader, found: Found, stop: Stop
    ) -> Iterator[tuple[str, Iterator[InventoryRow]]]:
        """Yield what each storage lacks; it was recorded when the next is asked for."""
        for one in self._work.wanted:
            old, inventory = one.storage.id, one.storage.inventory
            live = found.live.get(old)
            if old not in self.missing or live is None or inventory is None:
                continue
            if reason := stop.reason():
                self.reason = reason
                return
            rows = records.missing(self._repository, inventory, reader, live.id)
            # Live has been read when the first row comes, and before the platform is written to.
            if (first := next(rows, None)) is not None:
                before = self.added
                yield live.id, self._counted(chain([first], rows))
                self.storages += self.added > before
            del self.missing[old]

    def _counted(self, rows: Iterator[InventoryRow]) -> Iterator[InventoryRow]:
        """Count rows once all of them were taken: a storage gets all or none."""
        number = 0
        for row in rows:
            number += 1
            yield row
        self.added += number
