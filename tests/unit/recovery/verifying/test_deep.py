"""What the reading of a storage has to say beside what the comparison says."""

from __future__ import annotations

import pytest

from reconciler.environment.timestamps import utc_now
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_REACHABLE, UNFINISHED, Scanned
from reconciler.recovery.snapshots.create import _of_scan
from reconciler.recovery.snapshots.document import SnapshotStorage
from reconciler.recovery.verifying import deep
from reconciler.recovery.verifying.judging.sides import SETTLED_NS
from reconciler.recovery.verifying.results import UNKNOWN
from reconciler.recovery.verifying.telling.concluding import Means
from support.recovery.memory import TARGET


@pytest.fixture
def kept(nights) -> SnapshotStorage:
    contents = _of_scan(nights.verified, 0)
    return SnapshotStorage(
        "id", "nas", "", "local", TARGET.url, TARGET.place, "", None, "", None, contents
    )


@pytest.mark.parametrize("status", [COMPLETE, UNFINISHED, NOT_REACHABLE])
def test_what_the_reading_says_is_told_with_the_comparison(nights, kept, status):
    ended = nights.scan(kept=False)
    scan = ended.scan if status == COMPLETE else None
    scanned = Scanned("nas", status, "why", scan, notes=["once", "once"], forgotten=True)
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)
    targets = {TARGET.place: TARGET}
    (told,) = deep.verify([kept], targets, means, nights.repository, lambda *_: scanned)
    assert told.notes == ("once",)
    assert told.forgotten
    assert told.verdict == UNKNOWN
