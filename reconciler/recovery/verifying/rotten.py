"""What a scan reads and finds rotten: kept as findings, for its own record has the rotten bytes.

The next scan, and the next snapshot, take the newest hash for what should be. Without this, rot
that a scan saw would be forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery import values
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.values import FileFinding, Scan
from reconciler.recovery.verifying.judging.classify import classify, same_bytes
from reconciler.recovery.verifying.judging.sides import Circumstances
from reconciler.recovery.verifying.recorded import Recorded, of_scan


def keep(repository: Repository, scanned: Scanned, clock: Callable[[], datetime]) -> None:
    """Keep which files have other bytes than at the scan before, though nobody wrote them.

    That it can't be kept is a note of `scanned`.
    """
    # What an earlier run of the same scan has read is not among what this one counts.
    if scanned.scan is None or not (scanned.altered or scanned.went_on_from):
        return
    try:
        _keep(repository, scanned.scan, clock)
    except (RepositoryError, SnapshotError) as error:
        scanned.notes.append(f"Which files are damaged could not be kept: {error}")


def _keep(repository: Repository, scan: Scan, clock: Callable[[], datetime]) -> None:
    before = [known for known in record.all_of(repository, scan.place) if known.id < scan.id]
    if not before:
        return
    found = _found(repository, of_scan(before[-1]), of_scan(scan), scan.name)
    known = store.read(repository, scan.place)
    found = _without_restored(found, episodes.open_ones(known.episodes))
    if found:
        after = episodes.observed(known.episodes, found, scan.ended_at, lambda _finding: False)
        store.keep(repository, scan.place, after, known, clock())


def _without_restored(
    found: dict[Key, FileFinding], lasting: dict[Key, FileFinding]
) -> dict[Key, FileFinding]:
    """Leave out the files whose good bytes are back: `verify` will say that it is over."""
    return {
        key: finding
        for key, finding in found.items()
        if (known := lasting.get(key)) is None
        or known.was is None
        or finding.now is None
        or same_bytes(known.was, finding.now) is not True
    }


def _found(
    repository: Repository, was: Recorded, now: Recorded, storage: str
) -> dict[Key, FileFinding]:
    """Return as many as are kept of one storage, by key."""
    by = Circumstances(storage, now.place, was.side(), now.side())
    found: dict[Key, FileFinding] = {}
    with (
        repository.local(layout.part(was.contents)) as one,
        repository.local(layout.part(now.contents)) as other,
    ):
        rows = (read.batches(one, CONTENTS, sha256=was.contents), read.batches(other, CONTENTS))
        for finding in _damaged(merge.differences(*rows), by):
            found[episodes.key(finding)] = finding
            if len(found) == episodes.MOST_OPEN:
                break
    return found


def _damaged(differences: merge.Differences[Content], by: Circumstances) -> Iterator[FileFinding]:
    for path, was, now in differences:
        judged = classify(path, was, now, by)
        if judged.what == values.DAMAGED and judged.finding is not None:
            yield judged.finding
