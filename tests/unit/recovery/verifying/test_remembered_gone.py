"""Files that a scan does not see any more: named until they are back, or a person accepts that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.environment.timestamps import utc_now
from reconciler.recovery import rows
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.parts import write
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.finishing import moved, pair
from reconciler.recovery.scanning.known import record
from reconciler.recovery.verifying import results
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.scans import compare
from reconciler.recovery.verifying.telling import found
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.memory import LONG_AGO, TARGET, File
from support.recovery.nights import GOOD, ROTTEN, WRITTEN
from support.recovery.scans import here

MISSING = [("missing", b"f/a", False)]
#: What may be at a path where no file is: nothing, or links to those names.
NOTHING = ["gone", "x", "y"]


@pytest.fixture
def lost(nights):
    del nights.storage.files[b"f/a"]
    ended = nights.scan()
    assert (ended.missing, ended.missing_first, ended.found) == (1, [b"f/a"], 1)
    assert nights.known() == MISSING
    return nights


def test_it_is_named_by_each_scan_and_by_a_verification_that_knows_nothing_else(lost):
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
        result = lost.verify()
        assert (result.found, result.lasts) == ({}, {"missing": 1})
        assert result.verdict == results.DIFFERS


def test_the_same_bytes_end_it_in_the_scan_that_reads_them(lost):
    lost.put(GOOD, mtime_ns=LONG_AGO + 1)
    assert lost.scan().found == 0
    assert lost.known() == [("missing", b"f/a", True)]
    assert lost.verify().resolved_count == 1


def test_what_was_accepted_is_counted_once_in_a_comparison_of_older_scans(lost):
    lost.accept()
    lost.scan()
    was, now, _ = record.whole(lost.repository, TARGET.place)
    means = Means(lost.repository, utc_now, settled_ns=SETTLED_NS)
    homes = lost.repository, lost.repository
    told = compare(of_scan(was), of_scan(now), "nas", means, homes)
    assert (told.found, told.accepted_count, len(told.accepted)) == ({}, 1, 1)
    assert told.verdict == results.AGREES


def test_a_comparison_of_older_scans_gives_no_later_loss_to_one_that_was_accepted(lost):
    lost.accept()
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]
    was, now, *_ = record.whole(lost.repository, TARGET.place)
    means = Means(lost.repository, utc_now, settled_ns=SETTLED_NS)
    homes = lost.repository, lost.repository
    for _ in range(2):
        compare(of_scan(was), of_scan(now), "nas", means, homes)
        assert lost.known() == [("missing", b"f/a", True), *MISSING]
        assert lost.verify().verdict == results.DIFFERS
        assert lost.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("is_moved", [True, False])
@pytest.mark.parametrize("is_told", [True, False])
def test_another_file_that_is_moved_from_its_path_does_not_end_it(lost, is_told, is_moved):
    other = File(WRITTEN, mtime_ns=LONG_AGO + 1)
    lost.storage.files[b"f/a"] = other
    assert lost.scan().missing_first == [b"f/a"]
    del lost.storage.files[b"f/a"]
    if is_told:
        assert lost.scan().missing_first == [b"f/a"]
    if is_moved:
        lost.storage.files[b"q"] = other
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    assert lost.known() == MISSING


@pytest.mark.parametrize("is_hidden", [True, False])
def test_nor_does_one_that_nobody_could_read_there(lost, is_hidden):
    other = File(WRITTEN, mtime_ns=LONG_AGO + 1)
    lost.storage.files[b"f/a"] = other
    lost.storage.errors[b"f/a"] = b"EIO"
    lost.scan()
    if is_hidden:
        lost.scan(excluded=("f/",))
    del lost.storage.files[b"f/a"]
    lost.storage.files[b"q"] = other
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    assert lost.known() == MISSING


@pytest.mark.parametrize("back", [GOOD, WRITTEN])
def test_of_two_that_are_missing_one_that_is_back_ends_only_itself(lost, back):
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    lost.scan()
    del lost.storage.files[b"f/a"]
    lost.scan()
    lost.put(back, mtime_ns=LONG_AGO + (back == WRITTEN))
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]
    was = WRITTEN if back == GOOD else GOOD
    (open_one,) = episodes.open_ones(store.read(lost.repository, TARGET.place).episodes).values()
    assert open_one.was.size == len(was)
    lost.accept()
    for _ in range(2):
        assert lost.scan().found == 0


@pytest.mark.parametrize("moved", [GOOD, WRITTEN])
def test_of_two_that_are_missing_one_that_lies_elsewhere_ends_only_itself(lost, moved):
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    lost.scan()
    del lost.storage.files[b"f/a"]
    lost.scan()
    lost.storage.put("q", moved, mtime_ns=LONG_AGO + 5)
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]


def test_what_was_written_over_before_it_was_moved_is_missed_no_more(nights):
    start = utc_now()

    def scan(minute):
        by = here(start + timedelta(minutes=minute))
        nights.storage.now = int(by.now().timestamp())
        return nights.scan(by=by)

    was = scan(0).scan
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    scan(1)
    nights.storage.files[b"q"] = nights.storage.files.pop(b"f/a")
    now = scan(2).scan
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)
    compare(of_scan(was), of_scan(now), "nas", means, (nights.repository, nights.repository))
    for minute in (3, 4):
        assert scan(minute).found == 0


@pytest.mark.parametrize("lay", [[ROTTEN, ROTTEN], [None, WRITTEN, b"another"]])
def test_what_was_there_before_a_loss_was_accepted_is_given_up_with_it(nights, lay):
    start, seen = utc_now(), []
    for minute, data in enumerate([*lay, None]):
        by = here(start + timedelta(minutes=minute))
        nights.storage.now = int(by.now().timestamp())
        nights.storage.files.pop(b"f/a", None)
        if data:
            nights.put(data, mtime_ns=LONG_AGO + (minute if None in lay else 0))
        seen.append(nights.scan(by=by))
    assert seen[-1].missing_first == [b"f/a"]
    assert nights.accept().findings
    means = Means(nights.repository, by.now, settled_ns=SETTLED_NS)
    homes = nights.repository, nights.repository
    for was in seen:
        told = compare(of_scan(was.scan), of_scan(seen[-1].scan), "nas", means, homes)
        assert (told.found, told.accepted_count) == ({}, 1)


def test_a_comparison_names_what_came_and_went_since_a_loss_was_accepted(lost):
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    came = lost.scan(by=here(utc_now() + timedelta(minutes=1))).scan
    lost.accept()
    del lost.storage.files[b"f/a"]
    by = here(utc_now() + timedelta(minutes=2))
    went = lost.scan(kept=False, by=by).scan
    means = Means(lost.repository, by.now, settled_ns=SETTLED_NS)
    homes = lost.repository, lost.repository
    told = compare(of_scan(came), of_scan(went), "nas", means, homes)
    assert (told.found, told.accepted_count) == ({"missing": 1}, 0)


@pytest.mark.parametrize("is_hidden", [True, False])
def test_what_came_unread_after_a_loss_is_not_what_is_given_up_of_that(lost, is_hidden):
    if is_hidden:
        lost.scan(excluded=("f/",))
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    lost.storage.errors[b"f/a"] = b"EIO"
    lost.scan()
    lost.accept()
    del lost.storage.files[b"f/a"]
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]


def test_what_was_written_and_never_read_is_given_up_with_what_it_was_before(unread):
    del unread.storage.files[b"f/a"]
    assert unread.scan().missing_first == [b"f/a"]
    unread.accept()
    unread.scan(excluded=("f/",))
    unread.storage.put("copy", GOOD)
    for _ in range(2):
        assert unread.scan().found == 0


def test_a_comparison_of_older_scans_leaves_what_was_accepted_as_it_is(nights):
    nights.storage.now = 1_700_000_000
    for data in (b"first", WRITTEN):
        nights.put(data, mtime_ns=LONG_AGO + len(data))
        nights.scan()
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    _, was, _, now = record.whole(nights.repository, TARGET.place)
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)
    homes = nights.repository, nights.repository
    for _ in range(2):
        told = compare(of_scan(was), of_scan(now), "nas", means, homes)
        assert (told.found, told.accepted_count) == ({}, 1)
        assert nights.scan().found == 0


def test_no_verification_at_the_same_time_that_does_not_know_it_ends_it(nights, monkeypatch):
    before = store.read(nights.repository, TARGET.place)
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.put(b"other", mtime_ns=LONG_AGO + 1)
    now = nights.scan(kept=False).scan
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)
    homes = nights.repository, nights.repository
    with monkeypatch.context() as patched:
        patched.setattr(store, "read", lambda *_: before)
        compare(of_scan(nights.verified), of_scan(now), "nas", means, homes)
    assert nights.known() == MISSING
    nights.put(GOOD)
    assert nights.scan().found == 0
    assert nights.known() == [("missing", b"f/a", True)]


def test_no_comparison_with_what_was_before_ends_it(lost):
    """Another file in its place is a change."""
    lost.put(b"other", mtime_ns=LONG_AGO + 1)
    now = lost.scan().scan
    means = Means(lost.repository, utc_now, settled_ns=SETTLED_NS)
    homes = lost.repository, lost.repository
    for _ in range(2):
        result = compare(of_scan(lost.verified), of_scan(now), "nas", means, homes)
        assert (len(result.found), result.lasts) == (1, {"missing": 1})
        assert lost.known() == MISSING
    assert lost.scan().missing_first == [b"f/a"]
    lost.accept()
    assert lost.scan().found == 0
    assert lost.verify().verdict == results.AGREES


@pytest.mark.parametrize("is_accepted", [False, True])
def test_its_bytes_at_a_path_where_they_had_not_lain_end_it(lost, is_accepted):
    """As a rename shows that a scan could not see, such as one behind its back."""
    if is_accepted:
        lost.accept()
    lost.storage.put("b", GOOD, mtime_ns=LONG_AGO + 1)
    for _ in range(2):
        assert lost.scan().found == 0
    assert lost.known() == [("missing", b"f/a", True)]
    del lost.storage.files[b"b"]
    assert lost.scan().missing_first == [b"b"]


def test_a_copy_that_was_known_before_does_not_end_it(nights):
    nights.storage.put("copy", GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.storage.errors[b"copy"] = b"EIO"
    nights.scan()
    nights.storage.errors.clear()
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


def test_what_was_never_read_may_lie_where_another_may(nights, never):
    """Which of them it is, is known once that is read."""
    nights.storage.put("known", b"good")
    nights.scan()
    nights.storage.files[b"new"] = nights.storage.files.pop(b"known")
    nights.storage.errors[b"new"] = b"EIO"
    del nights.storage.files[b"never"]
    assert nights.scan().awaited_first == [b"known", b"never"]
    nights.storage.errors.clear()
    for _ in range(2):
        assert nights.scan().missing_first == [b"never"]


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("kind", [rows.DELETED, *rows.INSTEAD])
def test_what_was_accepted_as_deleted_or_as_a_link_ends_with_a_new_file(nights, kind, is_kept):
    gone = {"kind": kind, "version": "v2", "detail": b"/nowhere" if kind == rows.LINK else None}
    nights.storage.put("f/a", **gone)
    nights.scan()
    nights.accept()
    nights.storage.put("f/a", WRITTEN, version="v3", mtime_ns=LONG_AGO + 1)
    assert nights.scan(kept=is_kept).found == 0
    nights.storage.put("f/a", **gone)
    for _ in range(2):
        assert nights.scan().found == 1


def test_what_a_person_accepted_is_named_no_more(lost):
    assert len(lost.accept().findings) == 1
    assert lost.scan().found == 0
    result = lost.verify()
    assert (result.lasts, result.accepted_count, result.verdict) == ({}, 1, results.AGREES)


def test_what_comes_back_and_goes_again_is_another_finding(lost):
    lost.accept()
    lost.put(GOOD)
    assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]
    assert lost.known() == [("missing", b"f/a", True), *MISSING]


def hidden(nights, how):
    """Let the next scan see nothing of the file, and return what that leaves out."""
    if how == "left out":
        return ("f/",)
    if how == "its folder closed":
        nights.storage.files.pop(b"f/a", None)
        nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    elif how == "unreadable":
        nights.storage.errors[b"f/a"] = b"EIO"
    else:
        nights.storage.put("f/a", GOOD, kind=how)
    return ()


@pytest.mark.parametrize(
    "how", ["left out", "its folder closed", "unreadable", rows.CHANGING, rows.ARCHIVED]
)
def test_what_goes_while_nobody_can_see_it_is_named_once_it_could_be_seen(nights, how):
    excluded = hidden(nights, how)
    for _ in range(2):
        assert nights.scan(excluded=excluded).found == 0
    assert nights.known() == []
    nights.storage.files.pop(b"f/a", None)
    nights.storage.files.pop(b"f/", None)
    nights.storage.errors.clear()
    # Another finding was kept meanwhile: its date says nothing of this one.
    del nights.storage.files[b"z"]
    assert nights.scan(excluded=("f/",)).missing_first == [b"z"]
    assert nights.scan().missing_first == [b"f/a", b"z"]


@pytest.fixture
def never(nights):
    """Give a file that is listed, and can't be read."""
    nights.storage.errors[b"never"] = b"EIO"
    file = nights.storage.put("never", b"data")
    assert nights.scan().found == 0
    return file


