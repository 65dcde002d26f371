"""Which snapshots stay: by examples, and by properties that hold for any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.snapshots.retention import Item, Rules, kept

BEGIN = datetime(2026, 11, 29, 6, tzinfo=UTC)
COUNTS = st.integers(0, 4)
RULES = st.builds(Rules, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


def item(hours: float, *, group: str = "g", complete: bool = True, spared: str = "") -> Item:
    at = f"{BEGIN + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
    return Item(f"{at}-{group}", at, group, complete, spared)


ITEMS = st.lists(
    st.builds(
        item,
        # Moments near each other, and far apart.
        st.one_of(st.integers(-60, 0), st.integers(-3000, 0).map(lambda n: n * 12)),
        group=st.sampled_from("ab"),
        complete=st.booleans(),
        spared=st.sampled_from(["", "", "", "last verified"]),
    ),
    unique_by=lambda each: each.id,
    max_size=40,
)


def stay(items, rules):
    return {id for id, reasons in kept(items, rules).items() if reasons}


def hours(items, rules):
    """Tell what stays as hours before the newest."""
    stays = stay(items, rules)
    return [i for i, each in enumerate(items) if each.id in stays]


def test_the_last_ones_stay():
    items = [item(-n) for n in range(5)]
    assert hours(items, Rules(last=2)) == [0, 1]
    assert hours(items, Rules(last=9)) == [0, 1, 2, 3, 4]


def test_of_a_day_the_last_one_stays():
    items = [item(-8 * n) for n in range(9)]  # 06:00, then 22:00, 14:00, 06:00 of the days before
    assert hours(items, Rules(daily=1)) == [0]
    assert hours(items, Rules(daily=3)) == [0, 1, 4]


def test_days_without_any_do_not_count():
    items = [item(0), item(-24 * 10), item(-24 * 20), item(-24 * 30)]
    assert hours(items, Rules(daily=3)) == [0, 1, 2]


def test_weeks_are_those_of_iso_and_months_and_years_those_of_the_calendar():
    day = -24
    assert hours([item(day * n) for n in range(15)], Rules(weekly=3)) == [0, 7, 14]
    assert hours([item(day * n) for n in range(61)], Rules(monthly=2)) == [0, 29]
    assert hours([item(day * 7 * n) for n in range(60)], Rules(yearly=2)) == [0, 48]
    # 1 January 2027 and 31 December 2026 are of one week.
    assert hours([item(24 * 33), item(24 * 32)], Rules(weekly=2)) == [0]


def test_of_a_day_the_last_complete_one_stays_rather_than_a_later_one_that_is_not():
    items = [item(-1, complete=False), item(-2), item(-3)]
    assert hours(items, Rules(daily=1)) == [1]
    assert hours([item(-1, complete=False), item(-2, complete=False)], Rules(daily=1)) == [0]


def test_the_last_complete_one_stays_whatever_the_rules_say():
    items = [item(-n, complete=n == 3) for n in range(5)]
    assert hours(items, Rules(last=1)) == [0, 3]
    assert kept(items, Rules(last=1))[items[3].id] == ("last complete",)


def test_where_none_is_complete_the_last_one_stays():
    items = [item(-24 * n, complete=False) for n in range(3)]
    assert hours(items, Rules()) == [0]


def test_the_last_verified_one_stays_and_says_so():
    items = [item(-n, spared="last verified" if n == 4 else "") for n in range(6)]
    assert hours(items, Rules(last=1)) == [0, 4]
    assert kept(items, Rules(last=1))[items[4].id] == ("last verified",)


def test_all_reasons_are_told():
    (reasons,) = kept([item(0)], Rules(1, 1, 1, 1, 1)).values()
    assert reasons == ("last complete", "last", "daily", "weekly", "monthly", "yearly")


def test_each_group_is_judged_by_itself():
    items = [item(-n, group=group) for n in range(3) for group in "ab"]
    assert hours(items, Rules(last=1)) == [0, 1]


@given(ITEMS, RULES)
def test_the_last_complete_and_the_spared_of_each_group_always_stay(items, rules):
    stays = stay(items, rules)
    for group in {each.group for each in items}:
        own = sorted((i for i in items if i.group == group), key=lambda i: i.at, reverse=True)
        complete = [each.id for each in own if each.complete]
        assert (complete or [own[0].id])[0] in stays
    assert {each.id for each in items if each.spared} <= stays


@given(ITEMS, RULES, st.randoms(use_true_random=False))
def test_the_order_of_input_changes_nothing(items, rules, random):
    shuffled = list(items)
    random.shuffle(shuffled)
    assert kept(shuffled, rules) == kept(items, rules)


@given(ITEMS, RULES)
def test_pruning_again_removes_nothing_more(items, rules):
    stays = stay(items, rules)
    left = [each for each in items if each.id in stays]
    assert stay(left, rules) == stays


@given(ITEMS, RULES, RULES)
def test_larger_numbers_keep_all_that_smaller_ones_keep(items, some, others):
    most = Rules(*(max(getattr(some, f), getattr(others, f)) for f in Rules.__struct_fields__))
    assert stay(items, some) | stay(items, others) <= stay(items, most)


@given(ITEMS, COUNTS)
def test_as_many_days_are_kept_as_there_are(items, count):
    for group in {each.group for each in items}:
        own = [each for each in items if each.group == group]
        days = sorted({each.at[:10] for each in own}, reverse=True)[:count]
        told = {each.at[:10] for each in own if "daily" in kept(own, Rules(daily=count))[each.id]}
        assert told == set(days)
