"""Recording what files storages have, under the lease like every write."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reconciler import reconcile
from reconciler.applying.hold import Waiting, held
from reconciler.environment.origin import Origin
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
    what: str = "scan",
) -> None:
    """Add to the inventory of each storage, by its id, the files that go with it.

    `wait` is how many seconds to wait for whoever else writes; `what` is what others are told that
    the lease is held for. Raises `PlatformError`: then those
    before are recorded, and it may be done again.
    """
    with held(platform, lock, origin, wait=wait, ending=ending, note=note, what=what) as hold:
        reconcile.record_files(platform, files, wait=wait, lease=hold.lease, lost=hold.lost)
