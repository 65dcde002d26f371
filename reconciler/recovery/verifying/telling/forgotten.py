"""What a repository once knew of a storage and can't read any more: nobody knows what lasts."""

from __future__ import annotations

from reconciler.errors import SnapshotError
from reconciler.recovery.findings.store import Known
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.known.lasts import Lasts


def sentences(lasts: Lasts, place: str, known: Known) -> list[str]:
    """Say what of the findings that are known, and of the last scan of a place, is lost.

    Raises `RepositoryError`.
    """
    told = list(known.damaged)
    try:
        last = lasts.of(place)
    except SnapshotError as error:
        return [*told, str(error)]
    if last is not None and last.lost:
        told.append(reasons.lost(last.lost))
    return told