def test_what_nobody_could_ever_read_is_named_once_it_is_gone(nights, never):
    assert nights.scan().found == 0
    del nights.storage.files[b"never"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"never"]
    # It is back, and no more readable than it was.
    nights.storage.files[b"never"] = never
    for _ in range(2):
        assert nights.scan().found == 0
    assert nights.known() == [("missing", b"never", True)]
    nights.storage.errors.clear()
    assert nights.scan().found == 0


def test_an_archived_object_that_nobody_could_ever_read_is_named_once_it_is_gone(nights):
    never = nights.storage.put("never", b"data", kind=rows.ARCHIVED)
    nights.scan()
    del nights.storage.files[b"never"]
    assert nights.scan().missing_first == [b"never"]
    nights.storage.files[b"never"] = never
    assert nights.scan().found == 0


@pytest.mark.parametrize("is_read", [False, True])
def test_what_nobody_could_ever_read_is_not_missing_where_it_was_moved(nights, never, is_read):
    nights.storage.files[b"elsewhere"] = nights.storage.files.pop(b"never")
    if not is_read:
        nights.storage.errors[b"elsewhere"] = b"EIO"
    for _ in range(2):
        assert nights.scan().found == 0
    nights.storage.files.pop(b"elsewhere")
    assert nights.scan().missing_first == [b"elsewhere"]


