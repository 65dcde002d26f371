"""Recording what files storages have, under the lease like every write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from reconciler import reconcile
from reconciler.applying.hold import Waiting, held
from reconciler.environment.origin import Origin
from reconciler.executor.recording import Record, Task
from reconciler.platform import InventoryRow, Platform


def record_files(
    platform: Platform,
    lock: str | None,
    origin: Origin,
    files: Iterable[tuple[str, Iterable[InventoryRow]]],
    *,
    wait: float,
    ending: Waiting,
    note: Callable[[str], None],
) -> None:
    """Add to the inventory of each storage, by its id, the files that go with it.

    `wait` is how many seconds to wait for whoever else writes. Raises `PlatformError`: then those
    before are recorded, and it may be done again.
    """
    tasks = (partial(_record, id, rows) for id, rows in files)
    record_each(platform, lock, origin, tasks, 1, wait=wait, ending=ending, note=note, what="scan")


def record_each(
    platform: Platform,
    lock: str | None,
    origin: Origin,
    tasks: Iterator[Task],
    most: int,
    *,
    wait: float,
    ending: Waiting,
    note: Callable[[str], None],
    what: str,
) -> None:
    """Carry out tasks that each find out and record the files of one storage, `most` at a time.

    `what` is what others are told that the lease is held for; the rest is as above. Raises what a
    task raises, and `PlatformError`: what was recorded before stays.
    """
    with held(platform, lock, origin, wait=wait, ending=ending, note=note, what=what) as hold:
        reconcile.record_each(platform, tasks, most, wait=wait, lease=hold.lease, lost=hold.lost)


def _record(id: str, rows: Iterable[InventoryRow], record: Record) -> None:
    record(id, rows)
