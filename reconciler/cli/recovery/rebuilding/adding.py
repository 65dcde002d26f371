"""The platform's records of files, added after the storages are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from threading import Lock

from reconciler.applying.recording import record_each
from reconciler.cli.applying.agreement import TermsOptions
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
from reconciler.executor.recording import Record, Task
from reconciler.location import same_place
from reconciler.platform import InventoryRow, Reader
from reconciler.recovery.rebuilding.records import AT_ONCE, Comparing
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

    def __init__(
        self, context: Context, options: TermsOptions, work: Work, repository: Repository
    ) -> None:
        self._context = context
        self._options = options
        self._work = work
        self._repository = repository
        #: How many records were added, and to how many storages.
        self.added = self.storages = 0
        #: How many records are still missing, by the id of the storage in the snapshot.
        self.missing = {id: each.missing for id, each in work.records.items() if each.missing}
        #: What went wrong, in sentences.
        self.problems: list[str] = []
        #: Held by whoever of several threads counts or tells.
        self._lock = Lock()

    def add(self, reader: Reader, found: Found, stop: Stop) -> None:
        """Add them under the lease, storage by storage, until a signal or a limit ends it.

        What fails with one storage does not stop the others. Raises `PlatformError` for what would
        fail with each of them: what was added before stays.
        """
        total = sum(self.missing.values())
        with (
            Comparing(self._repository, reader) as comparing,
            following(self._context, "Adding file records", total) as follow,
        ):
            record_each(
                self._work.source.platform,
                self._work.plan.lock,
                self._context.origin,
                self._tasks(comparing, found, follow, stop),
                min(self._options.parallelism, AT_ONCE),
                wait=self._options.lock_timeout,
                ending=stop,
                note=self._context.note,
                what="rebuild",
            )

    def _tasks(
        self, comparing: Comparing, found: Found, follow: Follow, stop: Stop
    ) -> Iterator[Task]:
        for one in self._work.wanted:
            live = found.live.get(one.storage.id)
            if one.storage.id not in self.missing or not live or not same_place(one.entry, live):
                continue  # that it is not there is told anyway
            if reason := stop.reason():
                if not stop.interrupted:
                    self.problems.append(f"not all records of files were added: {reason}")
                return
            yield partial(self._add, comparing, follow, one, live.id)

    def _add(
        self, comparing: Comparing, follow: Follow, one: Wanted, id: str, record: Record
    ) -> None:
        name, inventory = one.storage.name, one.storage.inventory
        try:
            rows = comparing.missing(inventory, id) if inventory else iter(())
            taken = _Counted(rows, partial(self._tell, follow, name))
            # Live has been read when the first row comes, and before the platform is written to.
            if taken.begin():
                record(id, taken)
        except _OF_ALL:
            raise
        except ReconcilerError as error:
            with self._lock:
                self.problems.append(f"{bare(name)}: {error}")
            return
        taken.tell()
        with self._lock:
            self.added += taken.number
            self.storages += bool(taken.number)
            del self.missing[one.storage.id]

    def _tell(self, follow: Follow, name: str, number: int) -> None:
        with self._lock:
            follow(number, name)


class _Counted:
    """Rows, and how many of them were taken."""

    def __init__(self, rows: Iterator[InventoryRow], tell: Callable[[int], None]) -> None:
        self._rows = rows
        self._tell = tell
        self._told = 0
        self.number = 0

    def begin(self) -> bool:
        """Look for the first row, and return whether there is one."""
        first = next(self._rows, None)
        if first is not None:
            self._rows = chain([first], self._rows)
        return first is not None

    def tell(self) -> None:
        """Tell how many were taken since it was told last."""
        if self.number > self._told:
            self._tell(self.number - self._told)
        self._told = self.number

    def __iter__(self) -> Iterator[InventoryRow]:
        return self

    def __next__(self) -> InventoryRow:
        row = next(self._rows)
        self.number += 1
        if self.number - self._told >= _MANY:
            self.tell()
        return row
