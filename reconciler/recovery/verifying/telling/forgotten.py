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
    if last is not None and (gone := findings(repository, last, known)):
        told.append(gone)
    return told


def findings(repository: Repository, scan: Scan, known: Known) -> str:
    """Say that findings are gone of which the last scan of a place knew; empty: they are there.

    What was `known` when it was read may be older than the scan. Raises `RepositoryError`.
    """
    key = layout.storage_key(scan.place)
    if known.has(scan.findings) or store.read_below(repository, key).has(scan.findings):
        return ""
    return store.missing(repository, scan.findings)
