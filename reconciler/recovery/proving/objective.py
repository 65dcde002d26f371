"""Storages held against their objectives, by what a repository has: none of them is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.model import Objective
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.proving.coverage import cover
from reconciler.recovery.proving.results import Proved, StorageProved
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning import reasons, standing
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.values import NOT_REACHABLE, FileFinding, LeftOut, Scan
from reconciler.recovery.verifying.results import Elsewhere
from reconciler.recovery.verifying.telling import forgotten, found


class Declared(Struct, frozen=True):
    """A storage that has an objective."""

    name: str
    #: Its location, by which scans and findings are kept.
    place: str
    objective: Objective


def prove(
    repository: Repository,
    storages: Iterable[Declared],
    now: int,
    notes: Iterable[str] = (),
    others: Iterable[Elsewhere] = (),
) -> Proved:
    """Say of each storage which bytes were proved within the cycle that ends `now`.

    `others` are those that are none of them, and with which something is known to be wrong.
    `now` is in seconds since 1970. Raises `RepositoryError`; that what is known of a storage is
    damaged is told of that one.
    """
    lasts = LastRecords(repository)
    each = (_storage(repository, lasts, one, now) for one in storages)
    return Proved(repository.address, now, tuple(each), tuple(notes), tuple(others))


def _storage(
    repository: Repository, lasts: LastRecords, declared: Declared, now: int
) -> StorageProved:
    told = StorageProved(declared.name, declared.place, declared.objective)
    known = store.read(repository, declared.place)
    if known.damaged:
        told = replace(told, problem=f"What was found wrong can't be read: {known.damaged[0]}")
    elif known.problems:
        told = replace(told, problem=known.problems[0])
    lasting = list(episodes.open_ones(known.episodes).values())
    told = replace(told, wrong=_wrong(lasting))
    for finding in lasting:
        if finding.what == NOT_REACHABLE and not finding.about:
            told = replace(told, not_reachable=finding.note, not_reachable_since=finding.first_seen)
    try:
        scan = lasts.of(declared.place)
        if scan is None:
            return told
        if scan.lost:
            missed = reasons.lost(scan.lost, repository.address)
            told = replace(told, problem=told.problem or missed)
        elif gone := forgotten.findings(repository, scan, known):
            told = replace(told, problem=told.problem or gone)
        elif not known.damaged and found.is_untold(repository, scan, known):
            told = replace(told, problem=forgotten.UNTOLD)
        unlisted = next((part.message for part in scan.unproved if part.is_unlisted), "")
        return replace(
            told,
            problem=told.problem or unlisted or standing.told(repository, scan),
            coverage=cover(repository, scan, declared.objective, now),
            scanned_at=scan.ended_at,
            scan=scan.id,
            listed_at=scan.listed_at,
            left_out=_left_out(scan, declared.objective, exempt=False),
            exempt=_left_out(scan, declared.objective, exempt=True),
        )
    except SnapshotError as error:
        return replace(told, problem=str(error))


def _wrong(lasting: Iterable[FileFinding]) -> dict[str, int]:
    """Count what needs proof that it is over, and nobody has accepted."""
    wrong = (
        finding.what
        for finding in lasting
        if finding.what in episodes.NEEDS_PROOF and not finding.about
        if not episodes.is_settled(finding)
    )
    return dict(sorted(Counter(wrong).items()))


def _left_out(scan: Scan, objective: Objective, *, exempt: bool) -> tuple[LeftOut, ...]:
    """Return what the scan has left out, and the objective as well, or not."""
    return tuple(
        each
        for each in scan.counts.left_out
        if (each.glob in objective.exclude) is exempt and (each.files or each.folders)
    )
