"""A watch through changes, outages, pokes, restarts and clocks that jump: no thread, no sleep.

A small world stands for checkout and platform. What a watch tells of it is held against what a
reader of its lines may rely on.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reconciler.model import NEW_PLATFORM
from reconciler.watching.conditions import BEGAN, BLOCKED, CHANGED, DRIFT, ENDED, FINDING, Condition
from reconciler.watching.deeds import Clock, Looked, Pulled, ScanEnded, Tried
from reconciler.watching.files import Known, Recalled
from reconciler.watching.loop import Watch
from reconciler.watching.memory import NOTHING, Memory
from reconciler.watching.schedule import APPLY, END, LONGEST, LOOK, PULL, SCAN, WAIT, Found, Terms
from support.sampling import examples

NAMES = st.sampled_from("abc")
INTERVAL = 300.0
DAY = 86_400.0


class World:
    """What a watch looks at, and what was asked of it."""

    def __init__(self):
        self.differs = {}
        self.blocked = set()
        self.reached = self.pulled = self.applies = True
        self.busy = self.outdated = self.scanning = False
        self.calls = []
        #: The address that the manifest names; which platform lies where, and a watch knows there.
        self.place, self.ids, self.known = "here", {}, {}

    @property
    def id(self):
        return self.ids.get(self.place, NEW_PLATFORM)

    @property
    def is_ours(self):
        if self.id == NEW_PLATFORM:
            return not self.known
        return self.known.get(self.place, self.id) == self.id

    @property
    def digest(self):
        return f"{sorted(self.differs.items())}" if self.differs or self.blocked else ""

    def pull(self):
        self.calls.append((PULL, self.pulled))
        problem = None if self.pulled else Condition("not_pulled", "", "", "no route")
        return Pulled("c0ffee", problem)

    def look(self):
        counts = self.reached and self.is_ours
        self.calls.append((LOOK, self.digest if counts else None))
        if not self.reached:
            return Looked(1, problem=Condition("unread", "", "", "no route"))
        if counts and self.id != NEW_PLATFORM:
            self.known[self.place] = self.id
        found = [Condition(DRIFT, name, "changed", how) for name, how in self.differs.items()]
        found += [Condition(BLOCKED, name, "protected", "it is") for name in self.blocked]
        found_out = Found(not self.blocked, self.digest)
        return Looked(0, tuple(found), found=found_out, platform=self.place, platform_id=self.id)

    def run(self):
        return "20261130-084329-640-c7d9ea"

    def apply(self, made):
        assert self.is_ours, "it is another platform, or a new one"
        if self.id == NEW_PLATFORM and not (self.outdated or self.busy):
            self.ids[self.place] = self.known[self.place] = "made"
            made(self.id)
        tried = self.tried()
        self.calls.append((APPLY, (self.digest, tried)))
        if tried.worked:
            self.differs.clear()
        return tried

    def recall(self):
        self.watch.recalled(Recalled())  # others write nothing; see test_recalling for what they do

    def scan(self):
        assert not self.scanning, "one scan at a time"
        self.scanning = True
        self.calls.append((SCAN, None))

    def tried(self):
        if self.outdated:
            self.outdated = False
            return Tried(4, worked=False, outdated=True)
        if self.busy:
            return Tried(6, worked=False, busy=True)
        if not self.applies:
            return Tried(1, worked=False, problem=Condition("not_applied", "", "", "refused"))
        return Tried(0, worked=True)


class Reader:
    """Reads the lines of a watch, across restarts."""

    def __init__(self):
        self.open = {}

    def news(self, news):
        assert news
        for one in news:
            key = one.condition.key
            if one.event == BEGAN:
                assert key not in self.open, f"{key} has begun twice"
                self.open[key] = one.condition
            elif one.event == CHANGED:
                assert self.open[key] != one.condition
                self.open[key] = one.condition
            else:
                assert one.event == ENDED
                assert key in self.open, f"{key} ends, and never began"
                del self.open[key]

    def looked(self, looked):
        assert looked.problem is None

    def cut_off(self, run):
        raise AssertionError("no apply was cut off")


class Watched(RuleBasedStateMachine):
    """Steps of a watch between changes of its world."""

    @initialize(pulls=st.booleans(), applies=st.booleans(), every=st.sampled_from((None, DAY)))
    def begin(self, pulls, applies, every):
        self.terms = Terms(INTERVAL, pulls, applies, every)
        self.world, self.reader, self.memory = World(), Reader(), NOTHING
        self.passed, self.wall = 0.0, datetime(2026, 11, 30, tzinfo=UTC)
        self.spread = 1.0
        self.failed = {}
        #: Between these the next scan begins, if none runs.
        self.scan_due = self.scan_latest = 0.0
        self.start()

    def start(self):
        clock = Clock(lambda: self.passed, lambda: self.wall, lambda: self.spread)
        self.watch = Watch(self.terms, self.world, self.reader, clock, self.memory, self.keep)
        self.world.watch = self.watch
        self.due, self.poked = self.passed, False

    def keep(self, memory):
        self.memory = msgspec.json.decode(msgspec.json.encode(memory), type=Memory)

    @rule(name=NAMES, how=st.sampled_from(("label x", "label y", None)))
    def differ(self, name, how):
        self.world.differs.pop(name, None)
        if how:
            self.world.differs[name] = how

    @rule(name=NAMES)
    def block(self, name):
        self.world.blocked ^= {name}

    @rule(what=st.sampled_from(("reached", "pulled", "applies", "busy")))
    def flip(self, what):
        setattr(self.world, what, not getattr(self.world, what))

    @rule(other=st.sampled_from(("ours", "made", "theirs", NEW_PLATFORM)))
    def swap(self, other):
        self.world.ids[self.world.place] = other

    @rule(place=st.sampled_from(("here", "there")))
    def name_another_address(self, place):
        self.world.place = place

    @rule()
    def have_the_platform_back(self):
        place = self.world.place
        self.world.ids[place] = self.world.known.get(place, self.world.id)

    @rule()
    def edit_between_plan_and_apply(self):
        self.world.outdated = True

    @rule(seconds=st.floats(0, 2 * LONGEST), back=st.booleans())
    def pass_time(self, seconds, back):
        self.passed += seconds
        self.wall += timedelta(seconds=-seconds if back else seconds)

    @rule(spread=st.floats(0.9, 1.1))
    def chance(self, spread):
        self.spread = spread

    @rule()
    def poke(self):
        self.watch.poke()
        self.poked = True

    @rule()
    def restart(self):
        if self.world.scanning:
            self.world.scanning = False
            self.scan_due = self.scan_latest = self.passed
        self.scan_latest = max(self.scan_latest, self.passed + DAY)  # a clock was set back
        self.start()

    @precondition(lambda self: self.world.scanning)
    @rule(worked=st.booleans(), found=st.sets(NAMES))
    def end_the_scan(self, worked, found):
        self.world.scanning = False
        problem = None if worked else Condition("not_scanned", "", "", "no repository")
        conditions = tuple(Condition(FINDING, name, "damaged", "1") for name in found)
        known = Known(conditions, read=frozenset("abc")) if worked else None
        self.watch.scanned(ScanEnded(0, worked, problem, known))
        if not worked:
            self.scan_due = min(self.scan_due, self.passed + DAY / 24)
        self.scan_due = self.scan_latest = max(self.scan_due, self.passed)
        told = {key[1] for key in self.reader.open if key[0] == FINDING}
        assert told == found or not worked

    @rule()
    def go_on(self):
        """Take steps until there is nothing to do but wait."""
        wanted = self.poked or self.passed >= self.due
        begun = len(self.world.calls)
        for _ in range(12):
            step = self.watch.step()
            if step.what == WAIT:
                break
            if step.what == SCAN:
                assert self.passed >= self.scan_due
                self.scan_due = self.passed + DAY
            else:
                assert wanted, f"{step.what} though nothing was due"
        else:
            raise AssertionError("it never rests")
        calls = self.world.calls[begun:]
        assert any(what == LOOK for what, _ in calls) == wanted
        self.check(calls)
        if wanted:
            self.poked, self.due = False, self.passed + INTERVAL * self.spread
        assert self.passed < step.until <= self.passed + INTERVAL * 1.1
        if self.terms.scan_every and not self.world.scanning:
            assert self.passed < self.scan_latest, "a scan was due"

    def check(self, calls):
        newest, seen = True, None
        for what, how in calls:
            if what == PULL:
                assert self.terms.pulls
                newest = how
            elif what == SCAN:
                assert self.terms.scan_every
            elif what == LOOK:
                seen = how
            else:
                assert self.terms.applies, "nobody asked for an apply"
                assert newest, "the manifest may be an old one"
                digest, tried = how
                assert digest == seen
                assert digest, "there is nothing to apply"
                assert not self.world.blocked
                self.tried(digest, tried)
                seen = "" if tried.worked else seen
        if seen is not None and not self.world.blocked and seen == "":
            self.failed.clear()
        if seen is not None:
            self.compare()

    def tried(self, digest, tried):
        until, failures = self.failed.get(digest, (0.0, 0))
        assert self.passed >= until, "the pause of a failing plan was not kept"
        if tried.problem:
            pause = min(INTERVAL * 2 ** (failures + 1), LONGEST)
            self.failed[digest] = (self.passed + pause, failures + 1)
        elif tried.worked:
            self.failed.pop(digest, None)

    def compare(self):
        """After a look that worked, what is open is what differs; unseen changes are told."""
        told = {key: one for key, one in self.reader.open.items() if key[0] in (DRIFT, BLOCKED)}
        names = {key[1]: one.message for key, one in told.items() if key[0] == DRIFT}
        assert names == self.world.differs
        assert {key[1] for key in told if key[0] == BLOCKED} == self.world.blocked

    @precondition(lambda self: hasattr(self, "watch"))
    @invariant()
    def what_lasts_is_what_was_told(self):
        lasting = {one.condition.key for one in self.watch.status.lasting}
        assert lasting == set(self.reader.open)
        assert lasting == {one.condition.key for one in self.memory.lasting}


def test_the_end_comes_before_anything_else():
    world, reader = World(), Reader()
    clock = Clock(lambda: 0.0, lambda: datetime(2026, 11, 30, tzinfo=UTC), lambda: 1.0)
    watch = Watch(Terms(INTERVAL), world, reader, clock, NOTHING, lambda _: None)
    watch.poke()
    watch.end()
    assert watch.step().what == END
    assert world.calls == []


TestWatched = Watched.TestCase
TestWatched.settings = settings(
    max_examples=examples(25, 2000), stateful_step_count=30, deadline=None
)
