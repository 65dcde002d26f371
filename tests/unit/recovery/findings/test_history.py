"""Which bytes of a file are good and which wrong, by all that was found of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery import values
from reconciler.recovery.findings.episodes import key
from reconciler.recovery.findings.history import History, of_each
from reconciler.recovery.rows import FILE, READ, Content
from reconciler.recovery.values import Accepted, FileFinding

GOOD = Content(b"a", FILE, 1, 2, b"g" * 32, READ, 3)
ROTTEN = replace(GOOD, sha256=b"r" * 32)
COPIED = replace(ROTTEN, mtime_ns=7)
WRITTEN = Content(b"a", FILE, 1, 5, b"w" * 32, READ, 6)
DAMAGED = FileFinding(values.DAMAGED, "nas", "local:/nas", b"a", GOOD, ROTTEN)
OVER = replace(DAMAGED, first_seen="1", last_seen="1", resolved="2")
ACCEPTED = replace(OVER, accepted=Accepted("1", "anna", now=ROTTEN))
BACKWARDS = replace(OVER, was=ROTTEN, now=GOOD, resolved="3")
#: The episode went on: to other bytes, or to nothing.
WENT_ON = replace(OVER, now=replace(WRITTEN, mtime_ns=2), rotted=(ROTTEN,))
GONE = replace(OVER, what=values.MISSING, now=None, rotted=(ROTTEN,))
IS_GONE = replace(GONE, resolved="")
EMPTY = replace(ROTTEN, size=0)


@pytest.mark.parametrize(
    ("history", "now", "again"),
    [
        (History((OVER,)), ROTTEN, OVER),
        (History((OVER,)), COPIED, OVER),
        (History((OVER, replace(OVER, was=GOOD, now=WRITTEN))), COPIED, OVER),
        (History((OVER,)), GOOD, None),
        (History((OVER,)), WRITTEN, None),
        (History((ACCEPTED,)), COPIED, None),
        (History((OVER,), DAMAGED), COPIED, None),
        (History((OVER, BACKWARDS)), COPIED, None),
        (History((replace(OVER, what=values.CHANGED),)), COPIED, None),
        (History((replace(OVER, now=EMPTY),)), EMPTY, replace(OVER, now=EMPTY)),
        (History((replace(OVER, now=EMPTY),)), replace(EMPTY, mtime_ns=7), None),
        (History(), COPIED, None),
        (History((WENT_ON,)), COPIED, WENT_ON),
        (History((WENT_ON,)), GOOD, None),
        (History((GONE,)), COPIED, GONE),
        (History((), IS_GONE), COPIED, IS_GONE),
        (History((OVER,), replace(IS_GONE, rotted=())), COPIED, OVER),
    ],
    ids=[
        *("as it was", "with another time", "of several", "good", "written", "accepted"),
        *("it lasts", "good by what was found last", "only changed", "empty"),
        *("empty at another time", "nothing known", "rotted on", "good after it rotted on"),
        *("gone then", "gone now", "gone in another episode"),
    ],
)
def test_bytes_that_were_damage_are_damage_again_until_somebody_accepts_them(history, now, again):
    assert history.come_again(now) == again


@pytest.mark.parametrize("history", [History((OVER,)), History((), DAMAGED)])
def test_what_is_written_over_damage_that_a_snapshot_has_was_good_before(history):
    changed = FileFinding(values.CHANGED, "nas", "local:/nas", b"a", ROTTEN, WRITTEN)
    assert history.truly(changed) == replace(changed, was=GOOD)
    assert history.truly(replace(changed, was=WRITTEN)).was == WRITTEN


def test_what_was_damage_before_is_never_what_a_file_should_be():
    other = replace(OVER, now=WRITTEN, resolved="3")
    known = History((OVER, other))
    assert known.good_before(WRITTEN, OVER) == GOOD
    assert known.good_before(None, OVER) == GOOD
    assert known.good_before(replace(GOOD, mtime_ns=8), OVER) == replace(GOOD, mtime_ns=8)
    lasts = replace(DAMAGED, was=replace(GOOD, mtime_ns=9), now=WRITTEN)
    assert History((OVER,), lasts).come_again(COPIED) == OVER
    assert History((OVER,), lasts).good_before(WRITTEN, OVER) == lasts.was


def test_a_copy_with_bytes_that_were_damage_in_any_episode_is_damaged():
    later = replace(OVER, was=replace(GOOD, mtime_ns=5), now=WRITTEN, resolved="3")
    found = History((OVER, later)).in_copy(ROTTEN)
    assert found is not None
    assert (found.what, found.was, found.now) == (values.DAMAGED, later.was, ROTTEN)
    assert History((OVER, later)).in_copy(replace(GOOD, mtime_ns=5)) is None


def test_what_is_known_of_each_file_is_in_the_order_of_time():
    later = replace(OVER, resolved="3")
    other = replace(DAMAGED, path=b"b")
    known = of_each([later, DAMAGED, other, OVER])
    assert known == {key(OVER): History((OVER, later), DAMAGED), key(other): History((), other)}
    assert [known[each].last for each in known] == [DAMAGED, other]
