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
    ],
    ids=[
        *("as it was", "with another time", "of several", "good", "written", "accepted"),
        *("it lasts", "good by what was found last", "only changed", "empty"),
        *("empty at another time", "nothing known"),
    ],
)
def test_bytes_that_were_damage_are_damage_again_until_somebody_accepts_them(history, now, again):
    assert history.come_again(now) == again


@pytest.mark.parametrize("history", [History((OVER,)), History((), DAMAGED)])
def test_what_is_written_over_damage_that_a_snapshot_has_was_good_before(history):
    changed = FileFinding(values.CHANGED, "nas", "local:/nas", b"a", ROTTEN, WRITTEN)
    assert history.truly(changed) == replace(changed, was=GOOD)
    assert history.truly(replace(changed, was=WRITTEN)).was == WRITTEN


def test_what_is_known_of_each_file_is_in_the_order_of_time():
    later = replace(OVER, resolved="3")
    other = replace(DAMAGED, path=b"b")
    known = of_each([later, DAMAGED, other, OVER])
    assert known == {key(OVER): History((OVER, later), DAMAGED), key(other): History((), other)}
    assert [known[each].last for each in known] == [DAMAGED, other]
