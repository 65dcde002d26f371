"""A watch in this process, by a clock of ours: what it tells when, and what weeks make of it."""

import gc
import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import pytest
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import FINDINGS
from reconciler.notifying.book import BLANK
from reconciler.notifying.digests import DAILY, Rhythm
from reconciler.notifying.message import TAKEN, Outcome
from reconciler.notifying.post import Means, Post
from reconciler.report.watching.notifications import digest, news
from reconciler.watching.conditions import (
    DRIFT,
    FINDING,
    NOT_APPLIED,
    NOT_PULLED,
    UNREAD,
    Condition,
)
from reconciler.watching.deeds import Clock, Looked, Pulled, ScanEnded, Tried
from reconciler.watching.files import Known, Recalled
from reconciler.watching.loop import Watch
from reconciler.watching.memory import NOTHING
from reconciler.watching.schedule import APPLY, END, LOOK, PULL, SCAN, WAIT, Found, Terms
from reconciler.watching.survey import Difference, Storage, Survey

WEEK = 7 * 86_400.0
NAS = Condition(DRIFT, "nas", "changed", "label")


class World:
    """A clock that moves when it is waited for, and what there is to see."""

    def __init__(self):
        self.passed, self.scans = 0.0, 0
        self.sees = Looked(0, found=Found(ready=True))
        self.told = []
        self.terms = Terms(300.0, scan_every=86_400.0)
        self.watch = Watch(self.terms, self, self, self.clock(), NOTHING, self.keep)

    def clock(self):
        return Clock(lambda: self.passed, self.now, lambda: 1.0)

    def now(self):
        return datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=self.passed)

    def keep(self, memory):
        self.memory = memory

    def look(self):
        return self.sees

    def recall(self):
        """Know nothing more of files."""

    def scan(self):
        self.scans += 1

    def looked(self, looked):
        """Know that there was a look that planned something else."""

    def news(self, news):
        self.told.append((news, self.watch.status))


def test_whoever_hears_of_a_change_and_asks_is_told_the_same():
    world = World()
    storage = Storage("nas", "NAS", "local", "/nas", "local:/nas", "changed")
    survey = Survey((storage,), (Difference("changed", "nas"),))
    world.sees = Looked(2, (NAS,), found=Found(ready=True, digest="x"), survey=survey)
    world.watch.step()
    ((_, status),) = world.told
    assert [one.condition for one in status.lasting] == [NAS]
    assert (status.storages, status.differences) == (survey.storages, survey.differences)


def test_after_an_apply_as_many_are_live_as_there_are():
    world = World()
    storages = [Storage(name, "", "local", f"/{name}", "", "declared") for name in ("nas", "raw")]
    world.terms = Terms(300.0, applies=True)
    world.run = lambda: "a run"
    world.apply = lambda _: Tried(0, worked=True, survey=Survey(tuple(storages)))
    world.watch = Watch(world.terms, world, world, world.clock(), NOTHING, world.keep)
    world.sees = Looked(2, (NAS,), found=Found(ready=True, digest="x"), declared=2, live=0)
    assert [world.watch.step().what for _ in range(2)] == [LOOK, APPLY]
    assert (world.watch.status.declared, world.watch.status.live) == (2, 2)


def test_runs_that_are_known_only_after_a_look_are_shown_at_once():
    world = World()
    world.sees = Looked(0, found=Found(ready=True), survey=Survey((), (), None))
    world.watch.step()
    assert world.watch.status.runs is None
    world.watch.told_runs(())
    assert world.watch.status.runs == ()


def test_a_shorter_time_between_scans_counts_from_the_first_start_that_has_it():
    world = World()
    now = world.now().timestamp()
    memory = replace(NOTHING, scan_due=now + 60 * 86_400.0)
    for _ in range(3):
        world.watch = Watch(world.terms, world, world, world.clock(), memory, world.keep)
        memory = world.memory
        assert memory.scan_due == now + 86_400.0
        world.passed += 3_600.0


