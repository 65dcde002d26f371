"""A scan that is killed with damage read and nothing ended: what it read is not forgotten."""

from __future__ import annotations

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known.pieces import Pieces
from reconciler.recovery.scanning.outcome import NOT_REACHABLE
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, ROTTEN, Nights


class Killed(BaseException):
    """As by SIGKILL: nothing is told, and nothing kept, after it."""


@pytest.fixture
def nights(repository, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _file: None)
    return Nights(repository)


def kill_at_pieces(monkeypatch, *, after):
    """Have a scan killed when it keeps its first piece, or when that is kept."""
    add = Pieces.add

    def killed(self, number, rows):
        monkeypatch.setattr(Pieces, "add", add)
        if after:
            add(self, number, rows)
        raise Killed

    monkeypatch.setattr(Pieces, "add", killed)


def killed_scan(nights, monkeypatch, *, after=True, **more):
    kill_at_pieces(monkeypatch, after=after)
    with pytest.raises(Killed):
        nights.scan(kept=False, **more)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("touched", [False, True])
def test_damage_is_kept_as_soon_as_it_is_read(nights, monkeypatch, after, touched):
    nights.put(ROTTEN)
    killed_scan(nights, monkeypatch, after=after)
    assert nights.known() == [("damaged", b"f/a", False)]
    nights.put(ROTTEN, mtime_ns=LONG_AGO + touched)
    assert nights.scan().altered_first == [b"f/a"]
    assert nights.scan().altered_first == [b"f/a"]
    assert nights.known() == [("damaged", b"f/a", False)]


def test_damage_that_is_known_or_accepted_is_not_kept_anew(nights, monkeypatch):
    def records():
        return list(nights.repository.names(layout.findings(TARGET.place)))

    nights.put(ROTTEN)
    nights.scan()
    for act in (lambda: None, nights.accept):
        act()
        before = records()
        nights.put(ROTTEN)  # with another inode: it is read anew
        killed_scan(nights, monkeypatch)
        assert records() == before
    nights.put(b"vile")
    killed_scan(nights, monkeypatch)
    assert nights.known() == [("damaged", b"f/a", True), ("damaged", b"f/a", False)]


def test_what_has_the_good_bytes_again_is_no_damage_though_rotten_ones_are_known(
    nights, monkeypatch
):
    """Where what should be was lost, the rotten bytes are taken for the good ones."""
    nights.put(ROTTEN)
    rotten = nights.scan().scan
    for name in list(nights.repository.names("")):
        if name == layout.part(rotten.remembered):
            nights.repository.remove(name)
    monkeypatch.setattr(
        "reconciler.recovery.scanning.finishing.restoring.restored",
        lambda _repository, last, *_: last,
    )
    nights.put(GOOD)
    killed_scan(nights, monkeypatch)
    ((_, _, over),) = nights.known()
    assert not over
    (episode,) = store.read(nights.repository, TARGET.place).episodes
    assert episode.was.sha256 != episode.now.sha256


def test_nothing_is_kept_of_what_was_read_if_the_root_is_lost_meanwhile(nights):
    def lose(number):
        if number == proved + 2:
            nights.storage.lose()

    proved = nights.storage.proved
    nights.storage.on_prove = lose
    nights.put(ROTTEN)
    assert nights.scan().status == NOT_REACHABLE
    assert nights.known() == []


def test_a_scan_without_damage_asks_for_nothing_more(nights):
    proved = nights.storage.proved
    nights.storage.put("new", b"n")
    nights.scan()
    assert nights.storage.proved == proved + 2
    assert list(nights.repository.names(layout.findings(TARGET.place))) == []


def test_findings_that_can_not_be_kept_at_once_are_told_at_the_end(nights, monkeypatch):
    def full(*_arguments, **_more):
        raise RepositoryError("the disk is full")

    monkeypatch.setattr(store, "keep", full)
    nights.put(ROTTEN)
    ended = nights.scan()
    assert ended.altered == 1
    assert ended.notes == ["Which files are damaged or gone could not be kept: the disk is full"]
