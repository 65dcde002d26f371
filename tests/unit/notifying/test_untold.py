"""What begins and ends between two states, merged, and bounded."""

import pytest

from reconciler.notifying.untold import Queue, Untold, changes, merged
from reconciler.watching.conditions import (
    BLOCKED,
    DRIFT,
    FINDING,
    NOT_PULLED,
    Condition,
    Lasting,
    dropped,
)

THEN, NOW, LATER = (f"2026-11-30T{hour}:00:00Z" for hour in ("08", "09", "10"))
NAS = Condition(DRIFT, "nas", "changed", "label")


def test_what_was_over_in_between_has_ended_and_begun():
    (one,) = changes([Lasting(NAS, THEN)], [Lasting(NAS, NOW)], LATER).each
    assert (one.began, one.ended, one.until) == (1, 1, "")


def test_only_drift_and_findings_may_say_something_else():
    other = Condition(DRIFT, "nas", "changed", "name")
    (one,) = changes([Lasting(NAS, THEN)], [Lasting(other, THEN)], NOW).each
    assert (one.condition, one.began, one.ended) == (other, 0, 0)
    two, three = (Condition(BLOCKED, "", "max_removals", f"{n} of 10") for n in (2, 3))
    assert not changes([Lasting(two, THEN)], [Lasting(three, THEN)], NOW)


@pytest.mark.parametrize("kind", [DRIFT, FINDING, BLOCKED, NOT_PULLED])
def test_what_nobody_looks_at_any_more_is_told_once_it_is_over(kind):
    told = [Lasting(Condition(kind, "nas", "changed", "label"), THEN)]
    last = dropped(told, frozenset({kind}))
    assert not changes(told, last, NOW)
    (one,) = changes(last, [], NOW).each
    assert (one.condition.message, one.ended) == ("no longer looked at: label", 1)
    # One that was killed in between, and looks at it again, has told nobody.
    assert not changes(last, told, NOW)


def test_each_time_counts_and_the_times_are_those_of_all():
    comes = changes([], [Lasting(NAS, THEN)], THEN)
    goes = changes([Lasting(NAS, THEN)], [], NOW)
    once = merged(comes, goes)
    (one,) = merged(once, merged(comes, goes)).each
    assert one == Untold(NAS, THEN, NOW, began=2, ended=2)


def test_of_too_many_that_are_over_the_oldest_are_counted():
    passed = [Untold(Condition(DRIFT, f"{n}", "", ""), THEN, NOW, 1, 1) for n in range(4)]
    lasts = Untold(NAS, THEN, began=1)
    ended = Untold(Condition(DRIFT, "told", "", ""), THEN, NOW, ended=1)
    queue = merged(Queue((ended, *passed[:2])), Queue((lasts, *passed[2:])), most=3)
    assert [one.condition.name for one in queue.each] == ["told", "nas", "3"]
    assert queue.more == {DRIFT: 3}
    assert len(queue) == 6
