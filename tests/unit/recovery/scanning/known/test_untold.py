"""Which scans nobody was told of, by what is known to be told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.findings.store import NO_SCANS, Known
from reconciler.recovery.scanning.known import untold
from support.recovery.snapshots import scanned
from support.values.building import storage

IDS = [f"202611{day:02}-200000-000-0123ab" for day in range(1, 10)]


@pytest.fixture
def line(repository):
    """Nine scans, of which each but the first was made after another one."""
    one = scanned(repository, storage("nas"))
    return {
        id: replace(one, id=id, after=after, ended_at=f"2026-11-0{day}T20:00:00.000Z")
        for day, (id, after) in enumerate(zip(IDS, ["", *IDS], strict=False), 1)
    }


def told(*scans, until=""):
    return Known(records=("findings/a.json",), told_scans=scans, told_until=until)


@pytest.mark.parametrize(
    ("known", "first"),
    [
        (told(IDS[5]), 6),
        (told(IDS[7]), 8),
        (told(IDS[8]), 8),
        (told(IDS[2], IDS[5]), 6),
        (told(*NO_SCANS), 0),
        (told(until="20261104200000000123"), 4),
        (told(until="20261104195959000000"), 3),
        # One whose record is gone.
        (told("20261120-200000-000-0123ab"), 0),
    ],
)
def test_it_is_those_since_the_last_one_that_was_told(line, known, first):
    found = untold.before(line[IDS[8]], known, line.get)
    assert [scan.id for scan in found.scans] == IDS[first:8]
    assert found.lost is None


def test_those_of_another_line_are_taken_up_until_one_that_both_know(line):
    """As a copy had it that was put together with this one after its second scan."""
    copy = {
        id: replace(line[IDS[1]], id=id, after=after, ended_at=f"2026-11-0{day}T21:00:00.000Z")
        for day, id, after in ((3, "c3", IDS[1]), (5, "c5", "c3"))
    }
    line |= copy
    line[IDS[7]] = replace(line[IDS[7]], beside=("c5",))
    since = [IDS[6], IDS[7]]
    for known, others in (
        (told(IDS[5]), ["c3", "c5"]),
        (told(IDS[5], "c3"), ["c5"]),
        (told(IDS[5], "c5"), []),
    ):
        found = untold.before(line[IDS[8]], known, line.get)
        assert [scan.id for scan in found.scans] == [*others, *since]
        assert found.lost is None
    found = untold.before(line[IDS[8]], told(IDS[7]), line.get)
    assert found.scans == []


@pytest.mark.parametrize(
    ("known", "is_lost"),
    [(told(IDS[2]), True), (told(IDS[6]), False), (told(*NO_SCANS), False), (told(), False)],
)
def test_one_that_was_told_long_ago_may_be_gone(line, known, is_lost):
    del line[IDS[4]]
    lost = untold.before(line[IDS[8]], known, line.get).lost
    assert lost == ((IDS[4], "its record is gone") if is_lost else None)


def test_one_that_is_damaged_is_named_and_ends_the_way_back(line):
    def of(id):
        if id == IDS[6]:
            raise SnapshotError("damaged")
        return line.get(id)

    found = untold.before(line[IDS[8]], told(IDS[2]), of)
    assert (list(found.scans), found.lost) == ([line[IDS[7]]], (IDS[6], "damaged"))


def test_more_than_are_taken_up_are_named(line, monkeypatch):
    monkeypatch.setattr(untold, "_MOST", 3)
    found = untold.before(line[IDS[8]], told(IDS[0]), line.get)
    assert [scan.id for scan in found.scans] == IDS[5:8]
    assert found.lost is not None
    assert found.lost[0] == IDS[4]


@pytest.mark.parametrize(
    ("remembers", "counts"),
    [((), ()), ((7,), (7,)), ((6, 7), (6, 7)), ((5, 7), (7,)), (range(8), range(3, 8))],
)
def test_where_nothing_was_ever_told_only_what_is_remembered_counts(line, remembers, counts):
    for at in (*remembers, 8):
        line[IDS[at]] = replace(line[IDS[at]], remembered="ab" * 32)
    found = untold.before(line[IDS[8]], Known(), line.get)
    assert [scan.id for scan in found.scans] == [IDS[at] for at in counts]
