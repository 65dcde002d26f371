"""What a repository once knew of a storage and can't read any more: nobody knows what lasts."""

from __future__ import annotations

from reconciler.errors import SnapshotError
from reconciler.recovery.findings import store
from reconciler.recovery.findings.store import Known
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.values import Scan
from reconciler.recovery.verifying.telling import found

UNTOLD = (
    "What the last scan found damaged or gone, or one before it, is not kept: it was killed, or "
    "could not keep it, unless it is about to end: scan it again, which tells it"
)


def sentences(repository: Repository, lasts: LastRecords, place: str, known: Known) -> list[str]:
    """Say what of the findings that are known, and of the last scan of a place, is lost.

    Raises `RepositoryError`.
    """
    told = list(known.problems)
    try:
        last = lasts.of(place)
    except SnapshotError as error:
        return [*told, str(error)]
    if last is not None and last.lost:
        told.append(reasons.lost(last.lost, repository.address))
    gone = findings(repository, last, known) if last is not None else ""
    if gone:
        told.append(gone)
    if last is not None and not (known.damaged or gone):
        told += _untold(repository, last, known)
    return told


def _untold(repository: Repository, last: Scan, known: Known) -> list[str]:
    try:
        return [UNTOLD] if found.is_untold(repository, last, known) else []
    except SnapshotError as error:
        return [str(error)]


def findings(repository: Repository, scan: Scan, known: Known) -> str:
    """Say that findings are gone of which the last scan of a place knew; empty: they are there.

    What was `known` when it was read may be older than the scan. Raises `RepositoryError`.
    """
    key = layout.storage_key(scan.place)
    if known.has(scan.findings) or store.read_below(repository, key).has(scan.findings):
        return ""
    return store.missing(repository, scan.findings)
