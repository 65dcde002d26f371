"""Which snapshot is meant."""

from __future__ import annotations

import pytest

from reconciler.errors import SnapshotError
from reconciler.recovery.repository import layout
from reconciler.recovery.snapshots import listing, marks
from support.recovery.snapshots import platform, taken

DAY = 24 * 3600


def test_without_an_id_the_last_complete_one_is_meant(repository, three):
    assert listing.find_kept(repository).snapshot == three[1].snapshot
    assert listing.find_kept(repository) == three[1]


def test_an_id_or_the_beginning_of_only_one_names_it(repository, three):
    for kept in three:
        assert listing.find_kept(repository, kept.snapshot.id) == kept
    assert listing.find_kept(repository, "20261201") == three[2]
    with pytest.raises(SnapshotError, match=r"'2026' is the beginning of several ids: 20261129"):
        listing.find_kept(repository, "2026")


@pytest.mark.parametrize("id", ["2027", "../x", "", "20261129/snapshot.json", "A"])
def test_what_is_not_there_is_told(repository, three, id):
    with pytest.raises(SnapshotError, match="there is no snapshot"):
        listing.find_kept(repository, id)


def test_where_there_is_none_it_says_how_one_is_made(repository):
    with pytest.raises(SnapshotError, match=r"`reconciler snapshot create \S+` makes one"):
        listing.find_kept(repository)
    assert listing.overview(repository).kept == ()


def test_where_none_is_complete_one_must_be_named(repository):
    kept = taken(platform("nas", complete=False), repository)
    with pytest.raises(SnapshotError, match=rf"is complete: name one, as \S+@{kept.snapshot.id}"):
        listing.find_kept(repository)


def test_one_that_is_damaged_is_never_passed_over(repository, place, three):
    path = place / layout.snapshot(three[1].snapshot.id)
    path.write_bytes(path.read_bytes()[:-1])
    advice = rf"complete and whole is \S+@{three[0].snapshot.id}"
    with pytest.raises(SnapshotError, match=f"can't be used: it is corrupt.*copy.*, or.*{advice}"):
        listing.find_kept(repository)
    overview = listing.overview(repository)
    assert [each.id for each in overview.damaged] == [three[1].snapshot.id]
    assert list(overview.kept) == [three[0], three[2]]


def test_what_was_not_finished_is_not_there(repository, three):
    repository.write(layout.snapshot("20270101-000000-000-aabbccdd", "storages.yaml"), b"")
    assert len(listing.ids(repository)) == 3


def test_when_each_was_verified_is_told(repository, place, three):
    for kept, when in ((three[0], "2026-12-01T00:00:00Z"), (three[0], "2026-12-02T00:00:00Z")):
        marks.keep(
            repository, kept.snapshot.id, digest=kept.digest, verified_at=when, method="deep"
        )
    verified = listing.overview(repository).verified
    assert {id: mark.verified_at for id, mark in verified.items()} == {
        three[0].snapshot.id: "2026-12-02T00:00:00Z"
    }
    (place / layout.verified(three[0].snapshot.id)).write_bytes(b"{")
    assert listing.overview(repository).verified == {}
    (note,) = listing.overview(repository).notes
    assert layout.verified(three[0].snapshot.id) in note