@pytest.fixture
def awaited(nights):
    """Let a file go where one of its size and time lies that nobody can read."""
    nights.storage.put("other", GOOD)
    nights.storage.errors[b"other"] = b"EIO"
    del nights.storage.files[b"f/a"]
    for _ in range(2):
        ended = nights.scan()
        assert (ended.found, ended.awaited, ended.awaited_first) == (0, 1, [b"f/a"])
        assert not ended.scan.complete
    told = nights.verify(first=True)
    assert (told.found, told.verdict) == ({"not_verified": 1, "unreadable": 1}, results.UNKNOWN)
    return nights


def test_what_may_be_elsewhere_is_moved_once_its_bytes_are_read_there(awaited):
    awaited.storage.errors.clear()
    for _ in range(2):
        ended = awaited.scan()
        assert (ended.found, ended.awaited) == (0, 0)
    assert not any(what == "missing" for what, *_ in awaited.known())
    assert awaited.verify(first=True).found == {"moved": 1}


@pytest.mark.parametrize("how", ["other bytes", "gone", "left out", "another there"])
def test_what_may_be_elsewhere_is_missing_once_it_is_not(awaited, how):
    if how == "other bytes":
        awaited.storage.put("other", ROTTEN)
        awaited.storage.errors.clear()
    elif how == "another there":
        awaited.storage.put("other", WRITTEN)
    elif how == "gone":
        del awaited.storage.files[b"other"]
    for _ in range(2):
        ended = awaited.scan(excluded=("other",) if how == "left out" else ())
        assert b"f/a" in ended.missing_first
        assert ended.awaited == 0