def test_what_could_not_be_kept_is_kept_at_the_next_look_or_at_the_end():
    world, kept, full = World(), [], [True]
    world.sees = Looked(1, problem=Condition(UNREAD, "", "platform", "away"))

    def keep(memory):
        if not full:
            kept.append(memory)
        return bool(full)

    terms = Terms(300.0)
    for ends in (False, True):
        world.watch = Watch(terms, world, world, world.clock(), NOTHING, keep)
        full[:] = [True]
        assert [world.watch.step().what for _ in range(2)] == [LOOK, WAIT]
        assert kept == []
        full.clear()
        if ends:
            world.watch.end()
        else:
            world.watch.poke()
        world.watch.step()
        (memory,) = kept
        assert [one.condition.message for one in memory.lasting] == ["away"]
        kept.clear()


class Once(World):
    """One round, of which each deed may be the one during which a signal comes."""

    def __init__(self, sees=None, *, tried=None, pulls=False, scans=False):
        super().__init__()
        self.sees, self.tried = sees or self.sees, tried
        terms = Terms(300.0, pulls, tried is not None, 86_400.0 if scans else None)
        self.watch = Watch(terms, self, self, self.clock(), NOTHING, self.keep)

    def pull(self):
        return Pulled("c0ffee")

    def run(self):
        return "run"

    def apply(self, made):
        return self.tried

    def ended_after(self, steps):
        """Return the exit code of a round whose signal came during its last step."""
        for _ in range(steps):
            self.watch.step()
        self.watch.end()
        assert self.watch.step().what == END
        return self.watch.exit_code_at_end


READY = Looked(0, (NAS,), found=Found(ready=True, digest="x"))
FAILED = Condition(NOT_APPLIED, "", "x", "refused")


@pytest.mark.parametrize(
    ("code", "sees"),
    [
        (0, Looked(0, found=Found(ready=True))),
        (2, Looked(2, (NAS,), found=Found(ready=True, digest="x"))),
        (3, Looked(3, (NAS,), found=Found(ready=False, digest="x"))),
        (1, Looked(1, problem=Condition(UNREAD, "", "platform", "away"))),
    ],
)
def test_one_round_that_has_looked_ends_with_what_that_came_to_whatever_signal_comes(code, sees):
    assert Once(sees).ended_after(1) == code
    assert Once(sees).ended_after(0) == 130
    assert Once(sees, pulls=True).ended_after(1) == 130
    assert Once(sees, pulls=True).ended_after(2) == code


def test_one_round_that_leaves_an_apply_or_a_scan_to_do_has_not_done_what_it_was_to():
    assert Once(READY, tried=Tried(0, worked=True)).ended_after(1) == 130
    assert Once(READY, tried=Tried(0, worked=True)).ended_after(2) == 0
    assert Once(READY, tried=Tried(1, worked=False, problem=FAILED)).ended_after(2) == 1
    assert Once(READY, tried=Tried(6, worked=False, busy=True)).ended_after(2) == 6
    assert Once(READY, tried=Tried(4, worked=False, outdated=True)).ended_after(2) == 130
    assert Once(scans=True).ended_after(1) == 130
    assert Once(replace(READY, exit_code=2), scans=True).ended_after(1) == 2


def test_one_round_ends_with_what_its_scan_found_and_not_before_that_is_looked_up():
    for recalled, code in ((False, 130), (True, FINDINGS)):
        world = Once(scans=True)
        world.watch.step()
        world.watch.step()  # the scan
        wrong = Known((Condition(FINDING, "nas", "damaged", "1"),), read=frozenset({"nas"}))
        world.watch.recalled(Recalled(wrong))
        world.watch.scanned(ScanEnded(0, worked=True, known=wrong))
        if not recalled:
            world.watch.poke()
            world.watch.step()
        assert world.ended_after(0) == code


