"""Records of scans are gone with what says that there were some: snapshots still tell of them."""

from __future__ import annotations

import shutil

import pytest

from reconciler.errors import SnapshotError
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.snapshots.checking.check import check
from support.recovery import snapshots
from support.recovery.snapshots import NOW, platform, scanned, taken

PLACE, OTHER = "local:file:///data/nas", "local:file:///data/archive"
FIRST, LATER = "20261128-200000-000-0123ab", "20261129-200000-000-0123ab"


class Nights:
    """Two nights, of which each ends with a snapshot; `archive` is never scanned."""

    def __init__(self, folder):
        self.folder = folder / "repository"
        self.repository = snapshots.repository(folder)
        self.live = platform("nas", "archive")
        self.scan(FIRST)
        self.take(0)
        self.scan(LATER, b"b.tif")
        self.take(1)

    def scan(self, id, *more):
        return scanned(self.repository, self.live.by_name["nas"], [b"a.tif", *more], id=id)

    def take(self, night):
        return taken(self.live, self.repository, at=NOW + night * 86_400).snapshot

    def lose(self, id):
        self.repository.remove(f"{layout.scans(PLACE)}{id}.json")
        self.repository.remove(layout.finished(PLACE, id))

    def last(self, place=PLACE):
        found = LastRecords(self.repository).of(place)
        return found.id if found else None


@pytest.fixture
def nights(tmp_path):
    return Nights(tmp_path)


def test_where_all_is_there_the_newest_record_is_the_last(nights):
    assert check(nights.repository).problems == ()
    assert (nights.last(), nights.last(OTHER)) == (LATER, None)


def test_an_older_record_does_not_take_the_place_of_one_that_a_snapshot_names(nights):
    nights.lose(LATER)
    with pytest.raises(SnapshotError, match=rf"{FIRST} is the newest.*{LATER}.*--accept-loss NAME"):
        nights.last()
    assert nights.last(OTHER) is None
    nights.scan(LATER, b"b.tif")
    assert nights.last() == LATER


def test_an_incomplete_snapshot_that_was_made_since_does_not_hide_it(nights):
    nights.lose(LATER)
    for night in (2, 3):
        (nas,) = (one for one in nights.take(night).storages if one.name == "nas")
        assert nas.contents is None


def test_what_a_snapshot_names_was_scanned(nights):
    for folder in ("scans", "finished"):
        shutil.rmtree(nights.folder / folder, ignore_errors=True)
    with pytest.raises(SnapshotError, match=r"all scans .* are lost .* --accept-loss NAME"):
        nights.last()
    assert nights.last(OTHER) is None
    (problem,) = check(nights.repository).problems
    assert "is lost: it is the last of its storage" in problem.message


@pytest.mark.parametrize("whole", [False, True])
def test_a_snapshot_without_its_scan_is_not_called_complete(nights, whole):
    nights.lose(LATER)
    if whole:
        nights.lose(FIRST)
    made = nights.take(2)
    (lacking,) = made.lacking
    assert (made.complete, lacking.storage, lacking.what) == (False, "nas", "contents")
    assert "lost from" in lacking.message


def test_a_damaged_snapshot_tells_nothing(nights):
    nights.lose(LATER)
    nights.lose(FIRST)
    for file in (nights.folder / "snapshots").glob("*/snapshot.json"):
        file.write_bytes(b"{")
    assert nights.last() is None


def test_a_scan_that_ends_while_it_is_looked_for_is_not_missed(nights, monkeypatch):
    whole = nights.repository.names

    def names(prefix):
        if prefix == layout.SNAPSHOTS:
            monkeypatch.undo()
            nights.scan("20261201-200000-000-0123ab", b"c.tif")
            nights.take(4)
        return whole(prefix)

    monkeypatch.setattr(nights.repository, "names", names, raising=False)
    assert nights.last() == "20261201-200000-000-0123ab"


def test_of_many_snapshots_the_newest_alone_is_read(nights, monkeypatch):
    nights.take(2)
    read, whole = [], nights.repository.read
    monkeypatch.setattr(
        nights.repository, "read", lambda name: read.append(name) or whole(name), raising=False
    )
    lasts = LastRecords(nights.repository)
    for _ in range(2):
        lasts.of(PLACE)
        lasts.of(OTHER)
    assert len([name for name in read if name.startswith(layout.SNAPSHOTS)]) == 1
