"""What a watch tells of files: by what the repository of scans knows, and by the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from reconciler.notifying.untold import changes, merged
from reconciler.report.watching.lines import line
from reconciler.report.watching.notifications import news
from reconciler.report.watching.numbers import numbers
from reconciler.watching import files
from reconciler.watching.conditions import (
    DRIFT,
    FINDING,
    LONG_SCAN,
    NOT_PULLED,
    NOT_SCANNED,
    OVERDUE,
    UNREAD,
    Condition,
    Lasting,
)
from reconciler.watching.deeds import Clock, Looked, ScanEnded
from reconciler.watching.files import Due, Known, Recalled
from reconciler.watching.loop import Watch
from reconciler.watching.memory import NOTHING
from reconciler.watching.schedule import LOOK, SCAN, WAIT, Found, Terms
from support.values.watched import calm

NAS = Due("nas", "2026-12-01T00:00:00Z", "'nas': the oldest proof is older than 30 days")
LATE = Condition(OVERDUE, "nas", "", NAS.message)


def test_it_is_overdue_once_its_time_is_over():
    assert files.overdue("2026-12-01T00:00:00Z", (), [NAS]) == ()
    assert files.overdue("2026-12-01T00:00:01Z", (), [NAS]) == (LATE,)


def test_what_a_scan_has_found_stays_as_it_was_told():
    found = Condition(OVERDUE, "nas", "", "'nas': 3 files proved longer ago than 30 days")
    other = Condition(DRIFT, "nas", "changed", "label")
    known = [Lasting(found, NAS.at), Lasting(other, NAS.at)]
    assert files.overdue("2026-12-02T00:00:00Z", known, [NAS]) == (found,)
    assert files.overdue("2026-11-01T00:00:00Z", known, []) == (found,)


def test_what_lasts_has_numbers_also_where_no_look_has_ever_worked():
    tried = replace(calm(), looked_at="", platform="", declared=0, live=0)
    since = (Lasting(Condition(UNREAD, "", "", "no route"), NAS.at),)
    told = numbers(replace(tried, lasting=since))
    assert [line for line in told.splitlines() if line.startswith("reconciler_watch_cond")] == [
        'reconciler_watch_conditions{kind="unread"} 1'
    ]
    assert "drifted" not in told


@pytest.mark.parametrize("scans", [False, True])
def test_what_a_watch_does_not_look_at_any_more_is_told_once_so(scans):
    told, kept = [], []

    class World:
        def news(self, news):
            told.extend(line(one) for one in news)

    pulled = Condition(NOT_PULLED, "", "", "no route")
    wrong = Condition(FINDING, "nas", "damaged", "'nas': 1 damaged")
    drift = Condition(DRIFT, "nas", "changed", "label")
    lasting = tuple(Lasting(one, NAS.at) for one in (drift, pulled, wrong))
    memory = replace(NOTHING, lasting=lasting)
    clock = Clock(lambda: 0.0, lambda: datetime(2026, 11, 30, tzinfo=UTC), lambda: 1.0)
    terms = Terms(300.0, pulls=not scans, scan_every=9.0 if scans else None)
    watch = Watch(terms, World(), World(), clock, memory, kept.append)
    gone = pulled if scans else wrong
    assert told == [f"2026-11-30T00:00:00Z no longer looked at: {gone.message}"]
    assert gone.kind not in {one.condition.kind for one in watch.status.lasting}
    assert len(watch.status.lasting) == 2
    Watch(terms, World(), World(), clock, kept[-1], kept.append)
    assert len(told) == 1
    # Those who are notified hear the same: not that it is well again.
    queue = merged(
        changes(lasting, kept[0].lasting, NAS.at), changes(kept[0].lasting, kept[1].lasting, NAS.at)
    )
    assert news("here", queue).first == f"no longer looked at: {gone.message} (here)"


def test_what_this_version_does_not_know_is_told_once_as_no_longer_looked_at():
    told, kept = [], []

    class World:
        def news(self, news):
            told.extend(line(one) for one in news)

    later = Lasting(Condition("quota", "nas", "", "'nas': full"), NAS.at)
    clock = Clock(lambda: 0.0, lambda: datetime(2026, 11, 30, tzinfo=UTC), lambda: 1.0)
    memory = replace(NOTHING, lasting=(later,))
    Watch(Terms(300.0), World(), World(), clock, memory, kept.append)
    assert told == ["2026-11-30T00:00:00Z no longer looked at: 'nas': full"]
    assert kept[-1].lasting == ()


def test_a_scan_that_does_not_end_is_told_with_since_when():
    now, told = [datetime(2026, 11, 30, tzinfo=UTC)], []

    class World:
        def look(self):
            return Looked(0, found=Found(ready=True))

        def recall(self):
            watch.recalled(Recalled())

        def scan(self):
            pass

        def news(self, news):
            told.extend((one.event, one.condition) for one in news)

        def looked(self, looked):
            pass

    world = World()

    def passed():
        return now[0].timestamp()

    clock = Clock(passed, lambda: now[0], lambda: 1.0)
    terms = Terms(60.0, scan_every=3_600.0, scan_longest=600.0)
    watch = Watch(terms, world, world, clock, NOTHING, [].append)
    assert [watch.step().what for _ in range(3)] == [LOOK, SCAN, WAIT]
    assert watch.status.scanning_since == "2026-11-30T00:00:00Z"
    for minutes in (10, 11, 90):  # it goes on looking
        now[0] = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(minutes=minutes)
        assert [watch.step().what for _ in range(2)] == [LOOK, WAIT]
        assert bool(told) == (minutes > 10)
    long = Condition(LONG_SCAN, "", "", told[0][1].message)
    assert told == [("began", long)]
    assert "2026-11-30T00:00:00Z" in long.message
    assert 'conditions{kind="long_scan"} 1' in numbers(watch.status)
    watch.scanned(ScanEnded(0, worked=True, known=Known(read=frozenset({"nas"}))))
    assert [watch.step().what for _ in range(2)] == [SCAN, WAIT]
    watch.poke()
    watch.step()
    assert told == [("began", long), ("ended", long)]
    assert watch.status.scanning_since == "2026-11-30T01:30:00Z"


@pytest.mark.parametrize("restarts", [False, True])
def test_each_look_asks_the_clock_also_where_scans_fail_and_after_a_restart(restarts):
    now, kept, told = [datetime(2026, 11, 30, tzinfo=UTC)], [NOTHING], []

    class World:
        def look(self):
            return Looked(0, found=Found(ready=True))

        def recall(self):
            watch.recalled(Recalled())

        def scan(self):
            pass

        def news(self, news):
            told.extend((one.event, one.condition.kind) for one in news)

        def looked(self, looked):
            pass

    def passed():
        return now[0].timestamp()

    def started():
        world = World()
        clock = Clock(passed, lambda: now[0], lambda: 1.0)
        terms = Terms(300.0, scan_every=86_400.0)
        return Watch(terms, world, world, clock, kept[-1], kept.append)

    def steps(watch):
        return [watch.step().what for _ in range(3)]

    watch = started()
    assert steps(watch) == [LOOK, SCAN, WAIT]
    watch.scanned(ScanEnded(0, worked=True, known=Known(dues=(NAS,), read=frozenset({"nas"}))))
    assert told == []
    now[0] = datetime(2026, 12, 2, tzinfo=UTC)
    watch = started() if restarts else watch
    assert steps(watch) == [LOOK, SCAN, WAIT]
    assert told == [("began", OVERDUE)]
    gone = Condition(NOT_SCANNED, "", "", "no repository")
    watch.scanned(ScanEnded(1, worked=False, problem=gone))
    assert told == [("began", OVERDUE), ("began", NOT_SCANNED)]
    watch.poke()
    watch.step()
    assert told[2:] == []
    watch.scanned(ScanEnded(0, worked=True, known=Known(read=frozenset({"nas"}))))
    assert told[2:] == [("ended", NOT_SCANNED), ("ended", OVERDUE)]