def test_a_pull_that_fails_before_each_apply_is_told_once_and_tried_in_the_rhythm_of_looks():
    world, ready = World(), Found(ready=True, digest="x")
    problem = Condition(NOT_PULLED, "", "unreachable", "too many requests")
    late = [Pulled("c1", problem), Pulled("c1", problem), Pulled("c2")]
    world.pull, world.run = lambda: Pulled("c1"), lambda: "a run"
    world.apply = lambda _: Tried(1, worked=len(late) == 1, busy=len(late) > 1, pulled=late.pop(0))
    world.terms = Terms(300.0, pulls=True, applies=True)
    world.watch = Watch(world.terms, world, world, world.clock(), NOTHING, world.keep)
    world.sees = Looked(2, (NAS,), found=ready)
    told = []
    for _ in range(3):
        steps = [world.watch.step() for _ in range(4)]
        assert [step.what for step in steps] == [PULL, LOOK, APPLY, WAIT]
        assert steps[-1].until == world.passed + 300.0
        told.append([(one.event, one.condition.kind) for news, _ in world.told for one in news])
        world.told.clear()
        world.passed = steps[-1].until
    first, second, third = told
    assert first == [("began", DRIFT), ("began", NOT_PULLED)]
    assert second == []
    assert set(third) == {("ended", NOT_PULLED), ("ended", DRIFT)}
    assert world.watch.status.commit == "c2"


def test_what_could_not_be_pulled_before_an_apply_is_over_when_nothing_is_to_be_applied():
    world = World()
    late = Pulled("c1", Condition(NOT_PULLED, "", "unreachable", "too many requests"))
    world.pull, world.run = lambda: Pulled("c1"), lambda: "a run"
    world.apply = lambda _: Tried(1, worked=False, busy=True, pulled=late)
    world.terms = Terms(300.0, pulls=True, applies=True)
    world.watch = Watch(world.terms, world, world, world.clock(), NOTHING, world.keep)
    world.sees = Looked(2, (NAS,), found=Found(ready=True, digest="x"))
    assert [world.watch.step().what for _ in range(3)] == [PULL, LOOK, APPLY]
    assert {one.condition.kind for one in world.watch.status.lasting} == {DRIFT, NOT_PULLED}
    world.sees = Looked(0, found=Found(ready=True))
    world.watch.poke()
    assert [world.watch.step().what for _ in range(3)] == [PULL, LOOK, WAIT]
    assert world.watch.status.lasting == ()


class Door:
    """A destination that is away now and then."""

    service, whom, may_be_taken = "Test", "", False

    def __init__(self):
        self.sent = 0

    def send(self, message):
        self.sent += 1
        return TAKEN if self.sent % 7 else Outcome("refused")


def test_weeks_of_changes_leave_no_more_than_the_first_ones(long):
    """Looks that fail, drift in ever other ways, findings, and digests, each of them told."""
    world, chance, door = World(), random.Random(1), Door()
    rhythm, pause = Rhythm(DAILY, clock(8), UTC), lambda _: 0.0
    post = Post(
        BLANK,
        {"team": door},
        Means(news, digest, "here", world.now, lambda _: None, lambda: None, rhythm, pause),
    )
    world.keep = lambda memory: post.take(memory, "here")
    world.watch = Watch(world.terms, world, world, world.clock(), NOTHING, world.keep)

    def change():
        number = chance.randrange(1_000_000)
        world.sees = Looked(1, problem=Condition(UNREAD, "", "platform", f"no route, try {number}"))
        if chance.random() < 0.8:
            found = [
                Condition(DRIFT, f"storage {n}", "changed", f"live {number}, declared {n}")
                for n in range(chance.choice((0, 0, 3, 20)))
            ]
            world.sees = Looked(2, tuple(found), found=Found(ready=True, digest=f"{number}"))

    def live_through(weeks):
        until = world.passed + weeks * WEEK
        while world.passed < until:
            step = world.watch.step()
            if step.what == SCAN:
                name = f"storage {chance.randrange(1_000_000)}"
                wrong = Condition(FINDING, name, "damaged", f"'{name}': 1 damaged")
                world.watch.scanned(ScanEnded(7, worked=True, known=Known((wrong,))))
            elif step.what == WAIT:
                world.passed = step.until
                if chance.random() < 0.1:
                    change()
            world.told.clear()
            post.troubles()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = live_through(0.15)
        after = live_through(20 if long else 0.15)
    finally:
        tracemalloc.stop()
        post.close(10, tried=True)
    assert after - before < 16_000, (before, after)
    assert door.sent > 10
    assert world.watch.status.at == timestamp(world.now(), "seconds")
