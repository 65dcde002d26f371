"""What a run may call over: only what it has looked at."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery import rows
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Content
from reconciler.recovery.values import LeftOut, Unproved
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.scans import compare
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.kept import keep_scan, night, ns

GLOBS = ("f/",)


def file(path):
    return Content(path, rows.FILE, 7, ns(night(-100)), b"g" * 32, rows.READ, ns(night(0)) // 10**9)


GOOD, BELOW = file(b"a"), file(b"f/b")


@pytest.fixture
def verify(tmp_path):
    repository = open_repository(str(tmp_path / "repo"), make=True)

    def run(was, now, number, *, excluded=(), left_out=(), closed=False):
        unproved = (Unproved(b"f/", "EACCES"),) if closed else ()
        one = keep_scan(repository, was, number - 1)
        other = keep_scan(repository, now, number, excluded=excluded, unproved=unproved)
        other = replace(other, counts=replace(other.counts, left_out=left_out))
        means = Means(repository, lambda: night(number), settled_ns=SETTLED_NS)
        result = compare(of_scan(one), of_scan(other), "nas", means, (repository, repository))
        return dict(result.found), result.still_open, result.resolved_count

    return run


def test_what_was_left_out_is_over_when_nothing_is_left_out(verify):
    assert verify([GOOD, BELOW], [GOOD], 1, excluded=GLOBS) == ({"not_verified": 1}, 0, 0)
    # As the next snapshot has it, whose exclusions a `--deep` takes over.
    assert verify([GOOD], [GOOD], 2, excluded=GLOBS) == ({}, 1, 0)
    idle = (LeftOut("f/"),)
    assert verify([GOOD, BELOW], [GOOD, BELOW], 3, excluded=GLOBS, left_out=idle) == ({}, 0, 1)


def test_a_part_that_could_not_be_read_is_not_over_when_it_is_left_out(verify):
    closed = Content(b"f/", rows.UNREADABLE, detail=b"EACCES")
    assert verify([GOOD, BELOW], [GOOD, closed], 1, closed=True) == ({"not_verified": 1}, 0, 0)
    out = (LeftOut("f/", folders=1),)
    assert verify([GOOD], [GOOD], 2, excluded=GLOBS, left_out=out) == ({}, 1, 0)
    assert verify([GOOD, BELOW], [GOOD, BELOW], 3) == ({}, 0, 1)
