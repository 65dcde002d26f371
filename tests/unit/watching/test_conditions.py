"""What begins, changes and ends, of what was seen."""

import pytest

from reconciler.notifying.untold import changes
from reconciler.report.watching.lines import line
from reconciler.report.watching.notifications import news as message
from reconciler.watching.conditions import (
    APPLYING,
    BEGAN,
    BLOCKED,
    CHANGED,
    DRIFT,
    ENDED,
    LIVE,
    NOT_APPLIED,
    NOT_PULLED,
    READING,
    UNREAD,
    Condition,
    Lasting,
    News,
    seen,
)

THEN, NOW = "2026-11-30T08:00:00Z", "2026-11-30T09:00:00Z"
NAS = Condition(DRIFT, "nas", "changed", "label")


def test_what_was_not_looked_at_lasts():
    known = (Lasting(NAS, THEN),)
    unread = Condition(UNREAD, "", "", "no route")
    lasting, news = seen(known, READING, [unread], NOW)
    assert lasting == (Lasting(NAS, THEN), Lasting(unread, NOW))
    assert [(one.event, one.condition) for one in news] == [(BEGAN, unread)]


@pytest.mark.parametrize("kind", [UNREAD, NOT_PULLED])
def test_of_what_fails_another_cause_is_news_and_other_words_are_not(kind):
    known = (Lasting(Condition(kind, "", "here", "no route"), THEN),)
    slow, wrong = Condition(kind, "", "here", "too slow"), Condition(kind, "", "there", "wrong")
    lasting, news = seen(known, frozenset({kind}), [slow], NOW)
    assert (lasting, news) == ((Lasting(slow, THEN),), ())
    lasting, (one,) = seen(known, frozenset({kind}), [wrong], NOW)
    assert (lasting, one) == ((Lasting(wrong, THEN),), News(CHANGED, NOW, wrong, THEN))
    assert [said.condition for said in changes(known, lasting, NOW).each] == [wrong]
    said = f"can't {'look' if kind == UNREAD else 'pull'}, for another reason now: wrong"
    assert line(one) == f"{NOW} {said}"
    assert message("here", changes(known, lasting, NOW)).first == f"{said} (here)"


def test_that_another_plan_fails_is_news():
    first, other = Condition(NOT_APPLIED, "", "a", "no"), Condition(NOT_APPLIED, "", "b", "no")
    lasting, news = seen((Lasting(first, THEN),), APPLYING, [first], NOW)
    assert (lasting, news) == ((Lasting(first, THEN),), ())
    _, (news,) = seen(lasting, APPLYING, [other], NOW)
    assert (news.event, line(news)) == (CHANGED, f"{NOW} another plan is not applied: no")


def test_an_end_says_since_when_it_was_so():
    lasting, (news,) = seen((Lasting(NAS, THEN),), LIVE, [], NOW)
    assert lasting == ()
    assert (news.event, news.time, news.since) == (ENDED, NOW, THEN)


def test_a_storage_that_comes_to_differ_otherwise_has_not_ended_to_differ():
    missing = Condition(DRIFT, "nas", "missing", "not live")
    lasting, (news,) = seen((Lasting(missing, THEN),), LIVE, [NAS], NOW)
    assert (news.event, news.condition, news.since) == (CHANGED, NAS, THEN)
    assert lasting == (Lasting(NAS, THEN),)


def test_a_storage_that_differs_in_two_ways_is_told_once_with_both():
    moved = Condition(DRIFT, "nas", "location_change", "elsewhere")
    lasting, (news,) = seen((), LIVE, [moved, NAS], NOW)
    assert (news.condition.code, news.condition.message) == ("location_change", "label; elsewhere")
    assert len(lasting) == 1


def test_of_drift_another_way_is_news_of_a_reason_that_blocks_another_number_is_not():
    two = Condition(BLOCKED, "", "max_removals", "2 of 10")
    known = (Lasting(two, THEN), Lasting(NAS, THEN))
    other = Condition(DRIFT, "nas", "changed", "label and name")
    three = Condition(BLOCKED, "", "max_removals", "3 of 10")
    lasting, (news,) = seen(known, LIVE, [other, three], NOW)
    assert (news.event, news.condition, news.since) == (CHANGED, other, THEN)
    assert lasting == (Lasting(three, THEN), Lasting(other, THEN))
