"""Planted faults among rows that did not change: all are named, and nothing else is."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.parts.merge import differences
from reconciler.recovery.rows import Content
from reconciler.recovery.verifying.comparing import classify as classes
from reconciler.recovery.verifying.comparing import comparison, pairing
from reconciler.recovery.verifying.comparing.comparison import Comparison
from reconciler.recovery.verifying.comparing.pairing import Pairing
from reconciler.recovery.verifying.comparing.sides import Circumstances, Lost, Side
from reconciler.recovery.verifying.comparing.spool import Spool
from reconciler.recovery.verifying.comparing.unproved import unproved
from support.values.parts import batch_of

DAY = 86_400 * 10**9
THEN, NOW = 1_000 * DAY, 1_030 * DAY
OLD, SINCE = 10 * DAY, NOW - DAY


def sha(name):
    return name[:32].rjust(32, b"-")


def file(path, **more):
    return replace(Content(path, rows.FILE, 7, OLD, sha(path), rows.READ, 5), **more)


def compared(was, now, *, everything=False):
    """Compare two storages, through the merge; give the comparison and what it tells."""
    by = Circumstances("nas", "local:/nas", Side(THEN, Lost()), Side(NOW, Lost()))

    def batches(contents):
        return iter([batch_of(sorted(contents, key=lambda c: c.path))])

    with Spool() as spool:
        one = Comparison(by, spool, everything=everything)
        found = differences(batches(was), batches(now), anyway=unproved)
        one.take(found)
        one.same(found.compared - found.changed)
        one.finish()
        told = list(one.findings())
        assert told == list(one.findings())
    return one.tally, told


def brief(told):
    return [(f.what, f.path, f.other, f.files) for f, _ in told]


# What becomes of a file, and what is told of it: (path, other, files) by its class.
def _gone(f):
    return [], [(values.MISSING, f.path, b"", 0)]


def _flipped(f):
    return [replace(f, sha256=b"x" * 32)], [(values.DAMAGED, f.path, b"", 0)]


def _written(f):
    now = replace(f, sha256=b"x" * 32, mtime_ns=SINCE, size=9)
    return [now], [(values.CHANGED, f.path, b"", 0)]


def _moved(f):
    to = b"moved/" + f.path
    return [replace(f, path=to)], [(values.MOVED, f.path, to, 0)]


def _moved_new(f):
    to = b"0moved/" + f.path
    return [replace(f, path=to, mtime_ns=SINCE)], [(values.MOVED, f.path, to, 0)]


def _link(f):
    return [Content(f.path, rows.LINK, 1, SINCE, detail=b"t")], [(values.CHANGED, f.path, b"", 0)]


def _unreadable(f):
    now = Content(f.path, rows.UNREADABLE, 7, OLD, detail=b"EIO")
    return [now], [(values.UNREADABLE, f.path, b"", 0)]


def _archived(f):
    now = Content(f.path, rows.ARCHIVED, 7, OLD, detail=b"GLACIER")
    return [now], [(values.ARCHIVED, f.path, b"", 0)]


def _deleted(f):
    return [Content(f.path, rows.DELETED, version="v")], [(values.DELETED, f.path, b"", 0)]


def _changing(f):
    return [Content(f.path, rows.CHANGING, 7, SINCE)], [(values.CHANGING, f.path, b"", 0)]


def _touched(f):
    return [replace(f, mtime_ns=SINCE)], []


def _and_a_copy(f):
    to = b"copy/" + f.path
    return [f, replace(f, path=to)], [(values.EXTRA, to, b"", 0)]


def _and_a_new_one(f):
    return [f, file(b"new/" + f.path, mtime_ns=SINCE)], []


FATES = [
    _gone, _flipped, _written, _moved, _moved_new, _link, _unreadable, _archived, _deleted,
    _changing, _touched, _and_a_copy, _and_a_new_one,
]  # fmt: skip


@given(
    st.sets(st.binary(min_size=1, max_size=4), max_size=40),
    st.dictionaries(st.integers(0, 39), st.sampled_from(FATES), max_size=10),
)
def test_every_fault_is_named_and_nothing_else(names, fates):
    was = [file(b"f/" + name) for name in sorted(names)]
    now, told = [], []
    for at, one in enumerate(was):
        becomes, named = fates[at](one) if at in fates else ([one], [])
        now += becomes
        told += named
    tally, found = compared(was, now)
    assert sorted(brief(found)) == sorted(told)
    assert tally.found == Counter(what for what, *_ in told)
    assert tally.of == len(was)
    new = sum(fates.get(at) is _and_a_new_one for at in range(len(was)))
    touched = sum(fates.get(at) is _touched for at in range(len(was)))
    assert (tally.quiet[classes.NEW], tally.quiet[classes.TOUCHED]) == (new, touched)
    unread = {values.UNREADABLE, values.ARCHIVED, values.CHANGING}
    assert tally.not_verified == sum(what in unread for what, *_ in told)
    assert tally.compared + tally.not_verified == tally.of


def test_below_a_folder_that_can_not_be_listed_all_is_one_part():
    was = [file(b"a"), file(b"closed/b"), file(b"closed/c/d"), file(b"closed0"), file(b"d")]
    now = [file(b"a"), Content(b"closed/", rows.UNREADABLE, detail=b"EACCES"), file(b"d")]
    tally, told = compared(was, now)
    assert brief(told) == [
        (values.NOT_VERIFIED, b"closed/", b"", 2),
        (values.MISSING, b"closed0", b"", 0),
    ]
    assert (told[0].finding.reason, told[0].finding.note) == (classes.NOT_LISTED, "EACCES")
    assert (tally.of, tally.compared, tally.not_verified) == (5, 3, 2)


def test_an_object_whose_key_ends_like_a_folder_hides_nothing():
    refused = Content(b"x/", rows.UNREADABLE, 3, detail=b"403")
    was = [file(b"x/"), file(b"x/1"), file(b"x/2")]
    tally, told = compared(was, [refused, file(b"x/2")])
    assert brief(told) == [
        (values.UNREADABLE, b"x/", b"", 0),
        (values.MISSING, b"x/1", b"", 0),
    ]
    assert (tally.of, tally.compared, tally.not_verified) == (3, 2, 1)
    # The other way round what is below it was known, and is new.
    tally, told = compared([refused], [refused, file(b"x/1")])
    assert brief(told) == [
        (values.UNREADABLE, b"x/", b"", 0),
        (values.EXTRA, b"x/1", b"", 0),
    ]
    assert tally.of == 1


def test_a_folder_that_both_could_not_list_is_told_again():
    closed = Content(b"closed/", rows.UNREADABLE, detail=b"EACCES")
    tally, told = compared([file(b"a"), closed], [file(b"a"), closed])
    assert brief(told) == [(values.NOT_VERIFIED, b"closed/", b"", 0)]
    assert (tally.of, tally.compared, tally.not_verified) == (1, 1, 0)


def test_what_the_snapshot_could_not_read_is_no_extra_and_is_told():
    closed = Content(b"closed/", rows.UNREADABLE, detail=b"EACCES")
    tally, told = compared([file(b"a"), closed], [file(b"a"), file(b"closed/b")])
    assert brief(told) == [(values.NOT_VERIFIED, b"closed/", b"", 0)]
    assert told[0].finding.reason == classes.UNKNOWN_THEN
    assert told[0].finding.note == "the snapshot could not read it (EACCES)"
    assert tally.quiet == {classes.OUTSIDE: 1}


@pytest.mark.parametrize(
    ("same", "reason"),
    [
        (file(b"a", sha256=None, proof=""), classes.NO_HASH_THEN),
        (file(b"a", proof=rows.STORED), classes.ONLY_STORED),
        (Content(b"a", rows.ARCHIVED, 7, OLD, detail=b"GLACIER"), classes.STILL_ARCHIVED),
        (Content(b"a", rows.CHANGING, 7, OLD), ""),
        (Content(b"a", rows.UNREADABLE, 7, OLD, detail=b"EIO"), ""),  # its own class
    ],
)
def test_rows_that_nobody_proved_are_not_the_same_for_being_alike(same, reason):
    tally, told = compared([same, file(b"b")], [same, file(b"b")])
    assert (tally.of, tally.compared, tally.not_verified) == (2, 1, 1)
    ((found, _),) = told
    said = classes.WORDS.get(reason, (same.detail or b"").decode())
    assert (found.reason, found.note) == (reason, said)


def test_what_was_deleted_then_and_now_is_no_file():
    gone = Content(b"a", rows.DELETED, version="v")
    tally, told = compared([gone], [gone])
    assert (tally.of, tally.compared, told) == (0, 0, [])


def test_only_a_unicode_form_was_changed():
    one, other = (unicodedata.normalize(form, "bé/ü").encode() for form in ("NFC", "NFD"))
    empty = file(one, size=0)
    tally, told = compared([empty], [replace(empty, path=other)])
    assert brief(told) == [(values.RENAMED, one, other, 0)]
    assert tally.found == {values.RENAMED: 1}
    _, told = compared([empty], [replace(empty, path=other, sha256=b"x" * 32)])
    assert [f.what for f, _ in told] == [values.EXTRA, values.MISSING]


@pytest.mark.parametrize("below", [b"a/x", b"a/x/y", b"a/"])
def test_a_file_in_whose_place_a_folder_is_now(below):
    was = [file(b"a"), file(b"a-b"), file(b"b"), file(b"x")]
    new = file(below, sha256=b"n" * 32) if below != b"a/" else Content(below, rows.UNREADABLE)
    _, told = compared(was, [new])
    notes = {f.path: f.note for f, _ in told if f.what == values.MISSING}
    assert notes == {b"a": comparison.NOW_A_FOLDER, b"a-b": "", b"b": "", b"x": ""}


def test_an_empty_file_is_never_said_to_be_moved():
    _, told = compared([file(b"a", size=0)], [file(b"b", size=0, sha256=sha(b"a"))])
    assert [f.what for f, _ in told] == [values.MISSING, values.EXTRA]


def test_of_copies_as_many_are_moved_as_are_gone():
    was = [file(b"a", sha256=sha(b"s")), file(b"b", sha256=sha(b"s"))]
    now = [file(b"c", sha256=sha(b"s"))]
    _, told = compared(was, now)
    assert brief(told) == [(values.MOVED, b"a", b"c", 0), (values.MISSING, b"b", b"", 0)]
    _, told = compared(was, [*now, file(b"d", sha256=sha(b"s")), file(b"e", sha256=sha(b"s"))])
    assert brief(told) == [
        (values.MOVED, b"a", b"c", 0),
        (values.MOVED, b"b", b"d", 0),
        (values.EXTRA, b"e", b"", 0),
    ]


def test_more_than_can_be_paired_is_missing_and_extra(monkeypatch):
    monkeypatch.setattr(pairing.Pairing.__init__, "__defaults__", (2,))
    was = [file(b"a%d" % n) for n in range(4)]
    tally, told = compared(was, [replace(f, path=b"b" + f.path) for f in was])
    assert [f.what for f, _ in told] == ["moved", "moved", "missing", "missing", "extra", "extra"]
    assert tally.found == {"moved": 2, "missing": 2, "extra": 2}


def test_with_everything_what_is_only_counted_is_told_too():
    fresh = file(b"b", mtime_ns=THEN)
    was, now = [fresh], [file(b"b", mtime_ns=SINCE, sha256=sha(b"x")), file(b"c", mtime_ns=SINCE)]
    tally, told = compared(was, now)
    assert (told, tally.found) == ([], {})
    assert tally.quiet == {classes.UNSETTLED: 1, classes.NEW: 1}
    tally, told = compared(was, now, everything=True)
    assert [(f.what, f.path, f.note, listed) for f, listed in told] == [
        (values.CHANGED, b"b", classes.UNSETTLED, False),
        (values.EXTRA, b"c", classes.NEW, False),
    ]
    assert (tally.found, tally.quiet) == ({}, {classes.UNSETTLED: 1, classes.NEW: 1})


def test_there_are_never_more_parts_than_can_be_told_apart(monkeypatch):
    monkeypatch.setattr(comparison, "MOST_PARTS", 2)
    whys = [b"EIO", b"EIO", b"EIO", b"EACCES", b"EIO"]
    closed = [Content(b"%d/" % n, rows.UNREADABLE, detail=why) for n, why in enumerate(whys)]
    tally, told = compared([file(b"%d/f" % n) for n in range(5)], closed)
    assert brief(told) == [
        (values.NOT_VERIFIED, b"", b"", 3),
        (values.NOT_VERIFIED, b"0/", b"", 1),
        (values.NOT_VERIFIED, b"1/", b"", 1),
    ]
    assert tally.not_verified == 5
    assert [(f.reason, f.note) for f, _ in told] == [
        (classes.IN_MANY, "EACCES, EIO, in more parts than are told one by one"),
        (classes.NOT_LISTED, "EIO"),
        (classes.NOT_LISTED, "EIO"),
    ]


def test_nothing_compared_is_counted_as_nothing():
    tally, told = compared([], [])
    assert (tally.of, tally.compared, tally.not_verified, told) == (0, 0, 0, [])


def test_files_that_changed_are_too_many_only_where_something_is_gone():
    pairing = Pairing(most=2)
    for n in range(3):
        pairing.came_over(file(b"%d" % n))
    assert not pairing.overflowed
    pairing.gone(0, file(b"gone"))
    assert pairing.overflowed
