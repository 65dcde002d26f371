"""A scan that is killed with damage read and nothing ended: what it read is not forgotten."""

from __future__ import annotations

from threading import Event

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning import storage
from reconciler.recovery.scanning.finishing.damage import Damage
from reconciler.recovery.scanning.known.pieces import Pieces
from reconciler.recovery.scanning.outcome import NOT_REACHABLE
from reconciler.recovery.scanning.reading import crew, tasks
from reconciler.recovery.scanning.reading.pace import Pace
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


@pytest.fixture
def kept(monkeypatch):
    """Say when damage was kept."""
    done, keep = Event(), Damage.keep

    def told(self, rotten):
        keep(self, rotten)
        done.set()

    monkeypatch.setattr(Damage, "keep", told)
    return done


@pytest.mark.parametrize("rate", [None, 1e9])
def test_damage_is_kept_while_its_task_is_still_read(nights, monkeypatch, kept, rate):
    """A task may have a gigabyte: what was found in its first files must not wait for the last."""
    monkeypatch.setattr(crew, "_LOOK", 0.01)
    if rate is None:
        monkeypatch.setattr(tasks, "_PORTION_FILES", 1)
    in_time = []

    def read(path):
        if path == b"z":
            in_time.append(kept.wait(30))

    nights.put(ROTTEN)
    nights.storage.on_read = read
    nights.scan(pace=Pace(rate=rate))
    assert in_time == [True]


def test_damage_is_kept_while_the_rest_is_still_listed(nights, monkeypatch, kept):
    monkeypatch.setattr(storage, "_TOGETHER", 1)
    monkeypatch.setattr(tasks, "_FIRST_FILES", 1)
    nights.storage.batch = 1
    for name in "ghij":
        nights.storage.put(name)
    nights.scan()
    in_time, read = [], Event()

    def listed(number):
        if number == 4:
            read.wait(30)
        if number > 4:
            in_time.append(kept.is_set())

    nights.put(ROTTEN)
    for name in "gh":  # the first of which is handed out with the second
        nights.storage.put(name)
    nights.storage.on_read = lambda path: path == b"g" and read.set()
    nights.storage.on_batch = listed
    nights.scan(full=False)
    assert in_time == [True, True]