def test_what_may_be_elsewhere_is_awaited_while_nobody_can_look_there(awaited):
    awaited.storage.files[b"d/other"] = awaited.storage.files.pop(b"other")
    awaited.storage.errors[b"d/other"] = b"EIO"
    assert awaited.scan().awaited == 1
    file = awaited.storage.files.pop(b"d/other")
    awaited.storage.put("d/", kind=rows.UNREADABLE, detail=b"EACCES")
    for _ in range(2):
        assert awaited.scan().awaited == 1
    del awaited.storage.files[b"d/"]
    awaited.storage.errors.clear()
    awaited.storage.files[b"d/other"] = file
    for _ in range(2):
        assert awaited.scan().found == 0


def test_one_file_that_is_not_read_may_be_one_of_two_that_went(nights):
    nights.storage.put("also", b"also")
    nights.scan()
    nights.storage.put("new", b"also")
    nights.storage.errors[b"new"] = b"EIO"
    del nights.storage.files[b"also"], nights.storage.files[b"f/a"]
    ended = nights.scan()
    assert (ended.awaited_first, ended.missing_first) == ([b"also"], [b"f/a"])


def test_what_was_moved_onto_another_that_was_moved_is_not_missing(nights):
    nights.put(GOOD, mtime_ns=LONG_AGO + 1)
    nights.scan()
    nights.storage.files[b"z2"] = nights.storage.files.pop(b"z")
    nights.storage.files[b"z"] = nights.storage.files.pop(b"f/a")
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_was_moved_out_of_a_folder_that_nobody_could_see_is_not_missing(nights):
    file = nights.storage.files.pop(b"f/a")
    nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    nights.storage.files[b"g/a"] = file
    nights.scan()
    nights.scan()
    del nights.storage.files[b"f/"]
    for _ in range(2):
        assert nights.scan().found == 0
    del nights.storage.files[b"g/a"]
    assert nights.scan().missing_first == [b"g/a"]


def test_what_is_awaited_is_remembered_however_long_nobody_looks(awaited):
    at = here().now() + timedelta(days=500)
    assert awaited.scan(by=here(at)).awaited == 1
    awaited.storage.put("other", ROTTEN)
    awaited.storage.errors.clear()
    assert awaited.scan(by=here(at + timedelta(days=1))).missing_first == [b"f/a"]


@pytest.mark.parametrize("is_awaited", [False, True])
def test_what_is_moved_on_from_where_nobody_read_it_is_not_missing(nights, is_awaited):
    """Nor is it told twice, under each of its paths, once it is gone."""
    nights.storage.errors[b"e/a"] = b"EIO"
    nights.storage.files[b"e/a"] = nights.storage.files.pop(b"f/a")
    assert nights.scan().awaited_first == [b"f/a"]
    nights.storage.files[b"g/a"] = nights.storage.files.pop(b"e/a")
    if is_awaited:
        nights.storage.errors[b"g/a"] = b"EIO"
        assert nights.scan().awaited_first == [b"f/a"]
        nights.storage.errors.clear()
    for _ in range(2):
        assert nights.scan().found == 0
    del nights.storage.files[b"g/a"]
    assert nights.scan().missing_first == [b"g/a"]


def test_what_is_awaited_and_gone_for_good_is_told_once(awaited):
    del awaited.storage.files[b"other"]
    for _ in range(2):
        assert awaited.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("how", ["left out", "its folder closed"])
def test_what_was_moved_on_from_a_folder_that_nobody_could_see_is_not_missing(nights, how):
    if how == "its folder closed":
        nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    excluded = ("f/",) if how == "left out" else ()
    nights.storage.files[b"g/a"] = nights.storage.files.pop(b"f/a")
    nights.scan(excluded=excluded)
    nights.storage.files[b"h/a"] = nights.storage.files.pop(b"g/a")
    nights.scan(excluded=excluded)
    nights.storage.files.pop(b"f/", None)
    for _ in range(2):
        assert nights.scan().found == 0


@pytest.fixture
def unread(nights):
    """Let somebody write a file, and nobody read it yet; what was there lies elsewhere."""
    nights.storage.put("g/a", GOOD)
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    nights.storage.errors[b"f/a"] = b"EIO"
    assert nights.scan().found == 0
    return nights


@pytest.mark.parametrize("is_closed", [False, True])
def test_what_was_written_and_never_read_is_missing_once_it_goes(unread, is_closed):
    del unread.storage.files[b"f/a"]
    if is_closed:
        unread.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
        assert unread.scan().found == 0
        del unread.storage.files[b"f/"]
    for _ in range(2):
        assert unread.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("how", ["left out", "its folder closed"])
