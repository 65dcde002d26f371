"""What the repository of scans knows, as a watch tells it: an end says only who has read it."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.errors import ERROR, FINDINGS, SUCCESS, UNPROVED
from reconciler.report.watching.numbers import numbers
from reconciler.watching.conditions import (
    BEGAN,
    CHANGED,
    DRIFT,
    DROPPED,
    ENDED,
    FINDING,
    NOT_APPLIED,
    NOT_KNOWN,
    NOT_REACHABLE,
    NOT_SCANNED,
    OF_ANOTHER,
    OF_PLATFORM,
    OVERDUE,
    PROOFS,
    UNREAD,
    Condition,
)
from reconciler.watching.deeds import Clock, Looked, ScanEnded
from reconciler.watching.files import HANGS, PATIENCE, Due, Known, Recalled
from reconciler.watching.loop import Watch
from reconciler.watching.memory import NOTHING
from reconciler.watching.schedule import APPLY, LOOK, SCAN, Found, Terms
from support.sampling import examples

NAMES = ("nas", "raw")
WRONG = Condition(FINDING, "nas", "missing", "'nas': 1 missing, and not accepted")
LATER = (Due("nas", "2026-12-24T00:00:00Z", "overdue"),)


class World:
    """What there is to see, and watches that see it one after the other."""

    def __init__(self, **terms):
        self.passed, self.memory, self.told = 0.0, NOTHING, []
        self.asked = 0
        self.sees = Looked(0, found=Found(ready=True), platform="here")
        self.start(**terms)

    def start(self, *, scans=True, applies=False):
        terms = Terms(300.0, applies=applies, scan_every=86_400.0 if scans else None)
        now = lambda: datetime.fromtimestamp(1_796_000_000 + self.passed, UTC)  # noqa: E731
        clock = Clock(lambda: self.passed, now, lambda: 1.0)
        self.watch = Watch(terms, self, self, clock, self.memory, self.keep)

    def keep(self, memory):
        self.memory = memory

    def look(self):
        return self.sees

    def recall(self):
        self.asked += 1

    def scan(self):
        pass

    def looked(self, looked):
        pass

    def news(self, news):
        self.told.extend((one.event, one.condition) for one in news)

    def lasting(self):
        return {one.condition for one in self.watch.status.lasting}

    def take_told(self):
        told, self.told = self.told, []
        return told

    def step(self, *recalled):
        """Look again, and hand in what the repository knows."""
        self.watch.poke()
        while self.watch.step().what != LOOK:
            pass
        for one in recalled:
            self.watch.recalled(one)


def known(*conditions, repository="a", names=NAMES, unread=(), address="p", **more):
    read, whose = frozenset(names) - frozenset(unread), {"repository": repository}
    return Known(conditions, read=read, unread=frozenset(unread), address=address, **whose, **more)


def test_each_look_tells_what_somebody_else_has_written_into_the_repository():
    world = World()
    world.step(Recalled(known()))
    assert world.told == []
    world.step(Recalled(known(WRONG, dues=(), oldest_proof="2026-11-01T00:00:00Z")))
    assert world.take_told() == [(BEGAN, WRONG)]
    assert world.watch.status.oldest_proof == "2026-11-01T00:00:00Z"
    assert 'reconciler_watch_conditions{kind="finding"} 1' in numbers(world.watch.status)
    world.step(Recalled(known()))  # somebody has accepted it
    assert world.take_told() == [(ENDED, WRONG)]
    assert world.asked == 3


def test_a_scan_that_ends_meanwhile_knows_better_than_who_began_to_look_before():
    world = World()
    world.step()
    assert world.watch.step().what == SCAN
    world.watch.scanned(ScanEnded(7, worked=True, known=known(WRONG)))
    world.watch.recalled(Recalled(known()))
    assert world.told == [(BEGAN, WRONG)]
    assert world.asked == 2  # it looks again
    world.watch.recalled(Recalled(known()))
    assert world.told[1:] == [(ENDED, WRONG)]


def test_one_round_ends_with_what_lasts_of_files_until_that_is_over():
    world = World()
    world.step(Recalled(known(WRONG)))
    assert world.watch.exit_code == FINDINGS
    world.start()
    world.step()
    assert world.watch.recalls
    assert world.watch.exit_code == FINDINGS
    world.watch.recalled(Recalled(known(replace(WRONG, kind=NOT_REACHABLE))))
    assert world.watch.exit_code == UNPROVED
    world.step(Recalled(known()))
    assert (world.watch.recalls, world.watch.exit_code) == (False, SUCCESS)


def test_a_repository_that_does_not_answer_is_told_and_not_waited_for():
    world = World()
    world.step(Recalled(known(WRONG)))
    world.step()
    world.passed += PATIENCE + 1
    world.watch.step()
    silent = Condition(NOT_KNOWN, "", "", HANGS)
    assert world.lasting() == {WRONG, silent}
    assert not world.watch.recalls
    world.step()
    assert world.asked == 2  # no second one beside it
    world.watch.recalled(Recalled(known(WRONG)))
    assert world.lasting() == {WRONG}


def test_what_a_scan_has_read_since_counts_more_than_a_lookup_that_never_returns():
    world = World()
    world.step(Recalled(known()))
    world.watch.step()
    world.step()
    world.passed += PATIENCE + 1
    world.watch.step()
    silent = Condition(NOT_KNOWN, "", "", HANGS)
    assert world.lasting() == {silent}
    world.take_told()
    world.watch.scanned(ScanEnded(0, worked=True, known=known()))
    assert not world.watch.recalls
    world.watch.step()
    assert world.take_told() == [(ENDED, silent)]
    world.step(Recalled(known(WRONG)))  # another one is begun, which is well
    assert (world.asked, world.take_told()) == (3, [(BEGAN, WRONG)])


def test_a_scan_that_did_not_come_to_all_is_told_also_after_a_restart():
    world = World()
    world.step(Recalled(known()))
    world.watch.step()
    world.watch.scanned(ScanEnded(8, worked=True, known=known()))
    ((event, told),) = world.take_told()
    assert (event, told.kind) == (BEGAN, NOT_SCANNED)
    assert "exit code 8" in told.message
    world.start()
    assert world.lasting() == {told}
    world.passed += 90_000
    world.step(Recalled(known()))
    world.watch.step()
    world.watch.scanned(ScanEnded(0, worked=True, known=known()))
    assert world.told == [(ENDED, told)]


def test_what_another_repository_knew_lasts_until_a_look_without_it():
    world = World()
    world.step(Recalled(known(WRONG)))
    world.take_told()
    other = Recalled(known(repository="b"))
    for _ in range(2):
        world.step(other)
    ((event, told),) = world.take_told()
    assert (event, told.kind) == (BEGAN, NOT_KNOWN)
    assert world.lasting() == {WRONG, told}
    world.step(Recalled(known(WRONG)))  # the first one is back
    assert world.take_told() == [(ENDED, told)]
    world.step(other)
    world.start(scans=False)
    world.take_told()
    assert world.lasting() == set()
    world.start()
    world.step(other)
    assert world.take_told() == []


def test_another_repository_is_told_also_where_nothing_was_wrong():
    world = World()
    world.step(Recalled(known(numbers="ours")))
    world.step(Recalled(known(repository="b", names=(), numbers="theirs")))
    ((event, told),) = world.take_told()
    assert world.watch.numbers == "ours"
    assert (event, told.kind, world.watch.exit_code) == (BEGAN, NOT_KNOWN, UNPROVED)
    world.start()
    world.step(Recalled(known(repository="b")))
    assert world.take_told() == []
    world.step(Recalled(known()))
    assert world.take_told() == [(ENDED, told)]


def test_a_repository_at_another_address_is_another_thing_to_look_at():
    world = World()
    world.step(Recalled(known(WRONG)))
    world.step(Recalled(replace(known(repository="b"), address="q")))
    ((_, _), (event, told)) = world.told
    assert (event, told.message) == (ENDED, f"{DROPPED}{WRONG.message}")


def test_which_repository_lay_at_an_address_is_known_also_after_one_at_another():
    world = World()
    for one in (known(WRONG), known(WRONG, repository="b", address="q", dues=LATER)):
        world.step(Recalled(one))
    world.take_told()
    other = Recalled(known(repository="c"))
    for _ in range(2):
        world.step(other)
    (_, dropped), (event, told) = world.take_told()
    assert dropped.message == f"{DROPPED}{WRONG.message}"
    assert (event, told.kind) == (BEGAN, NOT_KNOWN)
    world.start()
    world.passed += 30 * 86_400.0
    world.step(other)
    assert world.lasting() == {told}
    world.step(Recalled(known()))  # the first one is back
    assert world.take_told() == [(ENDED, told)]
    world.start(scans=False)  # a person says that the other one is meant
    world.start()
    world.step(other)
    assert world.take_told() == []


def test_of_a_storage_that_is_nowhere_any_more_nobody_says_that_it_is_well():
    world = World()
    world.step(Recalled(known(WRONG)))
    away = replace(WRONG, message="'nas' at 'x', which is none of the storages any more: 1 missing")
    world.step(Recalled(known(away)))
    assert world.lasting() == {away}
    world.take_told()
    world.step(Recalled(known(names=("raw",))))
    assert world.told == [(ENDED, replace(away, message=f"{DROPPED}{away.message}"))]


def test_drift_of_another_platform_is_told_of_no_more_and_not_as_over():
    world = World()
    drift = Condition(DRIFT, "nas", "changed", "label")
    world.sees = replace(world.sees, conditions=(drift,))
    world.step()
    world.sees = Looked(1, problem=Condition(UNREAD, "", "", "no route"))
    world.step()
    assert drift in world.lasting()
    world.take_told()
    world.start()
    world.sees = Looked(0, found=Found(ready=True), platform="there")
    world.step()
    assert [(event, told.message) for event, told in world.told if told.kind == DRIFT] == [
        (ENDED, f"{DROPPED}label")
    ]


def test_another_platform_at_that_address_ends_nothing_and_is_told_beside_an_outage():
    world = World(applies=True)
    drift = Condition(DRIFT, "nas", "changed", "label")
    ours = replace(world.sees, conditions=(drift,), found=Found(ready=False), platform_id="a")
    world.sees = ours
    world.step()
    world.sees = Looked(1, problem=Condition(UNREAD, "", OF_PLATFORM, "no route"))
    world.step()
    world.take_told()
    world.start(applies=True)
    world.sees = replace(ours, conditions=(), found=Found(ready=True, digest="x"), platform_id="b")
    world.step()
    ((event, told),) = world.take_told()
    assert (event, told.kind, told.code) == (CHANGED, UNREAD, OF_ANOTHER)
    assert world.lasting() == {drift, told}
    assert world.watch.step().what != APPLY
    world.sees = ours
    world.step()
    assert world.take_told() == [(ENDED, told)]


def test_what_could_not_be_applied_is_no_concern_of_who_applies_nothing():
    world = World(applies=True)
    failed = Condition(NOT_APPLIED, "", "", "no")
    world.watch._told.see(frozenset({NOT_APPLIED}), [failed])
    world.start()
    assert world.lasting() == set()
    assert world.told[1][1].message == f"{DROPPED}no"


KINDS = st.sampled_from(sorted(PROOFS - {NOT_KNOWN}))
CONDITIONS = st.sets(st.tuples(KINDS, st.sampled_from(NAMES)), max_size=4)
READINGS = st.fixed_dictionaries(
    {
        "what": CONDITIONS,
        "repository": st.sampled_from("aab"),
        "address": st.sampled_from("ppq"),
        "names": st.sampled_from([NAMES, NAMES, NAMES[:1]]),
        "unread": st.sampled_from([(), (), ("nas",)]),
    }
)
DEEDS = st.lists(
    st.tuples(st.just("recalled"), READINGS)
    | st.tuples(st.sampled_from(["restarted", "failed", "scan failed", "days pass"]), st.none())
    | st.tuples(st.sampled_from(["restarted without", "scanned"]), READINGS),
    max_size=12,
)


def read(reading):
    """Return what a repository says, as far as it can be read, and of what is asked for."""
    conditions = [
        Condition(kind, name, "", f"{name} {kind}")
        for kind, name in sorted(reading["what"])
        if name in reading["names"] and name not in reading["unread"]
    ]
    lost = [Condition(NOT_KNOWN, name, "", "damaged") for name in reading["unread"]]
    asked = {key: reading[key] for key in ("repository", "address", "names", "unread")}
    return known(*conditions, *lost, **asked)


@given(DEEDS)
@settings(max_examples=examples(60, 3_000), deadline=None)
def test_whatever_happens_an_end_is_told_by_who_has_read_it_and_nothing_twice(deeds):
    world, lasts, places = World(), {}, {}

    def judge(reading=None):
        """Hold what was told against what was read, and what lasts against what was told."""
        for event, told in world.take_told():
            if event == BEGAN:
                assert told.key not in lasts
                lasts[told.key] = told
            elif event == ENDED:
                assert told.key in lasts
                del lasts[told.key]
                if told.kind in PROOFS and told.name and not told.message.startswith(DROPPED):
                    assert reading is not None
                    assert told.name in reading.read
                    assert reading.repository == places[reading.address]
                    assert told.key not in {one.key for one in reading.conditions}
            else:
                lasts[told.key] = told
        assert {one.key for one in world.lasting()} == lasts.keys()

    for what, reading in deeds:
        told = None
        if what == "restarted":
            world.start()
        elif what == "restarted without":
            world.start(scans=False)
            judge()
            assert not lasts.keys() & {one.key for one in world.lasting() if one.kind in PROOFS}
            world.start()
            places.clear()
        elif what == "failed":
            world.step(Recalled(problem="no route"))
            assert world.watch.exit_code != SUCCESS
        elif what == "days pass":
            world.passed += 86_400.0
        elif what == "scan failed":
            world.step(Recalled())
            world.watch.scanned(ScanEnded(ERROR, worked=False))
        else:
            told = read(reading)
            if what == "scanned":
                world.step(Recalled())
                world.watch.scanned(ScanEnded(0, worked=True, known=told))
            else:
                world.step(Recalled(told))
            places.setdefault(told.address, told.repository)
        judge(told)
        if told is not None and told.repository == places[told.address]:
            # What was read is told, and nothing else of what was read.
            mine = {one.key for one in world.lasting() if one.kind in PROOFS - {OVERDUE}}
            assert {one.key for one in told.conditions if one.kind != OVERDUE} <= mine
            assert {key for key in mine if key[1] in told.read} <= {
                one.key for one in told.conditions
            }
