"""Each class of finding, and each case that only looks like it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.rows import Content
from reconciler.recovery.verifying.comparing import classify as classes
from reconciler.recovery.verifying.comparing.classify import classify
from reconciler.recovery.verifying.comparing.sides import Circumstances, Lost, Side

DAY = 86_400 * 10**9
THEN, NOW = 1_000 * DAY, 1_030 * DAY
#: Long settled when the snapshot was made; changed a day before it; changed since.
OLD, FRESH, SINCE = THEN - 300 * DAY, THEN - DAY, THEN + 3 * DAY
GOOD, OTHER = b"g" * 32, b"o" * 32

FILE = Content(b"a/b", rows.FILE, 10, OLD, GOOD, rows.READ, 5)
LINK = Content(b"a/b", rows.LINK, 3, OLD, detail=b"c/d")


def like(content=FILE, **changes):
    return replace(content, **changes)


def by(lost_was=(), lost_now=(), excluded_was=(), excluded_now=(), settled_ns=7 * DAY, **more):
    return Circumstances(
        "nas",
        "local:/nas",
        Side(THEN, Lost(lost_was), lambda path: path.startswith(excluded_was)),
        Side(NOW, Lost(lost_now), lambda path: path.startswith(excluded_now)),
        settled_ns,
        **more,
    )


def judged(was, now, **circumstances):
    found = classify(b"a/b", was, now, by(**circumstances))
    if found.finding is not None:
        assert (found.finding.storage, found.finding.place) == ("nas", "local:/nas")
    return found


FRESH_FILE = like(mtime_ns=FRESH)
GONE = Content(b"a/b", rows.DELETED, version="v1")
ARCHIVED = Content(b"a/b", rows.ARCHIVED, 10, OLD, detail=b"GLACIER")
ATTESTED = like(ARCHIVED, sha256=GOOD, proof=rows.ATTESTED, proved_at=5)
CHANGING = Content(b"a/b", rows.CHANGING, 10, SINCE)
UNREADABLE = Content(b"a/b", rows.UNREADABLE, 10, OLD, detail=b"EIO")
UNREAD = like(UNREADABLE, detail=rows.LIMIT)

#: (what it is, then, now, class, whether it is told without --all, whether it was compared)
CASES = [
    ("deleted", FILE, None, values.MISSING, True, True),
    ("deleted while still worked on", FRESH_FILE, None, values.MISSING, True, True),
    ("not read for a limit", FILE, UNREAD, values.NOT_VERIFIED, False, False),
    ("a link deleted", LINK, None, values.MISSING, True, True),
    ("what marked a folder", Content(b"a/b", rows.FOLDER, 0), None, classes.SAME, False, True),
    ("gone, never read", like(UNREADABLE), None, values.MISSING, True, True),
    ("one bit, times kept", FILE, like(sha256=OTHER), values.DAMAGED, True, True),
    ("one bit in a fresh file", FRESH_FILE, like(FRESH_FILE, sha256=OTHER), "damaged", True, True),
    ("truncated, times kept", FILE, like(sha256=OTHER, size=9), values.DAMAGED, True, True),
    ("truncated, times kept, unread", FILE, like(sha256=None, size=9), "damaged", True, True),
    ("written", FILE, like(sha256=OTHER, mtime_ns=SINCE), values.CHANGED, True, True),
    ("grown", FILE, like(sha256=OTHER, mtime_ns=SINCE, size=99), values.CHANGED, True, True),
    ("time set back", FILE, like(sha256=OTHER, mtime_ns=OLD - DAY), values.CHANGED, True, True),
    ("no times", like(mtime_ns=None), like(mtime_ns=None, sha256=OTHER), "changed", True, True),
    (
        "another version of the same second",
        like(version="1"),
        like(version="2", sha256=OTHER),
        values.CHANGED,
        True,
        True,
    ),
    (
        "written while still worked on",
        FRESH_FILE,
        like(sha256=OTHER, mtime_ns=SINCE),
        classes.UNSETTLED,
        False,
        True,
    ),
    ("only touched", FILE, like(mtime_ns=SINCE), classes.TOUCHED, False, True),
    ("another proof", FILE, like(proof=rows.KEPT, proved_at=4), classes.SAME, False, True),
    ("became a link", FILE, LINK, values.CHANGED, True, True),
    ("became a link, fresh", FRESH_FILE, LINK, values.CHANGED, True, True),
    ("a link became a file", LINK, FILE, values.CHANGED, True, True),
    ("a pipe became a socket", Content(b"", rows.PIPE), Content(b"", rows.SOCKET), "changed", 1, 1),
    ("link elsewhere", LINK, like(LINK, detail=b"x", mtime_ns=SINCE), values.CHANGED, True, True),
    ("link touched", LINK, like(LINK, mtime_ns=SINCE), classes.TOUCHED, False, True),
    (
        "fresh link elsewhere",
        like(LINK, mtime_ns=FRESH),
        like(LINK, detail=b"x", mtime_ns=SINCE),
        classes.UNSETTLED,
        False,
        True,
    ),
    ("unreadable", FILE, UNREADABLE, values.UNREADABLE, True, False),
    ("still unreadable", UNREADABLE, UNREADABLE, values.UNREADABLE, True, False),
    ("readable at last", UNREADABLE, FILE, values.NOT_VERIFIED, False, False),
    ("changing", FILE, CHANGING, values.CHANGING, True, False),
    ("was changing", CHANGING, FILE, values.NOT_VERIFIED, False, False),
    ("was changing, now larger", CHANGING, like(size=99), values.NOT_VERIFIED, False, False),
    ("not read", FILE, like(sha256=None), values.NOT_VERIFIED, False, False),
    ("not read then", like(sha256=None), FILE, values.NOT_VERIFIED, False, False),
    ("only stored", FILE, like(proof=rows.STORED), values.NOT_VERIFIED, False, False),
    (
        "stored, and other",
        FILE,
        like(proof=rows.STORED, sha256=OTHER, mtime_ns=SINCE),
        values.CHANGED,
        True,
        True,
    ),
    ("archived since", FILE, ARCHIVED, values.ARCHIVED, True, False),
    ("archived since, and attested", FILE, ATTESTED, classes.SAME, False, True),
    ("archived since, rotten", FILE, like(ATTESTED, sha256=OTHER), values.DAMAGED, True, True),
    ("archived all along", ARCHIVED, ARCHIVED, values.NOT_VERIFIED, False, False),
    (
        "archived, other",
        ARCHIVED,
        like(ARCHIVED, size=9, mtime_ns=SINCE),
        values.CHANGED,
        True,
        True,
    ),
    ("archived, and attested", ATTESTED, like(ATTESTED, proved_at=9), classes.SAME, False, True),
    ("archived, attested otherwise", ATTESTED, like(ATTESTED, sha256=OTHER), "damaged", True, True),
    ("attested now, stored then", like(ATTESTED, proof=rows.STORED), ATTESTED, "same", False, True),
    ("attested", FILE, like(proof=rows.ATTESTED), classes.SAME, False, True),
    ("brought back from the archive", ARCHIVED, FILE, values.NOT_VERIFIED, False, False),
    (
        "back, and its sum was known",
        like(ARCHIVED, sha256=GOOD, proof=rows.STORED),
        FILE,
        classes.SAME,
        False,
        True,
    ),
    ("deleted under versions", FILE, GONE, values.DELETED, True, True),
    ("another version under it", replace(FILE, version="v0"), GONE, values.MISSING, True, True),
    ("other bytes under it", FILE, replace(GONE, size=99), values.MISSING, True, True),
]


@pytest.mark.parametrize(
    ("was", "now", "what", "listed", "compared"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_became_of_a_file_of_the_snapshot(was, now, what, listed, compared):
    found = judged(was, now)
    assert (found.what, found.listed, found.compared) == (what, listed, compared)
    assert found.expected
    if listed:
        assert found.finding is not None
        assert (found.finding.what, found.finding.path) == (what, b"a/b")
        assert (found.finding.was, found.finding.now) == (was, now)


@pytest.mark.parametrize("now", [ATTESTED, like(proof=rows.ATTESTED)], ids=["archived", "file"])
def test_where_only_reading_counts_what_is_attested_is_not_verified(now):
    assert judged(like(kind=now.kind), now, afresh=True).what == values.NOT_VERIFIED
    assert judged(like(kind=now.kind), now).what == classes.SAME


@pytest.mark.parametrize(
    ("now", "what", "listed"),
    [
        (FILE, values.EXTRA, True),
        (LINK, values.EXTRA, True),
        (ARCHIVED, values.EXTRA, True),
        (like(mtime_ns=None), values.EXTRA, True),
        (like(mtime_ns=NOW - 8 * DAY), values.EXTRA, True),
        (like(mtime_ns=NOW - 6 * DAY), classes.NEW, False),
        (like(mtime_ns=NOW + DAY), classes.NEW, False),
        (CHANGING, classes.NEW, False),
        (Content(b"a/", rows.FOLDER, 0, OLD), classes.SAME, False),
        (Content(b"x.jetraw-storage", rows.MARKER, 0, OLD, detail=b"x"), classes.NEW, False),
        (UNREADABLE, values.UNREADABLE, True),
        (Content(b"a/b/", rows.UNREADABLE, detail=b"EACCES"), values.NOT_VERIFIED, True),
        (GONE, classes.SAME, False),
        (None, classes.SAME, False),
    ],
)
@pytest.mark.parametrize("was", [None, GONE, Content(b"a/", rows.UNREADABLE, detail=b"EIO")])
def test_what_is_there_now_and_was_not(was, now, what, listed):
    found = classify((now or was or FILE).path, was, now, by())
    assert (found.what, found.listed) == (what, listed)
    assert not found.expected
    assert not found.compared


@pytest.mark.parametrize("part", [b"a/", b"", b"a/b"])
def test_below_what_could_not_be_read_nothing_is_missing(part):
    found = judged(FILE, None, lost_now=[part, b"0/", b"z/"])
    assert (found.what, found.listed, found.compared) == (values.NOT_VERIFIED, False, False)
    assert found.finding is not None
    assert found.finding.path == part


@pytest.mark.parametrize("part", [b"a", b"a/b/", b"a/b/c", b"a/bb", b"b/"])
def test_beside_what_could_not_be_read_a_file_is_missing(part):
    assert judged(FILE, None, lost_now=[part]).what == values.MISSING


def test_what_the_later_scan_leaves_out_is_not_missing():
    found = judged(FILE, None, excluded_now=(b"a/",))
    assert found.finding is not None
    assert (found.what, found.finding.reason) == (values.NOT_VERIFIED, classes.LEFT_OUT)


@pytest.mark.parametrize("why", [{"lost_was": [b"a/"]}, {"excluded_was": (b"a/",)}])
def test_what_the_snapshot_could_not_know_is_no_extra(why):
    found = judged(None, FILE, **why)
    assert (found.what, found.listed, found.finding) == (classes.OUTSIDE, False, None)


def test_how_long_a_file_must_rest_can_be_chosen():
    now = like(sha256=OTHER, mtime_ns=SINCE)
    assert judged(FRESH_FILE, now, settled_ns=DAY).what == values.CHANGED
    assert judged(FRESH_FILE, now, settled_ns=DAY + 1).what == classes.UNSETTLED
    assert judged(None, like(mtime_ns=NOW), settled_ns=0).what == values.EXTRA


def test_a_time_that_had_not_come_does_not_say_that_a_file_was_worked_on():
    now = like(sha256=OTHER)
    assert judged(like(mtime_ns=THEN + DAY), now).what == classes.UNSETTLED
    assert judged(like(mtime_ns=THEN + DAY + 1), now).what == values.CHANGED
    assert judged(like(mtime_ns=rows.LAST_NS), now).what == values.CHANGED


@pytest.mark.parametrize("beyond", [rows.FIRST_NS, rows.LAST_NS])
def test_times_of_which_only_that_much_is_kept_prove_no_damage(beyond):
    was = like(mtime_ns=beyond)
    assert judged(was, like(was, sha256=OTHER)).what == values.CHANGED
    assert judged(was, was).what == classes.SAME


def test_in_a_copy_other_bytes_are_wrong_however_young_the_file_was():
    now = like(sha256=OTHER, size=7, mtime_ns=SINCE)
    found = judged(FRESH_FILE, now, is_copy=True)
    assert (found.what, found.listed) == (values.CHANGED, True)
    assert judged(FRESH_FILE, like(mtime_ns=SINCE), is_copy=True).what == classes.TOUCHED


def test_of_a_deletion_the_version_that_is_still_there_is_told():
    found = judged(FILE, GONE).finding
    assert found is not None
    assert found.note == "v1"


def test_why_a_file_can_not_be_read_is_told():
    found = judged(FILE, UNREADABLE).finding
    assert found is not None
    assert found.note == "EIO"


def test_what_is_new_and_was_not_read_for_a_limit_is_new_and_no_finding() -> None:
    found = judged(None, UNREAD)
    assert (found.what, found.expected, found.listed) == (classes.NEW, False, False)
