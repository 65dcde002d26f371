"""Clocks that are wrong: snapshots are in order by their times, and what is later says what is."""

from __future__ import annotations

from reconciler.environment.origin import run_id
from reconciler.environment.timestamps import APART, moment_of
from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Snapshot


def refuse_behind(repository: Repository, now: float) -> None:
    """Raise `SnapshotError` if the newest snapshot is of a later time, in seconds since 1970.

    A new one would be taken for an earlier one, and compared the wrong way round. Raises
    `RepositoryError`.
    """
    newest = max(listing.ids(repository), default="")
    if newest >= run_id(now, b""):
        folder = quoted(layout.snapshot(newest, ""))
        raise SnapshotError(
            f"the clock of this machine ({moment_of(now)}) is behind the newest snapshot in "
            f"{repository.address}, {newest}: set it right, for a snapshot that is made now would "
            "be taken for an earlier one. If the clock of that one was ahead, remove it by hand "
            f"({folder})"
        )


def refuse_scans_ahead(snapshot: Snapshot, now: float) -> None:
    """Raise `SnapshotError` if a scan that a snapshot takes ended later than `now`."""
    until = moment_of(now + APART)
    for storage in snapshot.storages:
        if storage.contents is not None and storage.contents.ended_at > until:
            raise SnapshotError(
                f"the clock of this machine ({moment_of(now)}) is behind the last scan of "
                f"{quoted(storage.name)}, which ended at {storage.contents.ended_at}: set it right"
            )


def is_before(one: Snapshot, other: Snapshot) -> bool:
    """Return whether a snapshot was made before another one."""
    if one.lineage == other.lineage:
        return one.serial < other.serial
    return one.id < other.id
