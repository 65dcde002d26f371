"""Files with other bytes and another time, though they had settled: told by the scan that read it.

A file that rotted and got another time later looks like one that was written: no program can tell
the one from the other, and the scans after this one know only what is there now.
"""

from __future__ import annotations

import heapq

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import key
from reconciler.recovery.findings.history import History, has_good_bytes, of_each
from reconciler.recovery.parts import merge
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import TOLD
from reconciler.recovery.values import CHANGED, Scan
from reconciler.recovery.verifying import scans
from reconciler.recovery.verifying.comparing.classify import classify
from reconciler.recovery.verifying.comparing.sides import Circumstances
from reconciler.recovery.verifying.recorded import of_scan


def count(repository: Repository, scanned: Scanned, settled_ns: int) -> None:
    """Count in `scanned` the files that are not what the scan before had, and had settled then.

    Those that are good again are none, and where the scan before was pruned, there are none. That
    something else can't be read is a note of `scanned`: nobody knows then how many there are.
    """
    scan = scanned.scan
    if scan is None or not scan.after:
        return
    try:
        before = record.of(repository, scan.place, scan.after)
        if before is not None and before.contents != scan.contents:
            _count(repository, scanned, (before, scan), settled_ns)
    except (RepositoryError, SnapshotError) as error:
        scanned.changed, scanned.changed_first = 0, []
        scanned.notes.append(f"Which files were written could not be found out: {error}")


def _count(
    repository: Repository, scanned: Scanned, both: tuple[Scan, Scan], settled_ns: int
) -> None:
    was, now = map(of_scan, both)
    by = Circumstances(scanned.storage, now.place, was.side(), now.side(), settled_ns=settled_ns)
    # This very scan may have ended one, by the good bytes.
    histories = of_each(store.read(repository, now.place).episodes)
    with scans.rows(repository, was) as one, scans.rows(repository, now) as other:
        for path, then, there in merge.differences(one, other):
            if then is None or there is None:
                continue
            judged = classify(path, then, there, by)
            if judged.what != CHANGED or judged.finding is None:
                continue
            known = histories.get(key(judged.finding), History()).last
            if known is None or not has_good_bytes(known, there):
                scanned.changed += 1
                scanned.changed_first = heapq.nsmallest(TOLD, [*scanned.changed_first, path])
