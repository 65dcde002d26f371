"""Which files are due: as little as keeps an even pace, and what that comes to over time."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.scanning.due.choosing import (
    EACH,
    MINUTE,
    Ages,
    Choice,
    Marking,
    choose,
    minutes_of,
)
from support.recovery.memory import File, rows_with

DAY = 86_400
EVERY = 10 * DAY


def ages_of(files: dict[int, int]) -> Ages:
    """Give how much was proved when, from the day on which each file was, all of one size."""
    found = Ages()
    for day, count in Counter(files.values()).items():
        found.add(day * DAY // MINUTE, count, count * EACH)
    return found


def test_of_nothing_nothing_is_due() -> None:
    assert choose(Ages(), 0, EVERY) == Choice()


def test_what_was_just_proved_is_not_due() -> None:
    assert choose(ages_of({1: 0}), 30, EVERY) == Choice()


def test_what_is_older_than_its_part_of_the_cycle_is_due_at_once() -> None:
    choice = choose(ages_of({1: 0, 2: 5}), 8 * DAY + MINUTE, EVERY)
    assert choice.before == 0
    assert choice.within == 2 * EACH


def test_no_more_is_due_than_has_room_and_the_rest_is_counted() -> None:
    files = {i: i % 4 for i in range(40)}
    choice = choose(ages_of(files), 30 * DAY, EVERY, most=15 * EACH)
    assert choice.before == DAY // MINUTE
    assert choice.beyond == 20


def test_so_much_of_the_last_minute_is_due_however_its_rows_come() -> None:
    files = {b"%02d" % i: File(b"x") for i in range(10)}
    rows = scanned(rows_with(files, sha256=b"h" * 32, proof="read", proved_at=90))
    for size in (10, 3):
        marking = Marking(Choice(1, 5 * (EACH + 1)), None)
        due = [marking.of(rows.slice(at, size)).to_pylist() for at in range(0, 10, size)]
        assert [one for batch in due for one in batch] == [True] * 5 + [False] * 5


def test_what_a_clock_that_was_ahead_dated_later_than_now_comes_first() -> None:
    files = {b"%d" % i: File(b"x") for i in range(2)}
    rows = scanned(rows_with(files, sha256=b"h" * 32, proof="read", proved_at=DAY + 301))
    assert minutes_of(rows, DAY).to_pylist() == [0, 0]
    assert minutes_of(rows, DAY + 1).to_pylist() == [(DAY + 301) // MINUTE] * 2
    assert Marking(Choice(1), None, DAY).of(rows).to_pylist() == [True, True]


@given(
    st.lists(st.integers(0, 7), min_size=1, max_size=120),
    st.lists(st.integers(1, 3), min_size=1, max_size=15),
)
def test_an_even_pace_reaches_all_and_no_run_has_more_than_its_share(began, gaps) -> None:
    """Whatever the past was: from the second cycle on, nothing is older than its part of it."""
    files, now, since = dict(enumerate(began)), 8, 0
    for at, gap in enumerate([0] * 1 + gaps * 8):
        now, since = now + gap, since + gap
        choice = choose(ages_of(files), now * DAY + 2 * MINUTE, EVERY)
        oldest = sorted(files, key=files.__getitem__)
        within = choice.within
        read = 0
        for file in oldest:
            minute = files[file] * DAY // MINUTE
            if (
                choice == Choice()
                or minute > choice.before
                or (minute == choice.before and within <= 0)
            ):
                continue
            within -= 2 * EACH if minute == choice.before else 0
            files[file] = now
            read += 1
        assert now - min(files.values()) < 8
        if at:
            assert read <= len(files) * gap / 8 + 1