@pytest.mark.parametrize("is_moved", [False, True])
def test_what_was_written_is_remembered_so_through_a_night_in_which_nobody_sees_it(
    unread, how, is_moved
):
    file = unread.storage.files.pop(b"f/a")
    if how == "its folder closed":
        unread.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    unread.scan(excluded=("f/",) if how == "left out" else ())
    unread.storage.files.pop(b"f/", None)
    if is_moved:
        unread.storage.files[b"h/a"] = file
    for _ in range(2):
        assert unread.scan().missing_first == ([] if is_moved else [b"f/a"])


def test_what_was_written_and_read_only_where_it_was_moved_is_not_missing(unread):
    del unread.storage.files[b"g/a"]
    unread.scan()
    unread.accept()
    unread.storage.files[b"h/a"] = unread.storage.files.pop(b"f/a")
    for _ in range(2):
        assert unread.scan().found == 0


def touched(nights, path):
    """Give a file another time, and let nobody read it for a night."""
    nights.storage.files[path].mtime_ns += 1
    nights.storage.errors[path] = b"EIO"
    nights.scan()
    nights.storage.errors.clear()


@pytest.mark.parametrize("is_touched", [False, True])
def test_a_copy_of_another_is_not_what_was_touched_and_never_read(nights, is_touched):
    nights.storage.put("b", b"also")
    nights.scan()
    if is_touched:
        nights.storage.files[b"b"].mtime_ns += 1
        nights.storage.errors[b"b"] = b"EIO"
    touched(nights, b"f/a")
    file = nights.storage.files.pop(b"f/a")
    nights.storage.put("n", b"also", mtime_ns=file.mtime_ns)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("is_moved", [False, True])
def test_what_was_touched_and_went_is_back_with_its_bytes(nights, is_moved):
    touched(nights, b"f/a")
    file = nights.storage.files.pop(b"f/a")
    if is_moved:
        nights.storage.files[b"n"] = file
        assert nights.scan().found == 0
        return
    assert nights.scan().missing_first == [b"f/a"]
    nights.put(GOOD)
    for _ in range(2):
        assert nights.scan().found == 0


@pytest.mark.parametrize("is_accepted", [False, True])
def test_what_is_moved_is_not_another_of_its_bytes_that_was_missing_before(nights, is_accepted):
    nights.storage.put("x", GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]
    if is_accepted:
        nights.accept()
    nights.storage.files[b"new"] = nights.storage.files.pop(b"x")
    for _ in range(2):
        assert nights.scan().missing_first == ([] if is_accepted else [b"f/a"])


def test_where_another_lies_whence_a_file_was_moved_that_one_is_missing_once_it_goes(nights):
    nights.storage.files[b"g/a"] = nights.storage.files.pop(b"f/a")
    nights.scan()
    nights.storage.put("f/a", b"never read")
    nights.storage.errors[b"f/a"] = b"EIO"
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    nights.scan()
    del nights.storage.files[b"f/"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


def test_that_a_file_is_gone_is_accepted_only_as_long_as_it_stays_away(lost):
    lost.accept()
    lost.put(ROTTEN)
    assert lost.scan().altered_first == [b"f/a"]
    del lost.storage.files[b"f/a"]
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]


def test_of_two_of_one_size_and_time_the_one_that_was_read_is_missing(nights, never):
    nights.storage.put("also", b"good")
    nights.storage.errors.clear()
    nights.storage.errors[b"never"] = b"EIO"
    nights.scan()
    nights.storage.files[b"zz"] = nights.storage.files.pop(b"never")
    del nights.storage.files[b"also"]
    nights.storage.errors.clear()
    assert nights.scan().missing_first == [b"also"]


def test_what_was_moved_and_came_back_is_missing_once_it_goes(nights):
    nights.storage.files[b"g/a"] = nights.storage.files.pop(b"f/a")
    assert nights.scan().found == 0
    nights.storage.files[b"f/a"] = nights.storage.files.pop(b"g/a")
    nights.storage.errors[b"f/a"] = b"EIO"
    nights.scan()
    del nights.storage.files[b"f/a"]
    for _ in range(2):
        # It may have lain there: then it is one file, and told as what is known of it.
        assert nights.scan().missing_first == [b"g/a"]


@pytest.mark.parametrize("how", ["left out", "its folder closed"])
def test_what_was_moved_is_not_missing_once_where_it_was_could_not_be_seen(nights, how):
    nights.storage.files[b"g/a"] = nights.storage.files.pop(b"f/a")
    assert nights.scan().found == 0
    if how == "its folder closed":
        nights.storage.put("f/", kind=rows.UNREADABLE, detail=b"EACCES")
    nights.scan(excluded=("f/",) if how == "left out" else ())
    nights.storage.files.pop(b"f/", None)
    for _ in range(2):
        assert nights.scan().found == 0


def test_what_is_found_elsewhere_while_nobody_could_see_where_it_was_is_missing_no_more(lost):
    lost.storage.put("q", GOOD)
    lost.scan(excluded=("f/",))
    for _ in range(2):
        assert lost.scan().found == 0


