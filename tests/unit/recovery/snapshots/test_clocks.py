"""Clocks that are wrong: none turns the order of snapshots round."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.snapshots import clocks, listing
from support.recovery.snapshots import NOW, platform, scanned, taken

YEAR = 365 * 24 * 3600.0


def test_a_clock_behind_the_newest_snapshot_makes_none(repository):
    live = platform("nas")
    newest = taken(live, repository, at=NOW + 1)
    reads = len(live.calls)
    for behind in (0.0, NOW, NOW + 1):
        with pytest.raises(SnapshotError, match=f"behind the newest .*{newest.snapshot.id}"):
            taken(live, repository, at=behind)
    assert listing.ids(repository) == [newest.snapshot.id]
    assert len(live.calls) == reads  # it is told before anything is read
    assert taken(live, repository, at=NOW + 2).snapshot.serial == 2


def test_a_clock_that_was_ahead_is_told_with_the_way_out(repository, tmp_path):
    live = platform("nas")
    ahead = taken(live, repository, at=NOW + 9 * YEAR)
    with pytest.raises(SnapshotError, match=f"remove it by hand .'snapshots/{ahead.snapshot.id}/"):
        taken(live, repository)


def test_a_clock_that_is_set_back_while_files_are_read_makes_none(repository):
    live = platform("nas")
    taken(live, repository)
    times = iter([NOW + 1, NOW - 1])
    with pytest.raises(SnapshotError, match="is behind the newest"):
        taken(live, repository, clock=lambda: next(times))
    assert len(listing.ids(repository)) == 1


def test_a_clock_behind_a_scan_makes_no_snapshot_of_it(repository):
    live = platform("nas")
    scanned(repository, live.by_name["nas"], ended_at="2026-11-29T07:00:00.000Z")
    with pytest.raises(SnapshotError, match="behind the last scan of 'nas'"):
        taken(live, repository)
    assert listing.ids(repository) == []
    # Clocks of two machines may be a little apart.
    assert taken(live, repository, at=NOW + 3600 - 60)


def test_snapshots_of_one_platform_are_in_order_by_their_number(repository):
    one = taken(platform("nas"), repository).snapshot
    other = replace(one, id="2020", serial=2)
    assert clocks.is_before(one, other)
    assert not clocks.is_before(other, one)
    assert clocks.is_before(other, replace(one, lineage="another"))
