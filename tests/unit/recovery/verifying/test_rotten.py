"""Rot that a scan has seen: it must not be forgotten, though the scan's record has it too."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.errors import RepositoryError
from reconciler.recovery import rows
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.verifying import results, rotten, scans
from reconciler.recovery.verifying.judging.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling.concluding import Means
from support.recovery.kept import PLACE, keep_scan, night, ns

GOOD = Content(b"a", rows.FILE, 7, ns(night(-100)), b"g" * 32, rows.READ, ns(night(0)) // 10**9)
ROTTEN = replace(GOOD, sha256=b"r" * 32)
WRITTEN = replace(GOOD, sha256=b"w" * 32, mtime_ns=ns(night(1)))


@pytest.fixture
def repository(tmp_path):
    return open_repository(str(tmp_path / "repo"), make=True)


@pytest.fixture
def scan(repository):
    def run(content, number, **more):
        kept = keep_scan(repository, content, number)
        record.write(repository, kept, instead=kept.id)
        scanned = Scanned("nas", scan=kept, **({"altered": 1} | more))
        rotten.keep(repository, scanned, lambda: night(number))
        return scanned

    return run


@pytest.fixture
def verify(repository, scan):
    """Compare a scan with one that a snapshot has, of the same bytes."""

    def run(content, number):
        one, other = scan(content, number, altered=0).scan, keep_scan(repository, content, 50)
        means = Means(repository, lambda: night(50), settled_ns=SETTLED_NS)
        return scans.compare(of_scan(one), of_scan(other), "nas", means, (repository, repository))

    return run


def known(repository):
    episodes = store.read(repository, PLACE).episodes
    return [(f.what, f.path, f.first_seen[:10], f.resolved[:10]) for f in episodes]


def test_rot_lasts_though_later_snapshots_have_the_same_bytes(scan, verify, repository):
    scan([GOOD, replace(GOOD, path=b"b")], 0)
    scan([ROTTEN, replace(WRITTEN, path=b"b")], 1)
    assert known(repository) == [("damaged", b"a", "2026-11-02", "")]
    result = verify([ROTTEN], 2)
    assert (result.found, result.still_damaged, result.verdict) == ({}, 1, results.DIFFERS)


@pytest.mark.parametrize("content", [GOOD, replace(GOOD, mtime_ns=ns(night(2))), WRITTEN])
def test_it_is_over_when_the_bytes_are_back_or_somebody_wrote_it(scan, verify, content):
    scan([GOOD], 0)
    scan([ROTTEN], 1)
    scan([content], 2)
    result = verify([content], 3)
    assert (result.resolved_count, result.verdict) == (1, results.AGREES)


@pytest.mark.parametrize(
    "content", [replace(ROTTEN, mtime_ns=ns(night(2))), replace(GOOD, sha256=b"s" * 32)]
)
def test_it_is_not_over_when_it_is_only_touched_or_rots_on(scan, verify, content):
    scan([GOOD], 0)
    scan([ROTTEN], 1)
    assert verify([content], 2).verdict == results.DIFFERS


def test_what_an_earlier_run_of_the_scan_has_read_counts_as_well(scan, repository):
    scan([GOOD], 0)
    scan([ROTTEN], 1, altered=0, went_on_from="2026-11-01T02:00:00.000Z")
    assert known(repository) == [("damaged", b"a", "2026-11-02", "")]


def test_a_scan_without_rot_or_without_an_earlier_one_keeps_nothing(scan, repository):
    scan([GOOD], 0)
    scan([GOOD, replace(GOOD, path=b"b")], 1, went_on_from="2026-11-01T02:00:00.000Z")
    assert known(repository) == []
    assert list(repository.names(layout.findings(PLACE))) == []


def test_that_it_can_not_be_kept_is_told(scan, repository, monkeypatch):
    scan([GOOD], 0)

    def full(*_arguments):
        raise RepositoryError("the disk is full")

    monkeypatch.setattr(store, "keep", full)
    scanned = scan([ROTTEN], 1)
    assert scanned.notes == ["Which files are damaged could not be kept: the disk is full"]


@pytest.mark.parametrize("kind", [rows.UNREADABLE, rows.CHANGING])
def test_that_it_could_not_be_read_meanwhile_ends_nothing(scan, repository, verify, kind):
    scan([GOOD], 0)
    rot, hidden = scan([ROTTEN], 1).scan, Content(b"a", kind, 7, GOOD.mtime_ns, detail=b"EIO")
    means = Means(repository, lambda: night(2), settled_ns=SETTLED_NS)
    sides = of_scan(rot), of_scan(keep_scan(repository, [hidden], 2))
    result = scans.compare(*sides, "nas", means, (repository, repository))
    assert (result.found, result.verdict) == ({kind: 1}, results.DIFFERS)
    assert verify([ROTTEN], 3).verdict == results.DIFFERS