def test_what_came_where_nothing_was_accepted_and_went_is_missing(lost):
    lost.accept()
    lost.put(b"other", mtime_ns=LONG_AGO + 1)
    lost.storage.errors[b"f/a"] = b"EIO"
    assert lost.scan().found == 0
    del lost.storage.files[b"f/a"]
    for _ in range(2):
        assert lost.scan().missing_first == [b"f/a"]


@pytest.mark.parametrize("is_read", [True, False])
def test_what_only_a_killed_scan_saw_where_a_loss_was_accepted_is_missing(lost, is_read):
    lost.accept()
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    if not is_read:
        lost.storage.errors[b"f/a"] = b"EIO"
    lost.scan(kept=False)
    del lost.storage.files[b"f/a"]
    scan = lost.scan(kept=False).scan
    assert found.is_untold(lost.repository, scan, store.read(lost.repository, scan.place))
    for _ in range(2):
        scan = lost.scan().scan
        assert lost.scan().missing_first == [b"f/a"]
    assert not found.is_untold(lost.repository, scan, store.read(lost.repository, scan.place))
    assert lost.known() == [("missing", b"f/a", True), *MISSING]
    lost.accept()
    for _ in range(2):
        assert lost.scan().found == 0
    assert lost.verify().verdict == results.AGREES


def test_what_nobody_could_read_is_missing_though_one_of_its_size_and_time_comes_later(
    nights, never
):
    del nights.storage.files[b"never"]
    assert nights.scan().missing_first == [b"never"]
    nights.storage.put("other", b"more")
    for _ in range(2):
        assert nights.scan().missing_first == [b"never"]


@pytest.mark.parametrize("is_read", [True, False])
def test_a_loss_that_is_accepted_after_another_file_came_there_and_went_stays_accepted(
    lost, is_read
):
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    if not is_read:
        lost.storage.errors[b"f/a"] = b"EIO"
    lost.scan()
    del lost.storage.files[b"f/a"]
    assert lost.scan().missing_first == [b"f/a"]
    lost.accept()
    for _ in range(2):
        assert lost.scan().found == 0
    assert lost.verify().verdict == results.AGREES


@pytest.mark.parametrize("how", ["left out", "its folder closed"])
@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("is_link", [True, False])
def test_it_stays_accepted_after_a_night_in_which_nobody_could_see_it(lost, is_link, is_read, how):
    lost.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    if not is_read:
        lost.storage.errors[b"f/a"] = b"EIO"
    lost.scan()
    del lost.storage.files[b"f/a"]
    link = {b"f/a": File(kind=rows.LINK, detail=b"x")} if is_link else {}
    lost.storage.files |= link
    assert lost.scan().missing_first == [b"f/a"]
    lost.accept()
    excluded = hidden(lost, how)
    lost.scan(excluded=excluded)
    lost.storage.files.pop(b"f/", None)
    lost.storage.files |= link
    for _ in range(2):
        assert lost.scan().found == 0
    assert lost.verify().verdict == results.AGREES


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("accepted", NOTHING)
@pytest.mark.parametrize("then", NOTHING)
def test_what_was_accepted_of_one_file_is_not_of_another_that_was_there_since(
    nights, accepted, then, is_read
):
    def nothing(what):
        nights.storage.files.pop(b"f/a", None)
        if what != "gone":
            nights.storage.put("f/a", kind=rows.LINK, detail=what.encode())

    nothing(accepted)
    nights.scan()
    nights.accept()
    nothing(then)
    assert nights.scan().found == (accepted != then)
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    if not is_read:
        nights.storage.errors[b"f/a"] = b"EIO"
    nights.scan()
    nothing(accepted)
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    nights.accept()
    for _ in range(2):
        assert nights.scan().found == 0


def test_a_file_of_another_size_or_time_is_not_what_nobody_could_read(nights, never):
    nights.storage.put("longer", b"more data")
    nights.storage.put("later", b"data", mtime_ns=LONG_AGO + 1)
    del nights.storage.files[b"never"]
    assert nights.scan().missing_first == [b"never"]


@pytest.mark.parametrize("kind", [rows.LINK, rows.PIPE, rows.FILE])
def test_what_could_not_be_told_to_be_a_file_is_not_missed(nights, kind):
    """As in a folder that may be listed, and not entered."""
    nights.storage.put("d/l", kind=rows.UNREADABLE, detail=b"EACCES", mtime_ns=None)
    nights.scan()
    nights.storage.put("d/l", b"", kind=kind)
    for _ in range(2):
        assert nights.scan().found == 0
    assert nights.known() == []


def test_another_one_in_the_place_of_what_was_never_read_does_not_end_it(nights, never):
    del nights.storage.files[b"never"]
    nights.scan()
    nights.storage.errors.clear()
    nights.storage.put("never", b"another", mtime_ns=LONG_AGO + 1)
    for _ in range(2):
        assert nights.scan().missing_first == [b"never"]
    nights.accept()
    assert nights.scan().found == 0


