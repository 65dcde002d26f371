"""The platform's records of files, added after the storages are there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reconciler.applying.recording import record_files
from reconciler.cli.applying.signals import Stop
from reconciler.cli.context import Context
from reconciler.cli.recovery.rebuilding.following import Follow, following
from reconciler.cli.recovery.rebuilding.planning import Work
from reconciler.errors import (
    LeaseLostError,
    LockDamagedError,
    PlatformBusyError,
    PlatformLostError,
    ReconcilerError,
    UnavailableError,
)
from reconciler.platform import InventoryRow, Reader
from reconciler.recovery.rebuilding.records import Comparing
from reconciler.recovery.rebuilding.wanted import Found, Wanted
from reconciler.recovery.repository.contract import Repository
from reconciler.report.sentences.terms import bare

#: What stops one storage's records, and would stop those of every other one too.
_OF_ALL = (
    LeaseLostError,
    LockDamagedError,
    PlatformBusyError,
    PlatformLostError,
    UnavailableError,
)
#: So many records of one storage are told of before it is done.
_MANY = 10_000


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
        #: What went wrong, in sentences.
        self.problems: list[str] = []
        #: The storages that are still to be looked at, and the one whose turn it is.
        self._waiting = [one for one in work.wanted if one.storage.id in self.missing]
        self._at: Wanted | None = None
        self._follow: Follow = lambda _, __: None

    def add(self, reader: Reader, found: Found, stop: Stop) -> None:
        """Add them under the lease, storage by storage, until a signal or a limit ends it.

        What fails with one storage does not stop the others. Raises `PlatformError` for what would
        fail with each of them: what was added before stays.
        """
        total = sum(self.missing.values())
        with (
            Comparing(self._repository, reader) as comparing,
            following(self._context, "Adding file records", total) as self._follow,
        ):
            self._add_all(comparing, found, stop)

    def _add_all(self, comparing: Comparing, found: Found, stop: Stop) -> None:
        while self._waiting:
            self._at = None
            try:
                self._add(comparing, found, stop)
            except _OF_ALL:
                raise
            except ReconcilerError as error:
                if self._at is None:
                    raise
                self.problems.append(f"{bare(self._at.storage.name)}: {error}")

    def _add(self, comparing: Comparing, found: Found, stop: Stop) -> None:
        record_files(
            self._work.source.platform,
            self._work.plan.lock,
            self._context.origin,
            self._each(comparing, found, stop),
            wait=self._wait,
            ending=stop,
            note=self._context.note,
            what="rebuild",
        )

    def _each(
        self, comparing: Comparing, found: Found, stop: Stop
    ) -> Iterator[tuple[str, Iterator[InventoryRow]]]:
        """Yield what each storage lacks; it was recorded when the next is asked for."""
        while self._waiting:
            if reason := stop.reason():
                if not stop.interrupted:
                    self.problems.append(f"not all records of files were added: {reason}")
                self._waiting.clear()
                return
            one = self._at = self._waiting.pop(0)
            live, inventory = found.live.get(one.storage.id), one.storage.inventory
            if live is None or inventory is None:
                continue  # that it is not live is told anyway
            rows = comparing.missing(inventory, live.id)
            # Live has been read when the first row comes, and before the platform is written to.
            if (first := next(rows, None)) is not None:
                taken = _Counted(chain([first], rows), one.storage.name, self._follow)
                yield live.id, taken
                taken.tell()
                self.added += taken.number
                self.storages += 1
            del self.missing[one.storage.id]


class _Counted:
    """Rows, and how many of them were taken."""

    def __init__(self, rows: Iterator[InventoryRow], name: str, follow: Follow) -> None:
        self._rows = rows
        self._name = name
        self._follow = follow
        self._told = 0
        self.number = 0

    def tell(self) -> None:
        """Tell how many were taken since it was told last."""
        self._follow(self.number - self._told, self._name)
        self._told = self.number

    def __iter__(self) -> Iterator[InventoryRow]:
        return self

    def __next__(self) -> InventoryRow:
        row = next(self._rows)
        self.number += 1
        if self.number - self._told >= _MANY:
            self.tell()
        return row
