"""Which snapshots are compared where nobody has named one."""

from __future__ import annotations

from reconciler.errors import SnapshotError
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots import clocks, listing
from reconciler.recovery.snapshots.document import Kept


def most_complete(repository: Repository) -> tuple[Kept, tuple[str, ...]]:
    """Return the last complete snapshot, or the last one where none is complete.

    And the ids of those that are newer, and were passed over, as they are incomplete. Raises
    `SnapshotError` if there is none.
    """
    there = listing.ids(repository)  # before it chooses: what comes meanwhile is not passed over
    kept = listing.newest(repository, complete=True) or listing.latest(repository)
    return kept, tuple(id for id in there if id > kept.snapshot.id)


def before(home: Repository, kept: Kept) -> Kept:
    """Return the last snapshot before another one, complete or not; raises `SnapshotError`."""
    for earlier in listing.newest_first(home):
        if clocks.is_before(earlier.snapshot, kept.snapshot):
            return earlier
    raise SnapshotError(
        f"no snapshot in {home.address} is older than {kept.snapshot.id}: there is nothing to "
        "compare it with yet"
    )