@pytest.mark.parametrize("how", ["left out", "its folder closed", "unreadable"])
@pytest.mark.parametrize("rots", [False, True])
def test_what_is_known_to_be_wrong_counts_while_nobody_can_see_it(nights, how, rots):
    if rots:
        nights.put(ROTTEN)
    else:
        del nights.storage.files[b"f/a"]
    known = nights.scan()
    assert (known.altered, known.missing, known.unseen) == (rots, not rots, 0)
    nights.put(ROTTEN)
    excluded = hidden(nights, how)
    for _ in range(2):
        ended = nights.scan(excluded=excluded)
        assert (ended.altered, ended.missing) == (0, 0)
        assert ended.unseen_first == ([] if excluded else [b"f/a"])
        assert ended.found == (not excluded)
    assert nights.known() == [("damaged" if rots else "missing", b"f/a", False)]
    nights.accept()
    assert nights.scan(excluded=excluded).found == 0


@pytest.mark.parametrize("what", ["files", "folders"])
def test_however_many_can_not_be_read_what_is_gone_beside_them_is_missing(
    nights, monkeypatch, what
):
    monkeypatch.setattr(pair, "_TOLD", 2)
    for n in range(6):
        nights.storage.put(f"home/{n}/private", b"%d" % n)
    nights.storage.put("home/open/a", b"open")
    nights.scan()
    for n in range(6):
        if what == "files":
            nights.storage.errors[b"home/%d/private" % n] = b"EACCES"
        else:
            del nights.storage.files[b"home/%d/private" % n]
            nights.storage.put(f"home/{n}/", kind=rows.UNREADABLE, detail=b"EACCES")
    lost = [b"f/a", b"home/open/a"]
    for path in lost:
        del nights.storage.files[path]
    for _ in range(2):
        ended = nights.scan()
        assert (ended.missing_first, len(ended.scan.unproved) <= 2) == (lost, True)


def test_a_file_beside_one_that_can_not_be_read_is_not_hidden_by_it(nights):
    nights.storage.put("f/ab", b"ab")
    nights.scan()
    nights.storage.errors[b"f/a"] = b"EIO"
    del nights.storage.files[b"f/ab"]
    assert nights.scan().missing_first == [b"f/ab"]


def test_what_lies_under_a_delete_marker_is_not_the_file_by_its_name(nights):
    nights.storage.put("raw", b"raw", version="v7")
    nights.scan()
    nights.storage.put("raw", kind=rows.DELETED, version="v8")
    for _ in range(2):
        ended = nights.scan()
        assert (ended.missing, ended.deleted, ended.missing_first) == (1, 0, [b"raw"])
    note = nights.verify().lasting[0].note
    assert "lies another version" in note
    assert "do not remove the marker" in note


