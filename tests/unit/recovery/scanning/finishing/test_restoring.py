"""What files should be, when the part that says so is lost: found again, or told until it is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout, sound
from reconciler.recovery.rows import READ, Content
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, Wish
from reconciler.recovery.values import DAMAGED, FileFinding
from support.recovery.memory import LONG_AGO, TARGET, Storage
from support.recovery.scans import scan_once

GOOD, ROTTEN = b"good", b"evil"
WITHOUT = Wish(("f/",), full=True)


class Nights:
    """A storage with the file `f/a`, which the second night leaves out."""

    def __init__(self, repository):
        self.repository = repository
        self.storage = Storage()
        self.storage.put("f/a", GOOD)
        self.storage.put("z", b"z")
        self.first = self.scan().scan
        self.second = self.scan(wish=WITHOUT).scan
        assert self.second.remembered
        self.part = repository._path(layout.part(self.second.remembered))

    def scan(self, *, wish=Wish(full=True), **more):  # noqa: B008 - it is never changed
        return scan_once(self.storage, self.repository, wish=wish, **more)

    def spoil(self, how="flipped"):
        """Damage what the second night remembers, and return what was there."""
        data = self.part.read_bytes()
        if how == "gone":
            self.part.unlink()
        else:
            self.part.write_bytes(data[:-9] if how == "cut" else bytes([data[0] ^ 1, *data[1:]]))
        return data

    def forget_first(self):
        """Remove the record of the first night, as `prune` does."""
        self.repository.remove(f"{layout.scans(TARGET.place)}{self.first.id}.json")

    def rot(self):
        self.storage.put("f/a", ROTTEN)


@pytest.fixture
def nights(repository):
    return Nights(repository)


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_it_is_made_anew_from_the_scan_before(nights, how):
    nights.spoil(how)
    nights.rot()
    ended = nights.scan()
    assert (ended.status, ended.altered, ended.forgotten) == (COMPLETE, 1, False)
    # The very same part: nothing is damaged any more.
    assert sound.fault(nights.repository, nights.second.remembered) == ""


def test_what_only_it_knew_is_missed_until_it_is_restored(nights):
    data = nights.spoil()
    nights.forget_first()
    nights.rot()
    for _ in range(2):
        ended = nights.scan()
        assert (ended.status, ended.altered, ended.forgotten) == (COMPLETE, 0, True)
        assert ended.scan.lost == (nights.second.id,)
        assert f"the scan {nights.second.id} knew of what files should be" in ended.notes[-1]
    nights.part.write_bytes(data)
    ended = nights.scan()
    assert (ended.altered, ended.forgotten, ended.scan.lost) == (1, False, ())
    assert nights.scan().altered == 1


def test_who_has_no_copy_goes_on_without_it(nights):
    nights.spoil("gone")
    nights.forget_first()
    assert nights.scan().forgotten
    ended = nights.scan(wish=Wish(full=True, accept_loss=("other",)))
    assert ended.forgotten
    ended = nights.scan(wish=Wish(full=True, accept_loss=(TARGET.name,)))
    assert (ended.status, ended.forgotten, ended.scan.lost) == (COMPLETE, False, ())
    assert not nights.scan().forgotten


def test_what_was_found_wrong_is_known_from_the_findings(nights):
    """The scan before is gone as well; that something may be lost is told all the same."""
    good = Content(b"f/a", "file", 4, LONG_AGO, hashlib.sha256(GOOD).digest(), READ, 1)
    nights.rot()
    moment = datetime(2026, 11, 29, tzinfo=UTC)
    seen = {"first_seen": "2026-11-29T00:00:00.000Z", "last_seen": "2026-11-29T00:00:00.000Z"}
    found = FileFinding(DAMAGED, "nas", TARGET.place, b"f/a", good, None, **seen)
    store.keep(nights.repository, TARGET.place, [found], store.Known(), moment)
    nights.spoil()
    nights.forget_first()
    ended = nights.scan()
    assert (ended.altered, ended.forgotten) == (1, True)


@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_lost_contents_are_missed_unless_they_are_found_the_same(nights, how):
    nights.storage.put("new", GOOD)
    third = nights.scan().scan
    path = nights.repository._path(layout.part(third.contents))
    data = path.read_bytes()
    path.unlink() if how == "gone" else path.write_bytes(data[:-1])
    nights.storage.put("new", ROTTEN)
    ended = nights.scan()
    assert "Everything is read, as the last scan is of no use" in ended.notes[0]
    assert (ended.altered, ended.forgotten, ended.scan.lost) == (0, True, (third.id,))
    path.write_bytes(data)
    ended = nights.scan()
    assert (ended.altered, ended.forgotten) == (1, False)


def test_contents_that_are_the_same_again_are_not_lost(nights):
    third = nights.scan().scan
    nights.repository._path(layout.part(third.contents)).unlink()
    ended = nights.scan()
    assert (ended.scan.contents, ended.forgotten, ended.scan.lost) == (third.contents, False, ())


def test_lost_stamps_lose_no_knowledge(nights):
    nights.storage.put("new", GOOD)
    third = nights.scan().scan
    nights.repository._path(layout.part(third.stamps)).unlink()
    nights.storage.put("new", ROTTEN)
    ended = nights.scan(wish=Wish())
    assert (ended.altered, ended.forgotten, ended.files_kept) == (1, False, 0)


def test_what_a_scan_was_made_from_stands_in_it(nights):
    scans = record.whole(nights.repository, TARGET.place)
    assert [scan.after for scan in scans] == ["", nights.first.id]
