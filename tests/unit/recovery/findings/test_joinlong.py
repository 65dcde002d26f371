"""Runs that knew nothing of each other: put together in any order, and nothing open is lost."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.recovery import values
from reconciler.recovery.findings.episodes import (
    NEEDS_PROOF,
    is_settled,
    is_written,
    key,
    observed,
    open_ones,
)
from reconciler.recovery.findings.joining import joined
from reconciler.recovery.rows import DELETED, FILE, LINK, READ, Content
from reconciler.recovery.values import Accepted, FileFinding
from support.sampling import examples

GOOD = Content(b"a", FILE, 1, 2, b"g" * 32, READ, 3)
ROTTEN = replace(GOOD, sha256=b"r" * 32)
WRITTEN = replace(GOOD, sha256=b"w" * 32, mtime_ns=9)
DAMAGED = FileFinding(values.DAMAGED, "nas", "local:/nas", b"a", GOOD, ROTTEN)
#: What a run may see of the file. Of the last ones that do not tell what becomes of it.
SIGHTS = {
    "damaged": DAMAGED,
    "worse": replace(DAMAGED, now=replace(ROTTEN, sha256=b"s" * 32)),
    "missing": replace(DAMAGED, what=values.MISSING, now=None),
    "deleted": replace(DAMAGED, what=values.DELETED, now=Content(b"a", DELETED, version="1")),
    "written": replace(DAMAGED, what=values.CHANGED, now=WRITTEN),
    "touched": replace(DAMAGED, what=values.CHANGED, now=replace(ROTTEN, mtime_ns=8)),
    "a link": replace(DAMAGED, what=values.CHANGED, now=Content(b"a", LINK, detail=b"x")),
    "moved": replace(DAMAGED, what=values.MOVED, now=None),
    "extra": replace(DAMAGED, what=values.EXTRA, was=None, now=WRITTEN),
    "unreadable": replace(DAMAGED, what=values.UNREADABLE, now=None, note="EIO"),
}
#: Whatever sees the good bytes; who looks at nothing; what a person says.
WHOLE, SILENT, ACCEPT, WITHDRAW = "whole", "silent", "accept", "withdraw"


def at(second):
    return f"2026-11-29T02:00:{second:02}Z"


def seen(known, second, *names, ended=False):
    found = {key(SIGHTS[name]): SIGHTS[name] for name in names}

    def over(finding):
        return ended or finding.what not in NEEDS_PROOF

    return observed(known, found, at(second), over, "9999")


def told(known):
    return [(e.what, e.first_seen, e.last_seen, e.resolved) for e in known]


@pytest.mark.parametrize("name", ["written", "a link", "moved", "extra", "unreadable"])
def test_what_is_missing_gives_way_to_nothing_that_another_run_has_seen(name):
    missing = seen([], 1, "missing")
    for other in (seen([], 2, name), seen([], 0, name)):
        assert told(joined([missing, other])) == [("missing", at(1), at(1), "")]
        assert joined([other, missing]) == joined([missing, other])


def test_what_another_run_took_for_less_is_no_proof_when_that_is_over():
    common = seen([], 0, "a link")
    missing, over = seen(common, 1, "missing"), seen(common, 2)
    assert [e.resolved for e in over] == [at(2)]
    assert told(joined([over, missing])) == [("missing", at(0), at(1), "")]


def test_what_is_gone_is_not_back_since_another_run_saw_a_damaged_file_written():
    common = seen([], 0, "damaged")
    gone, written = seen(common, 1, "missing"), seen(common, 2, "written")
    assert told(written) == [("damaged", at(0), at(0), at(2)), ("changed", at(2), at(2), "")]
    (lasting,) = open_ones(joined([gone, written])).values()
    assert lasting.what == values.MISSING


def test_whole_bytes_end_it_for_runs_that_looked_before():
    common = seen([], 0, "missing")
    records = [seen(common, 1, "missing"), seen(common, 2, ended=True), seen([], 1, "a link")]
    for order in itertools.permutations(records):
        assert told(joined(order)) == [("missing", at(0), at(1), at(2))]


def test_what_was_seen_after_that_is_told_beside_it():
    whole = seen(seen([], 0, "missing"), 2, ended=True)
    assert told(joined([seen([], 1, "missing"), whole, seen([], 3, "written")])) == [
        ("missing", at(0), at(1), at(2)),
        ("changed", at(3), at(3), ""),
    ]
    long = seen(seen([], 1, "a link"), 3, "a link")
    assert told(joined([long, whole]))[1] == ("changed", at(2), at(3), "")


def test_a_run_that_has_looked_earlier_does_not_say_what_it_is_now():
    known = seen([], 5, "missing")
    for name in ("damaged", "written", "a link", "unreadable"):
        assert {e.what for e in seen(known, 3, name)} == {values.MISSING}
    assert told(seen(seen([], 5, "a link"), 3, "missing")) == [("missing", at(3), at(3), "")]


def test_what_was_accepted_stays_so_whatever_another_run_took_it_for():
    common = seen([], 0, "damaged")
    said = [replace(e, accepted=Accepted(at(1), "anna", "", e.now)) for e in common]
    touched = seen(said, 3, "touched")
    assert [(e.what, is_settled(e)) for e in touched] == [(values.CHANGED, True)]
    (one,) = joined([seen(common, 2, "damaged"), touched])
    assert (one.what, is_settled(one)) == (values.DAMAGED, True)


class Run(NamedTuple):
    """What a run does; on which records it builds, by their positions; and how long it takes."""

    act: str
    builds_on: int
    late: int


RUNS = st.lists(
    st.builds(
        Run,
        st.sampled_from([*SIGHTS, "missing", WHOLE, WHOLE, SILENT, ACCEPT, WITHDRAW]),
        st.integers(0, 2**8 - 1),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)


class Played:
    """Records of runs, of which each knew some of those before; and when who saw what."""

    def __init__(self, runs):
        self.records = []
        #: When it was seen last so that it needs proof; and a witness that it is over.
        self.last, self.witness = -1, -1
        self.accepted, self.withdrawn = [], []
        for number, run in enumerate(runs):
            base = [r for i, r in enumerate(self.records) if run.builds_on >> i & 1]
            self.records.append(self.play(run.act, joined(base), max(0, 3 * number - 4 * run.late)))

    def play(self, act, known, second):
        if act in (ACCEPT, WITHDRAW):
            return [self.say(act, one, second) for one in known]
        lasting = open_ones(known).get(key(DAMAGED))
        now = SIGHTS[act].now if act in SIGHTS else None
        written = lasting is not None and is_written(lasting, now)
        after = seen(known, second, *([act] if act in SIGHTS else []), ended=act == WHOLE)
        if act in SIGHTS and SIGHTS[act].what in NEEDS_PROOF:
            self.last = max(self.last, second)
        if act == WHOLE or written:
            self.witness = max(self.witness, second)
        return after

    def say(self, act, one, second):
        if one.resolved or one.what not in NEEDS_PROOF:
            return one
        if act == ACCEPT:
            said = Accepted(at(second), "anna", f"{len(self.records)}", one.now)
            self.accepted.append(said)
            return replace(one, accepted=said)
        if not is_settled(one):
            return one
        said = replace(one.accepted, withdrawn=at(second), withdrawn_by="bert")
        self.withdrawn.append(one.accepted)
        return replace(one, accepted=said)


@settings(max_examples=examples(6000, 6000))
@given(RUNS, st.randoms(use_true_random=False))
def test_in_any_order_it_is_the_same_and_nothing_open_is_lost_without_a_witness(runs, order):
    played = Played(runs)
    whole = joined(played.records)
    shuffled = order.sample(played.records, len(played.records))
    assert joined(shuffled) == whole
    assert joined([*shuffled, whole]) == whole == joined([whole, *shuffled, whole])
    cut = order.randrange(len(shuffled) + 1)
    halves = joined([joined(shuffled[:cut]), joined(shuffled[cut:])])
    for known in (whole, halves):
        check(played, known)


def check(played, known):
    for one, other in itertools.pairwise(known):
        assert "" < one.resolved <= other.first_seen
    for one in known:
        if one.what in NEEDS_PROOF and one.resolved:
            assert played.witness >= 0 or played.accepted
    lasting = open_ones(known).get(key(DAMAGED))
    if played.last > played.witness and not played.accepted:
        assert lasting is not None
        assert lasting.what in NEEDS_PROOF
    if lasting is not None and is_settled(lasting):
        assert lasting.accepted in played.accepted
        assert lasting.accepted not in played.withdrawn


def test_what_was_accepted_of_one_file_is_not_of_another_that_is_missing_at_its_path():
    gone = replace(SIGHTS["missing"], first_seen=at(1), last_seen=at(1))
    said = Accepted(at(2), "anna", now=None, of=(GOOD,))
    other = replace(gone, was=WRITTEN, first_seen=at(3), last_seen=at(4))
    accepted = replace(gone, last_seen=at(3), accepted=said)
    (one,) = joined([[accepted], [other]])
    assert (one.was, one.missed, is_settled(one)) == (GOOD, (WRITTEN,), False)
    given_up = replace(said, of=(GOOD, WRITTEN))
    assert is_settled(replace(one, accepted=given_up))
