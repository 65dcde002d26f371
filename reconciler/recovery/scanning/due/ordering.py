"""Which storage comes first, where a limit may leave no room for all."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import SnapshotError
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.values import Scan, Target


def in_turn(targets: Sequence[Target], repository: Repository) -> list[Target]:
    """Return the storages whose oldest proof is oldest first; raises `RepositoryError`.

    Those of which something was never read come last, and get all that is left: however much that
    is, it never keeps the others from being proved in time.
    """
    lasts = LastRecords(repository)
    return sorted(targets, key=lambda target: (*_age(lasts, target.place), target.name))


def _age(lasts: LastRecords, place: str) -> tuple[bool, int]:
    try:
        last = lasts.of(place)
    except SnapshotError:  # whoever scans it says what is damaged
        last = None
    if last is None or _is_unread(last):
        return True, 0
    return False, last.counts.oldest_proof or 0


def _is_unread(scan: Scan) -> bool:
    return any(part.is_unread for part in scan.unproved)
