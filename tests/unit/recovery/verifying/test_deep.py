"""What the reading of a storage has to say beside what the comparison says."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.environment.timestamps import utc_now
from reconciler.errors import RepositoryError
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_REACHABLE, UNFINISHED, Scanned, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.snapshots.create import _of_scan
from reconciler.recovery.snapshots.document import SnapshotStorage
from reconciler.recovery.verifying import deep
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.results import DIFFERS, UNKNOWN
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.failing import Failing
from support.recovery.memory import TARGET
from support.recovery.nights import ROTTEN
from support.recovery.scans import here


@pytest.fixture
def kept(nights) -> SnapshotStorage:
    contents = _of_scan(nights.verified, 0)
    return SnapshotStorage(
        "id", "nas", "", "local", TARGET.url, TARGET.place, "", None, "", None, contents
    )


def test_what_was_found_damaged_until_it_was_cut_off_is_named_and_counts(nights, kept):
    nights.put(ROTTEN)
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)

    def read(*_):
        return nights.scan(kept=False, pace=Pace(most=4))

    (told,) = deep.verify([kept], {TARGET.place: TARGET}, means, nights.repository, read)
    assert told.verdict == DIFFERS
    assert [(finding.what, finding.path) for finding in told.lasting] == [("damaged", b"f/a")]
    assert told.found == {"not_verified": 1}


@pytest.mark.parametrize("others", [0, 1])
def test_what_was_found_damaged_is_told_though_the_disk_is_full(nights, kept, others):
    nights.put(ROTTEN)
    full = Failing(nights.repository, 0)
    means = Means(full, utc_now, settled_ns=SETTLED_NS)
    reads = []

    def read(target, _):
        reads.append(target)
        ended = scan([target], full, Wish(full=True), here(), open_source=nights.storage.open)
        return next(ended)

    other = replace(kept, name="other", place="local:file:///other")
    targets = {TARGET.place: TARGET, other.place: replace(TARGET, place=other.place)}
    told, *rest = deep.verify([kept, *[other] * others], targets, means, full, read)
    assert told.verdict == DIFFERS
    assert told.found == {"damaged": 1, "not_verified": 1}
    assert [(f.what, f.path) for f in told.findings] == [("damaged", b"f/a"), ("not_verified", b"")]
    assert "the disk is full. Of what was read, 1 is damaged" in told.findings[1].note
    assert told.notes == ("Which files are damaged or gone could not be kept: the disk is full",)
    # Nothing more is read that could not be kept; and nothing is said of it.
    assert [(one.verdict, one.findings[0].note) for one in rest] == [
        (UNKNOWN, "the disk is full")
    ] * others
    assert len(reads) == 1


def test_a_repository_that_fails_before_anything_is_found_is_an_error(nights, kept):
    full = Failing(nights.repository, 0)
    means = Means(full, utc_now, settled_ns=SETTLED_NS)

    def read(target, _):
        return next(scan([target], full, Wish(full=True), here(), open_source=nights.storage.open))

    with pytest.raises(RepositoryError, match="the disk is full"):
        list(deep.verify([kept], {TARGET.place: TARGET}, means, full, read))


def test_what_an_earlier_run_has_read_is_not_told_as_read_again(nights, kept):
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)

    def notes():
        def read(*_):
            return nights.scan(kept=False)

        (told,) = deep.verify([kept], {TARGET.place: TARGET}, means, nights.repository, read)
        assert told.went_on == bool(told.notes)
        return told.notes

    nights.scan(kept=False, pace=Pace(most=4))
    (note,) = notes()
    assert note.startswith("not all was read by this run: it went on from one that began at 2026-")
    assert notes() == ()


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
