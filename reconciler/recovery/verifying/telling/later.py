"""What a comparison of the past finds, and later scans know to be over."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.findings.episodes import NEEDS_PROOF, Key
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.recorded import look, of_scan
from reconciler.recovery.verifying.telling.apart import is_over
from reconciler.recovery.verifying.telling.means import Means


def over_since(means: Means, place: str, found: Mapping[Key, FileFinding], moment: str) -> set[Key]:
    """Return what was `found` of a `moment`, and is over as the last scan of the place says.

    None is where that scan is no later, or can't be read. Raises `RepositoryError`.
    """
    asked = {k: f for k, f in found.items() if f.what in NEEDS_PROOF and f.path and not f.about}
    if not asked:
        return set()
    try:
        last = means.lasts.of(place)
        if last is None or last.ended_at <= moment:
            return set()
        now = look(means.repository, of_scan(last), {finding.path for finding in asked.values()})
    except SnapshotError:
        return set()
    return {
        each
        for each, finding in asked.items()
        if is_over(replace(finding, last_seen=moment), now.get(finding.path))
    }
