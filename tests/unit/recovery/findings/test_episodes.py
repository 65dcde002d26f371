"""Findings over time: seen, seen again, resolved, back again; runs that do not know each other."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.recovery import values
from reconciler.recovery.findings import episodes as over_time
from reconciler.recovery.findings.episodes import bounded, is_settled, key, observed, open_ones
from reconciler.recovery.findings.joining import joined
from reconciler.recovery.rows import FILE, READ, Content
from reconciler.recovery.values import Accepted, FileFinding

GOOD = Content(b"a", FILE, 1, 2, b"g" * 32, READ, 3)
ROTTEN = replace(GOOD, sha256=b"r" * 32)
DAMAGED = FileFinding(values.DAMAGED, "nas", "local:/nas", b"a", GOOD, ROTTEN)


NEVER = "9999"


def night(number):
    return f"2026-11-{number:02}T02:00:00Z"


def run(known, number, *found, ended=False, now=NEVER):
    return observed(known, {key(f): f for f in found}, night(number), lambda _: ended, now)


def told(known):
    return [(e.path, e.what, e.first_seen, e.last_seen, e.resolved) for e in known]


def test_seen_seen_again_resolved_and_back_again():
    known = run([], 1, DAMAGED)
    known = run(known, 2, DAMAGED)
    assert told(known) == [(b"a", "damaged", night(1), night(2), "")]
    known = run(known, 3, ended=True)
    known = run(known, 4, ended=True)
    assert told(known) == [(b"a", "damaged", night(1), night(2), night(3))]
    known = run(known, 5, DAMAGED)
    assert told(known) == [
        (b"a", "damaged", night(1), night(2), night(3)),
        (b"a", "damaged", night(5), night(5), ""),
    ]
    assert list(open_ones(known)) == [("", b"a", "")]


def test_what_is_not_found_again_is_open_until_a_run_proves_that_it_is_over():
    known = run(run([], 1, DAMAGED), 2)
    assert told(known) == [(b"a", "damaged", night(1), night(1), "")]


def test_a_run_about_an_earlier_moment_ends_nothing():
    known = run(run([], 5, DAMAGED), 4, ended=True)
    assert told(known) == [(b"a", "damaged", night(5), night(5), "")]
    known = run(known, 4, DAMAGED)
    assert told(known) == [(b"a", "damaged", night(4), night(5), "")]


def test_what_a_file_was_when_it_began_is_kept_though_it_is_worse_now():
    gone = replace(DAMAGED, what=values.MISSING, was=ROTTEN, now=None)
    known = run(run([], 1, DAMAGED), 2, gone)
    assert told(known) == [(b"a", "missing", night(1), night(2), "")]
    assert known[0].was == GOOD


def test_parts_are_told_apart_by_their_reason_and_files_are_not():
    part = FileFinding(values.NOT_VERIFIED, "nas", "local:/nas", note="EIO", reason="not_listed")
    assert key(part) != key(replace(part, reason="unknown_then"))
    assert key(part) == key(replace(part, note="in other words"))
    assert key(DAMAGED) != key(replace(DAMAGED, about=values.INVENTORY))
    assert key(DAMAGED) == key(replace(DAMAGED, note="x", what=values.CHANGED))


def test_runs_that_knew_nothing_of_each_other_are_put_together():
    start = run([], 1, DAMAGED)
    resolved = run(start, 3, ended=True)
    assert told(joined([start, resolved])) == told(resolved)
    # Another one, that did not know it, saw it before: nothing changes. Or saw it later: it lasts.
    assert told(joined([run(start, 2, DAMAGED), resolved])) == [
        (b"a", "damaged", night(1), night(2), night(3))
    ]
    assert told(joined([resolved, run(start, 4, DAMAGED)])) == [
        (b"a", "damaged", night(1), night(4), "")
    ]
    assert told(joined([run([], 1, DAMAGED), run([], 2, DAMAGED)])) == [
        (b"a", "damaged", night(1), night(2), "")
    ]


def test_episodes_that_are_apart_stay_apart():
    known = run(run(run([], 1, DAMAGED), 2, ended=True), 3, DAMAGED)
    assert joined([known, known]) == known


ACTS = st.lists(st.sampled_from(["seen", "over", "silent"]), min_size=1, max_size=6)


@given(ACTS, ACTS, st.randoms(use_true_random=False))
def test_the_order_in_which_records_are_put_together_does_not_matter(common, more, random_order):
    records = [[]]
    for number, act in enumerate(common + more, 1):
        # Two runs at the same time start from one record, as if each were alone.
        base = records[min(number - 1, len(common))]
        found = [DAMAGED] if act == "seen" else []
        records.append(run(base, number, *found, ended=act == "over"))
    whole = joined(records)
    shuffled = random_order.sample(records, len(records))
    assert joined(shuffled) == whole
    assert joined([*shuffled, whole]) == whole
    for one, other in itertools.pairwise(whole):
        assert one.resolved
        assert one.resolved < other.first_seen


def many(count, what=values.EXTRA, resolved=""):
    return [
        replace(
            DAMAGED,
            what=what,
            path=b"%06d" % n,
            first_seen=night(1 + n % 28),
            last_seen=night(29),
            resolved=resolved and night(1 + n % 28),
        )
        for n in range(count)
    ]


def test_what_matters_least_goes_first_where_there_is_no_room(monkeypatch):
    monkeypatch.setattr(over_time, "MOST_OPEN", 3)
    monkeypatch.setattr(over_time, "MOST_RESOLVED", 2)
    damaged = [replace(f, path=b"d" + f.path) for f in many(2, values.DAMAGED)]
    everything = [*many(5), *damaged, *[replace(f, path=b"r" + f.path) for f in many(9, "x", "y")]]
    random.Random(1).shuffle(everything)
    kept, no_room = bounded(everything)
    assert no_room == 4
    assert [f.path for f in kept] == [b"000000", b"d000000", b"d000001", b"r000007", b"r000008"]


@pytest.mark.parametrize(
    "what", [v for n, v in vars(values).items() if n.isupper() and v != values.INVENTORY]
)
def test_every_class_has_its_place_in_the_order(what):
    assert what in over_time.SEVERITY


def accepted(known, number):
    return [
        replace(e, accepted=e.accepted or Accepted(night(number), "anna@scope", "", e.now))
        for e in known
    ]


WORSE = replace(DAMAGED, now=replace(ROTTEN, sha256=b"s" * 32))
GONE = replace(DAMAGED, what=values.MISSING, now=None)


def test_what_is_accepted_stays_so_while_the_bytes_do():
    known = accepted(run([], 1, DAMAGED), 2)
    touched = replace(DAMAGED, what=values.CHANGED, now=replace(ROTTEN, mtime_ns=9))
    for number, found in ((3, DAMAGED), (4, touched)):
        known = run(known, number, found)
        assert [(e.first_seen, is_settled(e)) for e in known] == [(night(1), True)]


@pytest.mark.parametrize("other", [WORSE, GONE])
def test_a_different_fault_of_an_accepted_file_is_another_finding(other):
    known = run(accepted(run([], 1, DAMAGED), 2), 3, other)
    assert told(known) == [
        (b"a", "damaged", night(1), night(1), night(3)),
        (b"a", other.what, night(3), night(3), ""),
    ]
    assert [is_settled(e) for e in known] == [True, False]
    assert known[1].was == GOOD
    assert joined([known, known]) == joined([known])
    # As it was accepted, it counts no more: nobody is asked twice.
    assert [is_settled(e) for e in run(known, 4, DAMAGED)] == [True, True]


def test_what_says_nothing_of_the_bytes_leaves_what_was_accepted():
    known = accepted(run([], 1, DAMAGED), 2)
    unread = replace(DAMAGED, what=values.UNREADABLE, now=replace(ROTTEN, sha256=None))
    assert run(known, 3, unread) == known


def test_an_acceptance_outlasts_a_run_at_the_same_time_that_does_not_know_of_it():
    first = run([], 1, DAMAGED)
    said, seen = accepted(first, 2), run(first, 3, DAMAGED)
    for records in itertools.permutations([first, said, seen]):
        (episode,) = joined(records)
        assert is_settled(episode)
        assert episode.last_seen == night(3)


AHEAD = "2035-01-01T00:00:00Z"


def test_what_a_clock_told_that_was_ahead_is_over_when_that_is_proved():
    lasting = [replace(DAMAGED, first_seen=night(1), last_seen=AHEAD)]
    assert told(run(lasting, 2, ended=True, now=night(3))) == [
        (b"a", "damaged", night(1), night(2), night(2))
    ]
    assert told(run(lasting, 2, ended=True))[0][-1] == ""  # a later run knows better


def test_what_a_clock_ended_that_was_ahead_takes_nothing_that_is_found_since():
    over = [replace(DAMAGED, first_seen=night(1), last_seen=night(1), resolved=AHEAD)]
    after = joined([run(over, 2, DAMAGED, now=night(3))])
    assert told(after) == [
        (b"a", "damaged", night(1), night(1), night(2)),
        (b"a", "damaged", night(2), night(2), ""),
    ]


def test_what_is_seen_again_was_seen_last_by_a_clock_that_is_right():
    lasting = [replace(DAMAGED, first_seen=AHEAD, last_seen=AHEAD)]
    assert told(run(lasting, 2, DAMAGED, now=night(3))) == [
        (b"a", "damaged", night(2), night(2), "")
    ]


def test_what_tells_which_files_were_given_up_has_room_of_its_own(monkeypatch):
    monkeypatch.setattr(over_time, "MOST_RESOLVED", 1)
    monkeypatch.setattr(over_time, "MOST_GIVEN_UP", 2)
    over = many(4, values.MISSING, "y")
    said = [replace(each, path=b"s" + each.path) for each in accepted(over, 29)]
    kept, no_room = bounded([*over, *said])
    assert (no_room, [f.path for f in kept]) == (0, [b"000003", b"s000002", b"s000003"])
