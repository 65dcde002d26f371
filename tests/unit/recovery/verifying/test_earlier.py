"""Which bytes of a file came first, by earlier scans, where no finding says so any more."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery import rows
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.known import record
from reconciler.recovery.verifying import earlier, scans
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling import apart
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.kept import PLACE, keep_scan, night, ns

OLD, WRITTEN = ns(night(-100)), ns(night(-90))


def file(path, sha256, **more):
    content = Content(path, rows.FILE, 7, OLD, sha256 * 32, rows.READ, ns(night(0)) // 10**9)
    return replace(content, **more)


GOOD, ROTTEN, THIRD = (file(b"a", sha256) for sha256 in (b"g", b"r", b"t"))


@pytest.fixture
def repository(tmp_path):
    return open_repository(str(tmp_path / "repo"), make=True)


@pytest.fixture
def last(repository):
    """Keep scans, one a night, and compare the last of them with the one before."""

    def compared(*nights, since=0):
        kept = [keep_scan(repository, each, n) for n, each in enumerate(nights, since)]
        for scan in kept:
            record.write(repository, scan, after=record.newest(repository, PLACE))
        means = Means(repository, lambda: night(since + len(nights)), settled_ns=SETTLED_NS)
        was, now = kept[-2:]
        homes = (repository, repository)
        return scans.compare(of_scan(was), of_scan(now), "nas", means, homes)

    return compared


def test_bytes_that_came_first_are_good_though_no_finding_says_so(last, repository):
    result = last([GOOD], [ROTTEN], [GOOD])
    assert (result.found, result.findings, result.compared) == ({}, (), 1)
    assert store.read(repository, PLACE).episodes == ()


def test_of_what_somebody_wrote_since_only_the_scan_of_the_snapshot_is_asked(
    last, repository, monkeypatch
):
    written = replace(GOOD, mtime_ns=WRITTEN)
    monkeypatch.setattr(earlier.CameFirst, "_earlier", lambda _: pytest.fail("it was asked"))
    assert last([GOOD], [ROTTEN], [written]).found == {"changed": 1}
    kept = earlier.record.of

    def remembering(*which):
        remembered = keep_scan(repository, [GOOD], -1).contents
        return replace(kept(*which), remembered=remembered)

    monkeypatch.setattr(earlier.record, "of", remembering)
    for now in (written, GOOD):
        assert last([GOOD], [ROTTEN], [now], since=3 + (now is GOOD) * 3).found == {}


def test_they_are_good_also_under_an_older_time(last):
    assert last([GOOD], [ROTTEN], [replace(GOOD, mtime_ns=OLD - 10**9)]).found == {}


@pytest.mark.parametrize(
    "before",
    [
        [],
        [[GOOD]],
        [[ROTTEN], [GOOD]],
        [[THIRD], [GOOD]],
        [[replace(GOOD, mtime_ns=WRITTEN)]],
        [[GOOD], [replace(THIRD, mtime_ns=WRITTEN)]],
        [[replace(GOOD, proof=rows.STORED)]],
        [[replace(GOOD, sha256=None, proof="")]],
    ],
    ids=[
        "nothing",
        "good first",
        "wrong first",
        "others first",
        "another time",
        "written since",
        "a sum of the storage",
        "not read",
    ],
)
def test_other_bytes_stay_damaged_where_no_earlier_scan_says_that_they_came_first(last, before):
    was, now = (GOOD, ROTTEN) if before == [[GOOD]] else (ROTTEN, GOOD)
    assert last(*before, [was], [now]).found == {"damaged": 1}


def test_of_a_scan_that_is_lost_nobody_knows_what_came_first(last, repository):
    lost = keep_scan(repository, [THIRD], -1)
    record.write(repository, lost, after="")
    repository.remove(layout.part(lost.contents))
    assert last([GOOD], [ROTTEN], [GOOD]).found == {"damaged": 1}


def test_a_finding_that_takes_good_bytes_for_damaged_is_over(last, repository):
    before = keep_scan(repository, [GOOD], -1)
    assert last([ROTTEN], [GOOD]).found == {"damaged": 1}
    record.write(repository, before, after="~")  # as if it had been known then
    result = last([ROTTEN], [GOOD], since=2)
    assert (result.found, result.still_open, result.resolved_count) == ({}, 0, 1)


def test_as_many_are_told_as_there_are_and_few_are_held(last, monkeypatch):
    monkeypatch.setattr(apart, "TOGETHER", 2)
    asked = []
    those = earlier.CameFirst.those

    def noted(self, findings):
        some = list(findings)
        asked.append([finding.path for finding in some])
        return those(self, some)

    monkeypatch.setattr(earlier.CameFirst, "those", noted)
    names = [b"%d" % n for n in range(5)]
    good, rotten = ([file(n, sha256) for n in names] for sha256 in (b"g", b"r"))
    now = [*good[:4], file(b"4", b"t")]
    assert last(good, rotten, now).found == {"damaged": 1}
    assert asked == [[b"0", b"1"], [b"2", b"3"], [b"4"]]


def test_nothing_is_asked_where_nothing_differs(last, monkeypatch):
    monkeypatch.setattr(earlier.CameFirst, "_earlier", lambda _: pytest.fail("it was asked"))
    assert last([GOOD], [ROTTEN], [ROTTEN]).found == {}
