"""When digests are due, by the clocks of a zone."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from reconciler.notifying.digests import DAILY, WEEKLY, Rhythm, due

ZURICH = ZoneInfo("Europe/Zurich")


def at(text):
    return datetime.fromisoformat(f"{text}Z")


@pytest.mark.parametrize(
    ("every", "clock", "now", "last", "following"),
    [
        (DAILY, "08:00", "2026-07-01T05:59", "2026-06-30T06:00:00Z", "2026-07-01T06:00"),
        (DAILY, "08:00", "2026-07-01T06:00", "2026-07-01T06:00:00Z", "2026-07-02T06:00"),
        (DAILY, "00:00", "2026-07-01T23:30", "2026-07-01T22:00:00Z", "2026-07-02T22:00"),
        (WEEKLY, "08:00", "2026-11-30T06:59", "2026-11-23T07:00:00Z", "2026-11-30T07:00"),
        (WEEKLY, "08:00", "2026-12-06T12:00", "2026-11-30T07:00:00Z", "2026-12-07T07:00"),
        # A time that is left out in spring, and one that comes twice in autumn.
        (DAILY, "02:30", "2026-03-29T12:00", "2026-03-29T01:30:00Z", "2026-03-30T00:30"),
        (DAILY, "02:30", "2026-10-25T01:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30"),
    ],
)
def test_the_last_and_the_next_one(every, clock, now, last, following):
    rhythm = Rhythm(every, time.fromisoformat(clock), ZURICH)
    assert (rhythm.last(at(now)), rhythm.next(at(now))) == (last, at(following))


def test_one_is_due_once_however_many_were_missed_and_whatever_a_clock_said():
    daily = Rhythm(DAILY, time(8))
    now = at("2026-11-30T09:00")
    assert due(daily, "2026-11-20T08:00:00Z", now) == "2026-11-30T08:00:00Z"
    assert due(daily, "2026-11-30T08:00:00Z", now) == ""
    assert due(daily, "2026-11-30T09:30:00Z", now) == ""  # the clock was set back a little
    assert due(daily, "2036-01-01T08:00:00Z", now) == "2026-11-30T08:00:00Z"
