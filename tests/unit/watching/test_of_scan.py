"""What is told of a scan: that it failed, or of which storages it did not come to all."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from reconciler.errors import ERROR, FINDINGS, SUCCESS, UNPROVED
from reconciler.watching.conditions import (
    DROPPED,
    ENDED,
    FINDING,
    NOT_KNOWN,
    NOT_PROVED,
    NOT_REACHABLE,
    NOT_SCANNED,
    OVERDUE,
    Condition,
)
from reconciler.watching.deeds import Clock, Looked, ScanEnded
from reconciler.watching.files import Known, Short, of_scan
from reconciler.watching.loop import Watch
from reconciler.watching.memory import NOTHING
from reconciler.watching.schedule import LOOK, SCAN, Found, Terms

UNREAD = Short("b", "no room within --max-bytes")
REFUSED = Short("b", "a scan is younger than this one", is_begun=False)
FAILED = Condition(NOT_SCANNED, "", "", "no repository")


def known(*kinds_and_names):
    return Known(tuple(Condition(kind, name, "", "wrong") for kind, name in kinds_and_names))


def told(code, known, *short):
    return [(one.kind, one.name, one.message) for one in of_scan(None, code, known, short)]


@pytest.mark.parametrize("others", [(), ((FINDING, "a"),), ((FINDING, "b"),), ((OVERDUE, "a"),)])
def test_what_is_known_of_other_storages_or_of_files_says_not_that_one_was_not_read(others):
    said = [(NOT_SCANNED, "b", "'b': not everything was read: no room within --max-bytes")]
    for code in (FINDINGS, UNPROVED):
        assert told(code, known(*others), UNREAD) == said
    assert told(UNPROVED, None, UNREAD) == said


@pytest.mark.parametrize("kind", [NOT_REACHABLE, NOT_PROVED, NOT_KNOWN, OVERDUE])
def test_what_says_so_of_that_storage_is_enough(kind):
    assert told(FINDINGS, known((FINDING, "a"), (kind, "b")), UNREAD) == []


def test_a_scan_that_was_refused_is_told_beside_proofs_that_grow_old():
    said = [(NOT_SCANNED, "b", "'b': a scan is younger than this one")]
    for kind in (FINDING, OVERDUE, NOT_PROVED):
        assert told(FINDINGS, known((kind, "b")), REFUSED) == said
    assert told(UNPROVED, known((NOT_REACHABLE, "b")), REFUSED) == []


def test_a_code_that_nothing_explains_is_told():
    ((kind, name, said),) = told(UNPROVED, known())
    assert (kind, name) == (NOT_SCANNED, "")
    assert said.endswith("exit code 8")
    assert told(FINDINGS, known((FINDING, "a"))) == []
    assert told(SUCCESS, known()) == []
    assert of_scan(FAILED, ERROR, None, (UNREAD,)) == [FAILED]


class World:
    """A watch that scans, and what it tells."""

    def __init__(self):
        self.told = []
        clock = Clock(lambda: 0.0, lambda: datetime(2026, 11, 30, tzinfo=UTC), lambda: 1.0)
        terms = Terms(300.0, scan_every=86_400.0)
        self.watch = Watch(terms, self, self, clock, NOTHING, lambda _: None)
        assert [self.watch.step().what for _ in range(2)] == [LOOK, SCAN]

    def look(self):
        return Looked(0, found=Found(ready=True))

    def recall(self):
        pass

    def scan(self):
        pass

    def looked(self, looked):
        pass

    def news(self, news):
        self.told += [(one.event, one.condition) for one in news]


@pytest.mark.parametrize("known_by_then", [None, known()])
def test_a_scan_that_was_interrupted_ends_nothing(known_by_then):
    world = World()
    world.watch.scanned(ScanEnded(ERROR, worked=False, problem=FAILED))
    world.told.clear()
    world.watch.scanned(ScanEnded(130, worked=False, known=known_by_then))
    assert world.told == []
    assert [one.condition for one in world.watch.status.lasting] == [FAILED]
    world.watch.scanned(ScanEnded(0, worked=True, known=known()))
    assert world.told == [(ENDED, FAILED)]


@pytest.mark.parametrize("known_by_then", [None, replace(known(), read=frozenset({"a", "b"}))])
def test_a_scan_that_failed_as_a_whole_says_of_no_storage_that_it_was_scanned(known_by_then):
    world = World()
    everything = replace(known(), read=frozenset({"a", "b"}))
    world.watch.scanned(ScanEnded(8, worked=True, known=everything, short=(UNREAD,)))
    (of_b,) = [condition for _, condition in world.told]
    world.told.clear()
    failed = ScanEnded(ERROR, worked=False, problem=FAILED, known=known_by_then)
    world.watch.scanned(failed)
    assert world.told == [("began", FAILED)]
    world.watch.scanned(failed)
    world.watch.scanned(ScanEnded(8, worked=True, known=everything, short=(UNREAD,)))
    assert world.told[1:] == [(ENDED, FAILED)]
    world.watch.scanned(ScanEnded(0, worked=True, known=everything))
    assert world.told[2:] == [(ENDED, of_b)]


def test_of_a_storage_that_is_nowhere_any_more_nobody_says_that_it_was_scanned():
    world = World()
    everything = replace(known(), read=frozenset({"a", "b"}))
    world.watch.scanned(ScanEnded(8, worked=True, known=everything, short=(UNREAD,)))
    world.told.clear()
    world.watch.scanned(ScanEnded(0, worked=True, known=replace(known(), read=frozenset({"a"}))))
    ((event, told),) = world.told
    assert (event, told.message[: len(DROPPED)]) == (ENDED, DROPPED)
