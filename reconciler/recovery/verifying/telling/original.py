"""What is known to be wrong with a storage, held against a copy of it.

A snapshot may have the wrong bytes as well: a copy that agrees with it is not right for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.findings.history import History, has_good_bytes, is_of_bytes
from reconciler.recovery.rows import DELETED, PROVEN, Content, same_bytes
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.spool import Spooled
from reconciler.recovery.verifying.telling.means import Means, Present


def wrong_in_copy(
    means: Means,
    place: str,
    there: Mapping[Key, History],
    told: Iterable[Spooled],
    present: Present,
) -> list[FileFinding]:
    """Return what is wrong with a copy as it is, or was, `there`, at the place of the original.

    What the copy is `told` otherwise of is left out, and what is over there unless the good bytes
    are there again. Raises `RepositoryError`, `SnapshotError`.
    """
    each = ((known, known.last) for known in there.values())
    asked = {last.path: known for known, last in each if last and is_of_bytes(last)}
    for finding, listed in told if asked else ():
        if listed and not finding.about:
            asked.pop(finding.path, None)
    side, rows = present.side, present.look(asked) if asked else {}
    seen = (p for p in sorted(asked) if side.lost.over(p) is None and not side.excluded(p))
    found = [f for path in seen if (f := asked[path].in_copy(rows.get(path)))]
    over = {f.path: last for f in found if (last := asked[f.path].last) and last.resolved}
    now = means.last_rows(place, over) or {}
    return [f for f in found if f.path not in over or _is_other(f, over[f.path], now.get(f.path))]


def _is_other(finding: FileFinding, over: FileFinding, there: Content | None) -> bool:
    """Return whether the original is good, or was written since: no word for the copy's bytes."""
    here = finding.now
    if there is not None and here is not None and here.kind != DELETED:
        return there.proof in PROVEN and same_bytes(here, there) is False
    return has_good_bytes(over, there)