def test_a_deleted_object_is_named_with_the_version_that_is_there(nights):
    nights.storage.put("f/a", kind=rows.DELETED, version="v7")
    for _ in range(2):
        ended = nights.scan()
        assert (ended.missing, ended.deleted, ended.deleted_first) == (0, 1, [b"f/a"])
    assert nights.known() == [("deleted", b"f/a", False)]
    assert nights.verify().lasting[0].note == "v7"


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("instead", [None, rows.DELETED, *rows.INSTEAD])
def test_what_was_moved_is_not_missing(nights, instead, killed):
    nights.storage.put("copy", GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    if instead:
        nights.storage.put("f/a", kind=instead, version="v2")
    nights.storage.put("g/a", GOOD)
    nights.scan(kept=not killed)
    assert nights.scan().found == 0
    assert nights.known() == []
    del nights.storage.files[b"g/a"]
    assert nights.scan().missing_first == [b"g/a"]


def test_one_of_two_copies_that_goes_is_missing_though_the_other_is_there(nights):
    nights.storage.put("copy", GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]


def test_two_that_went_are_not_found_in_one_that_came(nights):
    nights.storage.put("copy", GOOD)
    nights.scan()
    del nights.storage.files[b"copy"], nights.storage.files[b"f/a"]
    nights.storage.put("new", GOOD)
    assert nights.scan().missing_first == [b"f/a"]


def test_a_copy_that_is_only_left_out_does_not_stand_for_one_that_was_moved(nights):
    nights.storage.put("a/copy", GOOD)
    nights.scan()
    del nights.storage.files[b"f/a"]
    nights.storage.put("new", GOOD)
    assert nights.scan(excluded=("a/",)).found == 0


def test_however_many_are_moved_at_once(nights, monkeypatch):
    monkeypatch.setattr(moved, "_TOGETHER", 3)
    monkeypatch.setattr(write, "GROUP_ROWS", 2)
    names = [f"old/{n}" for n in range(7)]
    for name in names:
        nights.storage.put(name, name.encode())
    nights.scan()
    for name in names:
        nights.storage.files[f"new/{name}".encode()] = nights.storage.files.pop(name.encode())
    del nights.storage.files[b"new/old/4"]
    assert nights.scan().missing_first == [b"old/4"]


def test_empty_files_are_never_moved(nights):
    nights.storage.put("empty", b"")
    nights.scan()
    del nights.storage.files[b"empty"]
    nights.storage.put("other", b"")
    assert nights.scan().missing_first == [b"empty"]


def test_a_run_that_was_killed_before_it_kept_its_findings_loses_none(nights):
    del nights.storage.files[b"f/a"]
    nights.scan(kept=False)
    assert nights.known() == []
    assert nights.scan().missing_first == [b"f/a"]
    assert nights.known() == MISSING


def test_what_there_was_no_room_for_is_told_once_and_then_missed_until_nobody_wants_it(
    nights, monkeypatch
):
    for name in "bcd":
        nights.storage.put(name)
    nights.scan()
    monkeypatch.setattr(episodes, "MOST_OPEN", 2)
    for name in (b"b", b"c", b"d"):
        del nights.storage.files[name]
    assert nights.scan().missing_first == [b"b", b"c", b"d"]
    assert nights.scan().missing_first == [b"b", b"c"]
    assert (nights.verify().lasts, nights.verify().forgotten) == ({"missing": 2}, True)
    nights.accept()
    for _ in range(2):
        ended = nights.scan()
        assert (ended.found, ended.forgotten) == (0, True)
        assert ended.notes[-1].startswith("1 more were found wrong than there is room for")
        told = nights.verify()
        assert (told.verdict, len(told.notes)) == (results.UNKNOWN, 1)
    assert not nights.scan(accept_loss=("nas",)).forgotten
    assert not nights.scan().forgotten
    assert nights.verify().verdict == results.AGREES
    # What was accepted leaves room for what is new.
    del nights.storage.files[b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]
    assert nights.scan().missing_first == [b"f/a"]


def test_what_is_gone_for_long_is_remembered_from_when_it_went(nights):
    began = datetime.fromisoformat(nights.scan(excluded=("f/",)).scan.started_at)
    nights.scan(excluded=("f/",), by=here(began + timedelta(days=300)))
    del nights.storage.files[b"f/a"]
    assert nights.scan(by=here(began + timedelta(days=301))).missing == 1
    nights.scan(by=here(began + timedelta(days=700)))
    nights.put(ROTTEN)
    assert nights.scan(by=here(began + timedelta(days=701))).altered == 1


def test_rot_that_comes_back_after_good_bytes_is_not_as_it_was_accepted(nights):
    nights.put(ROTTEN)
    nights.scan()
    nights.accept()
    assert nights.scan().found == 0
    nights.put(GOOD)
    assert nights.scan().found == 0
    assert nights.known() == [("damaged", b"f/a", True)]
    nights.put(ROTTEN)
    assert nights.scan().altered == 1
    assert nights.verify().found == {"damaged": 1}


def test_a_hash_that_was_only_kept_from_before_ends_nothing(nights):
    nights.storage.now = 1_750_000_000
    nights.scan()
    nights.storage.files[b"f/a"].data = ROTTEN
    last = nights.scan().scan
    nights.repository.remove(f"{layout.scans(TARGET.place)}{last.id}.json")
    nights.repository.remove(layout.finished(TARGET.place, last.id))
    ended = nights.scan(full=False)
    assert (ended.files_kept, ended.altered_first) == (2, [b"f/a"])
    assert nights.known() == [("damaged", b"f/a", False)]
    assert nights.scan().altered == 1


def test_a_snapshot_of_rotten_bytes_tells_nothing_of_those_that_are_good_again(nights):
    nights.put(ROTTEN)
    rotten = of_scan(nights.scan().scan)
    nights.put(GOOD)
    good = of_scan(nights.scan().scan)
    means = Means(nights.repository, utc_now, settled_ns=SETTLED_NS)
    for _ in range(2):
        result = compare(rotten, good, "nas", means, (nights.repository, nights.repository))
        assert (result.found, result.resolved_count) == ({}, 1)
        assert result.verdict == results.AGREES


def test_bytes_that_were_good_once_are_still_a_change_of_what_was_written_since(nights):
    nights.put(ROTTEN)
    nights.scan()
    nights.put(GOOD)
    nights.scan()
    nights.put(b"written", mtime_ns=LONG_AGO + 1)
    nights.scan()
    nights.put(GOOD, mtime_ns=LONG_AGO + 2)
    nights.scan()
    assert nights.verify().found == {"changed": 1}


@pytest.mark.parametrize("kind", rows.INSTEAD)
def test_what_lies_in_place_of_a_file_has_none_of_its_bytes(nights, kind):
    nights.storage.put("f/a", kind=kind, detail=b"/nowhere")
    assert nights.scan().missing_first == [b"f/a"]
    result = nights.verify()
    assert (result.found, result.findings[0].note) == ({"missing": 1}, f"file became {kind}")
    assert nights.scan().missing == 1
    assert nights.verify().lasts == {"missing": 1}
    assert nights.known() == MISSING
    nights.put(GOOD)
    assert nights.scan().found == 0
    assert nights.known() == [("missing", b"f/a", True)]


def test_a_finding_that_nobody_accepted_counts_when_the_file_is_no_longer_remembered(lost):
    moment = here().now() + timedelta(days=401)
    ended = lost.scan(by=here(moment))
    assert (ended.scan.remembered, ended.missing_first) == ("", [b"f/a"])
    lost.accept()
    assert lost.scan(by=here(moment + timedelta(days=1))).found == 0


def test_below_an_object_whose_key_ends_like_a_folder_files_are_missing(nights):
    nights.storage.put("f/", b"an object of its own")
    nights.scan()
    nights.storage.errors[b"f/"] = b"403"
    del nights.storage.files[b"f/a"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]
    assert nights.known() == [("missing", b"f/a", False)]
