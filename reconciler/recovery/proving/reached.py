"""Whether a scan reached a storage: kept as a finding, which says since when it was not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.values import NOT_REACHABLE, FileFinding, Target


def keep(
    repository: Repository, target: Target, scanned: Scanned, clock: Callable[[], datetime]
) -> None:
    """Keep that a storage could not be reached, or could again.

    That it can't be kept is a note of `scanned`.
    """
    found = []
    if scanned.status == NOT_REACHABLE:
        found.append(FileFinding(NOT_REACHABLE, target.name, target.place, note=scanned.reason))
    elif scanned.scan is None:
        return
    try:
        _keep(repository, target.place, found, clock())
    except RepositoryError as error:
        scanned.notes.append(f"Whether it could be reached could not be kept: {error}")


def _keep(repository: Repository, place: str, found: list[FileFinding], moment: datetime) -> None:
    known = store.read(repository, place)
    now = timestamp(moment, "milliseconds")
    after = episodes.observed(
        known.episodes,
        {episodes.key(finding): finding for finding in found},
        now,
        lambda finding: finding.what == NOT_REACHABLE,
        now,
    )
    if after != list(known.episodes):
        store.keep(repository, place, after, known, moment)
