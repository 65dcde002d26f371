"""The story of one file, told from scans of many nights."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import UsageError
from reconciler.recovery import rows, values
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing import away
from reconciler.recovery.seal import sealed
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.explaining.explain import explain
from reconciler.recovery.verifying.places import place_of
from reconciler.recovery.verifying.telling.redaction import Redaction
from reconciler.report.sentences.recovery.stories import details, verdict
from support.recovery.kept import keep_scan, night, ns
from support.recovery.snapshots import NOW, platform, repository, taken
from support.values.building import storage

OLD = ns(night(-100))
PATH = b"2026/a.tif"
PLACE, OTHER = "local:file:///data/nas", "local:file:///data/minio"


def file(number, path=PATH, **more):
    proved = ns(night(number)) // 10**9
    return replace(Content(path, rows.FILE, 7, OLD, b"g" * 32, rows.READ, proved), **more)


def rotten(number):
    return file(number, sha256=b"r" * 32)


@pytest.fixture
def home(tmp_path):
    return repository(tmp_path)


@pytest.fixture
def keep(home):
    def run(contents, number, place=PLACE, **more):
        scan = keep_scan(home, contents, number, place=place, **more)
        home.write(f"{layout.scans(place)}{scan.id}.json", sealed(scan))
        return scan

    taken(platform("nas", "minio"), home)
    return run


def told(home, path=PATH):
    return explain(home, "nas", place_of(home, "nas"), path, SETTLED_NS)


def says(story):
    return [chapter.what for chapter in story.chapters]


def test_the_first_night_on_which_it_was_wrong(home, keep):
    keep([], 0)
    keep([file(1)], 1)
    keep([file(1, proof=rows.KEPT)], 2)
    keep([file(3)], 3)
    keep([rotten(4)], 4)
    keep([rotten(5)], 5)
    story = told(home)
    assert says(story) == ["unseen", "first", "same", "same", "damaged", "damaged"]
    assert (story.wrong_since, story.last_right) == (
        "2026-11-05T02:00:00.000Z",
        "2026-11-04T02:00:00Z",
    )
    assert story.is_wrong
    assert story.good == file(3)


def test_a_hash_that_was_kept_proves_only_the_night_on_which_it_was_read(home, keep):
    keep([file(1)], 1)
    keep([file(1, proof=rows.KEPT)], 9)
    story = told(home)
    assert (says(story), story.last_right) == (["first", "same"], "2026-11-02T02:00:00Z")
    assert story.good == file(1)
    assert story.is_known
    assert not story.is_wrong


def test_it_was_wrong_and_is_right_again(home, keep):
    keep([file(1)], 1)
    keep([], 2)
    keep([file(3, mtime_ns=ns(night(3)))], 3)
    story = told(home)
    assert (says(story), story.wrong_since) == (["first", "missing", "same"], "")


def archived(**more):
    return Content(PATH, rows.ARCHIVED, 7, OLD, version="v", detail=b"GLACIER", **more)


def attested(number, sha256=b"g" * 32):
    return archived(sha256=sha256, proof=rows.ATTESTED, proved_at=ns(night(number)) // 10**9)


@pytest.mark.parametrize("gone", [[], [Content(PATH, rows.DELETED, 7, version="v")]])
@pytest.mark.parametrize(
    ("before", "back", "is_wrong"),
    [
        ([file(1, version="v"), archived()], archived(), False),
        ([file(1, version="v")], archived(), False),
        ([archived()], archived(), False),
        ([file(1, version="v")], replace(archived(), version="w"), True),
        ([archived()], replace(archived(), version="w"), True),
        ([attested(1), attested(2, b"r" * 32)], archived(), True),
        ([file(1, version="v"), attested(2, b"r" * 32)], archived(), True),
        ([file(1, version="v"), replace(rotten(2), version="v")], archived(), True),
    ],
    ids=[
        *("read, then archived", "read", "never read", "another version"),
        *("another version, never read", "attested", "read, attested", "read rotten"),
    ],
)
def test_an_archived_object_that_is_back_is_what_it_was(home, keep, gone, before, back, is_wrong):
    nights = [*([row] for row in before), gone, [back]]
    for number, contents in enumerate(nights, 1):
        keep(contents, number)
    story = told(home)
    assert says(story)[len(before)] == ("deleted" if gone else "missing")
    assert story.is_wrong == is_wrong


def test_what_was_written_is_what_it_is_to_be_from_then_on(home, keep):
    written = file(2, sha256=b"w" * 32, mtime_ns=ns(night(1)) + 1)
    keep([file(1)], 1)
    keep([written], 2)
    keep([replace(written, sha256=b"x" * 32)], 3)
    story = told(home)
    assert says(story) == ["first", "changed", "damaged"]
    assert story.good == written
    assert story.wrong_since.startswith("2026-11-04")


def written(number, **more):
    """Return the file as somebody wrote it before a night, as its time tells."""
    return file(number, **{"sha256": b"w" * 32, "mtime_ns": ns(night(number)) - 1, **more})


def test_of_a_settled_file_that_was_overwritten_the_earlier_bytes_are_looked_for(home, keep):
    keep([file(1), file(1, b"copy.tif")], 1)
    keep([written(2), file(2, b"copy.tif")], 2)
    for at in (3, 4):
        story = told(home)
        assert (story.is_wrong, story.overwritten) == (True, True)
        assert (story.good, story.last_right) == (file(1), "2026-11-02T02:00:00Z")
        assert story.wrong_since.startswith("2026-11-03")
        assert [copy.path for copy in story.copies] == [b"copy.tif"]
        assert verdict(story).startswith("OVERWRITTEN before 2026-11-03T02:00:00Z, though")
        keep([replace(written(2), proved_at=written(at).proved_at), file(2, b"copy.tif")], at)


def test_what_was_overwritten_and_put_back_is_as_it_was(home, keep):
    keep([file(1)], 1)
    keep([written(2)], 2)
    keep([written(3, sha256=b"x" * 32)], 3)
    assert told(home).good == file(1)
    keep([file(4)], 4)
    story = told(home)
    assert (story.is_wrong, story.overwritten, story.written) == (False, False, "")
    assert (
        verdict(story) == "As it was: its bytes were read and right last on 2026-11-05T02:00:00Z."
    )


def test_what_was_overwritten_and_then_rots_is_wrong_by_what_was_written(home, keep):
    keep([file(1)], 1)
    keep([written(2)], 2)
    keep([written(3, sha256=b"x" * 32, mtime_ns=written(2).mtime_ns)], 3)
    story = told(home)
    assert (story.overwritten, story.good, says(story)[-1]) == (False, written(2), "damaged")


def test_what_was_still_worked_on_is_as_it_was_written(home, keep):
    keep([written(1, sha256=b"g" * 32)], 1)
    keep([written(2)], 2)
    story = told(home)
    assert (story.is_wrong, story.overwritten, story.good) == (False, False, written(2))
    assert verdict(story).startswith(
        "As it was written before the scan of 2026-11-03T02:00:00Z: its"
    )


@pytest.mark.parametrize(
    ("last", "at", "is_over"),
    [(written(3), 3, False), (file(3), 3, True), (file(1), 1, False), (written(1), 1, False)],
)
def test_what_verify_found_changed_is_overwritten_though_no_scan_tells(
    home, keep, last, at, is_over
):
    keep([last], at)
    seen = timestamp(night(2), "milliseconds")
    found = FileFinding(values.CHANGED, "nas", PLACE, PATH, file(1), written(2))
    found = replace(found, first_seen=seen, last_seen=seen)
    store.keep(home, PLACE, [found], store.Known(), night(2))
    story = told(home)
    assert (story.overwritten, story.is_wrong) == (not is_over, not is_over)
    if not is_over:
        assert (story.good, story.written) == (file(1), seen)


@pytest.mark.parametrize("seen", [[], [rotten(2)]])
def test_what_is_written_where_it_was_lost_or_rotten_is_no_overwriting(home, keep, seen):
    keep([file(1)], 1)
    keep(seen, 2)
    keep([written(3)], 3)
    assert (told(home).is_wrong, told(home).good) == (False, written(3))


@pytest.mark.parametrize(
    ("contents", "more", "note"),
    [
        ([Content(b"2026/", rows.UNREADABLE, detail=b"EACCES")], {}, "a folder on the way"),
        ([], {"excluded": ("2026/",)}, "left out by the later scan"),
        ([file(2, sha256=None, proof="")], {}, "not read"),
    ],
)
def test_what_a_scan_can_not_tell_is_not_known(home, keep, contents, more, note):
    keep([file(1)], 1)
    keep(contents, 2, **more)
    story = told(home)
    assert says(story) == ["first", "nothing"]
    assert note in story.chapters[1].note
    assert not story.is_known
    assert not story.is_wrong


def test_what_can_not_be_read_is_wrong_until_it_can(home, keep):
    keep([file(1)], 1)
    keep([Content(PATH, rows.UNREADABLE, 7, OLD, detail=b"EIO")], 2)
    story = told(home)
    assert (says(story), story.chapters[1].note) == (["first", "unreadable"], "EIO")
    assert story.is_wrong


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        ([], "unseen"),
        ([Content(b"2026/", rows.UNREADABLE, detail=b"EACCES")], "nothing"),
        ([file(1, sha256=None, proof="")], "nothing"),
        ([Content(PATH, rows.UNREADABLE, detail=b"EIO")], "nothing"),
    ],
)
def test_a_file_of_which_no_hash_was_ever_known(home, keep, contents, what):
    keep(contents, 1)
    story = told(home)
    assert (says(story), story.good, story.is_known) == ([what], None, False)


def test_what_lies_in_an_archive_is_as_a_report_says_and_else_not_known(home, keep):
    def archived(number, **more):
        more = {"sha256": None, "proof": "", "proved_at": None, **more}
        return file(number, kind=rows.ARCHIVED, detail=b"GLACIER", **more)

    def attested(number, sha256):
        proved = ns(night(number)) // 10**9
        return archived(number, sha256=sha256, proof=rows.ATTESTED, proved_at=proved)

    keep([file(0)], 0)
    keep([archived(1)], 1)
    story = told(home)
    assert (says(story), story.is_wrong, story.is_known) == (["first", "nothing"], False, False)
    keep([attested(2, b"g" * 32)], 2)
    assert (told(home).is_known, told(home).last_right) == (True, "2026-11-03T02:00:00Z")
    keep([attested(3, b"r" * 32)], 3)
    assert told(home).is_wrong
    keep([attested(4, b"g" * 32)], 4)
    story = told(home)
    assert (says(story)[-3:], story.is_wrong) == (["same", "damaged", "same"], False)
    assert verdict(story).startswith("As it was")


def test_where_the_good_bytes_still_are(home, keep):
    keep([file(1), file(1, b"copy.tif")], 1)
    keep([rotten(2), file(2, b"copy.tif")], 2)
    keep([file(1, b"backup/a.tif")], 1, OTHER)
    story = told(home)
    assert [(c.storage, c.path, c.at[:10]) for c in story.copies] == [
        ("minio", b"backup/a.tif", "2026-11-02"),
        ("nas", b"copy.tif", "2026-11-03"),
    ]
    assert told(home, b"copy.tif").copies[1].path == b"copy.tif"


def test_a_storage_that_moved_is_looked_through_where_it_lies_now(home, keep):
    keep([file(1, b"backup/a.tif")], 1, OTHER)
    live = platform("nas")
    live.by_id["id-minio"] = storage("minio", place="moved")
    taken(live, home, at=NOW + 1)
    keep([file(1)], 1)
    keep([file(2, b"there/a.tif")], 2, "local:file:///data/moved")
    there = [(copy.storage, copy.path) for copy in told(home).copies]
    assert there == [("minio", b"there/a.tif"), ("nas", PATH)]


def test_snapshots_name_the_scans_that_they_have_and_scans_may_be_gone(home, keep):
    scan = keep([file(1)], 1)
    kept = taken(platform("nas", "minio"), home, at=NOW + 1)
    home.remove(f"{layout.scans(PLACE)}{scan.id}.json")
    (chapter,) = told(home).chapters
    assert (chapter.what, chapter.snapshots) == ("first", (kept.snapshot.id,))


def test_findings_of_it_are_told(home, keep):
    keep([file(1)], 1)
    one = FileFinding(values.DAMAGED, "nas", PLACE, PATH, first_seen="x", last_seen="y")
    others = [replace(one, path=b"b"), replace(one, about=values.INVENTORY)]
    store.keep(home, PLACE, [one, *others], store.Known(), night(3))
    assert told(home).findings == (one,)


def test_no_such_storage(home, keep):
    said = "no snapshot or scan has a storage 'tape': there are 'minio'"
    with pytest.raises(UsageError, match=said):
        place_of(home, "tape")


def scanned(home, keep, place, number, **more):
    """Keep a scan of a storage that no snapshot has."""
    scan = replace(keep([file(1)], number, place), name="new", **more)
    home.remove(name := f"{layout.scans(place)}{scan.id}.json")
    home.write(name, sealed(scan))


def test_a_storage_that_no_snapshot_has_is_named_as_its_last_scan_names_it(home, keep):
    new, renamed = "local:file:///data/new", "local:file:///data/renamed"
    scanned(home, keep, new, 1)
    scanned(home, keep, renamed, 1)
    keep([file(1)], 2, renamed)  # it has another name since
    scanned(home, keep, "local:file:///copy", 1, copy_of=PLACE)
    assert place_of(home, "new") == new
    assert place_of(home, "nas") == PLACE


def test_of_two_storages_of_a_name_in_no_snapshot_none_is_taken(home, keep):
    for folder in ("a b", "c"):
        place = f"local:file:///data/{folder}"
        scanned(home, keep, place, 1, root=values.Root("folder", f"file:///data/{folder}"))
    said = "address, ('file:///data/a b' or file:///data/c|file:///data/c or 'file:///data/a b')$"
    with pytest.raises(UsageError, match=said):
        place_of(home, "new")


def test_a_name_that_a_lost_record_may_have_had_is_not_taken(home, keep):
    place = "local:file:///data/new"
    scanned(home, keep, place, 1, root=values.Root("folder", "file:///data/new"))
    scan = keep([file(1)], 1)
    home.remove(name := f"{layout.scans(PLACE)}{scan.id}.json")
    home.write(name, b"{")
    with pytest.raises(UsageError, match=r"can't be read.*by its address, file:///data/new$"):
        place_of(home, "new")


def test_a_story_can_be_told_without_names(home, keep):
    secret = b"patient-mueller.tif"
    link = Content(secret, rows.LINK, 1, OLD, detail=b"cohort-secret")
    keep([file(1, secret), file(1, b"cohort-copy")], 1)
    keep([link, file(2, b"cohort-copy")], 2)
    story = Redaction(b"k" * 32).story(told(home, secret))
    assert says(story) == ["first", "changed"]
    assert story.redacted
    shown = repr(story)
    assert "mueller" not in shown
    assert "cohort" not in shown


def test_what_a_report_says_of_a_failed_task_is_told_without_names(home, keep):
    detail = b"GLACIER" + rows.NO_SUM + b"the object mueller.tif failed"
    keep([Content(PATH, rows.ARCHIVED, 1, OLD, detail=detail)], 1)
    story = told(home)
    assert "mueller" in repr(story.chapters)
    shown = repr(Redaction(b"k" * 32).story(story))
    assert "mueller" not in shown
    assert "GLACIER" in shown


def test_a_file_is_wrong_if_it_became_something_else(home, keep):
    keep([file(1)], 1)
    keep([Content(PATH, rows.LINK, 1, ns(night(2)), detail=b"x")], 2)
    story = told(home)
    assert says(story) == ["first", values.CHANGED]
    assert story.is_wrong
    assert story.chapters[1].note == "file became link"


def test_a_story_without_any_scan(home):
    taken(platform("nas"), home)
    story = told(home)
    assert (story.chapters, story.is_known, story.is_wrong) == ((), False, False)
    assert stories.NOTHING == "nothing"


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        (b"/data/nas/2026/a.tif", PATH),
        (b"nas/2026/a.tif", PATH),
        (b"./2026//a.tif", PATH),
        (b"2026/b.tif", b""),
        (b"/", b""),
        (PATH, b""),
    ],
)
def test_a_path_that_begins_above_the_root_is_told_as_it_was_meant(home, keep, named, meant):
    keep([file(1)], 1)
    story = told(home, named)
    assert story.meant == meant
    assert verdict(story).endswith("did you mean '2026/a.tif'?") is bool(meant)
    redacted = Redaction(b"k" * 32).story(story)
    assert bool(redacted.meant) is bool(meant)
    assert b"a.tif" not in redacted.meant


@pytest.mark.parametrize(
    ("last", "is_wrong"),
    [
        (rotten(5), True),
        (file(5), False),
        (file(5, sha256=b"w" * 32, mtime_ns=ns(night(5))), False),
    ],
)
def test_it_is_wrong_though_the_scans_that_saw_it_whole_are_gone(home, keep, last, is_wrong):
    keep([last], 5)
    seen = timestamp(night(2), "milliseconds")
    found = FileFinding(values.DAMAGED, "nas", PLACE, PATH, file(1), rotten(2))
    found = replace(found, first_seen=seen, last_seen=seen)
    store.keep(home, PLACE, [found], store.Known(), night(2))
    story = told(home)
    assert story.is_wrong is is_wrong
    if is_wrong:
        assert (story.good, story.wrong_since) == (file(1), seen)
        assert story.last_right == timestamp(night(1), "seconds")
        said = Accepted(seen, "anna@scope", now=last)
        store.keep(home, PLACE, [replace(found, accepted=said)], store.read(home, PLACE), night(6))
        story = told(home)
        assert (story.is_wrong, story.accepted) == (False, said)


def test_damage_that_only_a_killed_scan_has_read_was_right_when_it_was_read_before(home, keep):
    keep([file(1)], 1)
    good = Content(PATH, rows.FILE, 7, OLD, b"g" * 32, rows.KEPT)  # as it was to be
    found = FileFinding(values.DAMAGED, "nas", PLACE, PATH, good, rotten(2))
    seen = timestamp(night(2), "milliseconds")
    found = replace(found, first_seen=seen, last_seen=seen)
    store.keep(home, PLACE, [found], store.Known(), night(2))
    keep([replace(rotten(3), mtime_ns=ns(night(3)))], 3)
    story = told(home)
    assert (story.wrong_since, story.good) == (seen, good)
    assert story.last_right == timestamp(night(1), "seconds")


@pytest.fixture
def pruned(home, keep):
    """Keep one scan, which remembers the file, as it was in those that were pruned."""

    def run(contents, *, where=None, **more):
        where = where or away.Away(timestamp(night(2), "milliseconds").encode())
        part = keep_scan(home, [file(1, detail=where.detail)], 1, place=PLACE).contents
        scan = replace(keep(contents, 5), remembered=part, **more)
        name = f"{layout.scans(PLACE)}{scan.id}.json"
        home.write(name, sealed(scan), replace=True)
        return told(home)

    return run


@pytest.mark.parametrize(
    ("contents", "says_now"), [([], "missing"), ([rotten(5)], "damaged"), ([file(5)], "same")]
)
def test_what_is_remembered_outlasts_the_scans_that_saw_it(pruned, contents, says_now):
    story = pruned(contents)
    assert says(story) == [says_now]
    right = says_now == "same"
    assert story.wrong_since == ("" if right else "2026-11-03T02:00:00.000Z")
    assert (story.good.sha256, story.good.detail) == (b"g" * 32, None)
    assert story.last_right == ("2026-11-06T02:00:00Z" if right else "2026-11-02T02:00:00Z")


def test_what_is_remembered_and_left_out_was_seen(pruned):
    story = pruned([], excluded=("2026/",))
    assert (says(story), story.wrong_since) == (["nothing"], "")
    assert verdict(story).endswith("its bytes were read and right last on 2026-11-02T02:00:00Z.")


def test_a_file_with_a_finding_is_not_said_to_have_been_seen_by_nobody(home, keep):
    keep([], 5)
    over = FileFinding(values.CHANGED, "nas", PLACE, PATH, first_seen="2026-11-02T02:00:00.000Z")
    over = replace(over, last_seen=over.first_seen, resolved="2026-11-03T02:00:00.000Z")
    store.keep(home, PLACE, [over], store.Known(), night(4))
    assert verdict(told(home)) == "NOT VERIFIED: no scan that is still kept has seen it."


def flip(home, name):
    path = home._path(name)
    data = path.read_bytes()
    path.write_bytes(bytes([*data[:40], data[40] ^ 1, *data[41:]]))


def test_a_scan_whose_part_is_damaged_is_not_known_and_the_others_are(home, keep):
    keep([file(1)], 1)
    scan = keep([rotten(2)], 2)
    keep([file(3)], 3)
    flip(home, layout.part(scan.contents))
    story = told(home)
    assert says(story) == ["first", "nothing", "same"]
    (lost,) = story.lost
    assert scan.contents in lost


@pytest.mark.parametrize("which", ["scans/", "findings/"])
def test_what_is_lost_is_told_with_the_story(home, keep, which):
    scan = keep([file(1)], 1)
    keep([file(2)], 2)
    one = FileFinding(values.DAMAGED, "nas", PLACE, PATH, first_seen="x", last_seen="y")
    store.keep(home, PLACE, [one], store.Known(), night(3))
    assert told(home).lost == ()
    name = next(n for n in home.names(which) if which == "findings/" or scan.id in n)
    flip(home, name)
    (lost,) = told(home).lost
    assert name in lost


def test_an_older_scan_ends_nothing_where_later_ones_are_lost(home, keep):
    keep([file(1)], 1)
    found = FileFinding(
        values.DAMAGED,
        "nas",
        PLACE,
        PATH,
        file(1),
        rotten(3),
        first_seen=timestamp(night(3), "milliseconds"),
        last_seen=timestamp(night(3), "milliseconds"),
    )
    store.keep(home, PLACE, [found], store.Known(), night(3))
    story = told(home)
    assert says(story) == ["first"]
    assert (story.is_wrong, story.good) == (True, file(1))
    keep([file(4)], 4)
    assert not told(home).is_wrong


def test_an_object_whose_key_ends_like_a_folder_hides_nothing(home, keep):
    folder = Content(b"2026/", rows.UNREADABLE, 3, OLD, detail=b"403")
    keep([folder, file(0)], 0)
    keep([folder], 1)
    assert says(told(home)) == [stories.FIRST, values.MISSING]
    assert says(told(home, b"2026/")) == [stories.NOTHING, stories.NOTHING]


@pytest.mark.parametrize("has_come", [True, False])
def test_what_was_accepted_is_not_another_that_came_and_went_since(home, keep, has_come):
    keep([file(1)], 1)
    keep([], 2)
    seen = timestamp(night(2), "milliseconds")
    said = Accepted(seen, "anna@scope", of=(file(1),))
    found = FileFinding(values.MISSING, "nas", PLACE, PATH, file(1), accepted=said)
    found = replace(found, first_seen=seen, last_seen=seen)
    store.keep(home, PLACE, [found], store.Known(), night(2))
    if has_come:
        keep([file(3, sha256=b"w" * 32, mtime_ns=ns(night(3)))], 3)
    keep([], 4)
    story = told(home)
    assert (story.is_wrong, story.accepted) == (has_come, None if has_come else said)


def test_of_a_folder_the_findings_below_it_are_counted(home, keep):
    keep([file(1, b"run 7/%d.tif" % n) for n in range(4)] + [file(1, b"run 70.tif")], 1)
    keep([file(2, b"run 7/0.tif"), file(2, b"run 70.tif")], 2)
    seen = timestamp(night(2), "milliseconds")
    gone = [
        FileFinding(
            values.MISSING, "nas", PLACE, b"run 7/%d.tif" % n, first_seen=seen, last_seen=seen
        )
        for n in (1, 2, 3)
    ]
    gone[2] = replace(gone[2], accepted=Accepted(seen, "anna", now=None))
    beside = replace(gone[0], path=b"run 70.tif")
    store.keep(home, PLACE, [*gone, beside], store.Known(), night(2))
    for path in (b"run 7", b"run 7/"):
        story = told(home, path)
        assert (story.path, story.chapters) == (b"run 7/", ())
        assert story.folder == stories.Folder(
            "2026-11-03T02:00:00.000Z", 1, 0, {values.MISSING: 2}, 1
        )
        assert [finding.path for finding in story.findings] == [gone[0].path, gone[1].path]
        assert story.is_wrong
    assert verdict(story).startswith("FINDINGS: 2 missing below this folder; name a file in it")
    assert told(home, b".").folder.found == {values.MISSING: 3}
    assert told(home, b"run 8").folder is None
    assert told(home, b"run 70.tif").folder is None


def test_of_a_folder_nothing_is_claimed_of_bytes_that_were_not_read(home, keep):
    keep([file(1, b"raw/a"), Content(b"raw/b", rows.UNREADABLE, 3, detail=b"EIO")], 1)
    story = told(home, b"raw")
    assert (story.folder.files, story.folder.unknown) == (2, 1)
    assert (story.is_wrong, story.is_known) == (False, False)
    keep([file(2, b"raw/a")], 2)
    assert told(home, b"raw").is_known


def test_of_a_file_that_was_moved_nothing_is_wrong(pruned):
    story = pruned([], where=away.Away(b"2026-11-03T02:00:00.000Z", is_moved=True))
    assert says(story) == ["moved"]
    assert (story.is_wrong, story.is_known) == (False, True)
    assert verdict(story) == "Moved: its bytes were read and right last on 2026-11-02T02:00:00Z."


def test_of_a_file_that_may_have_been_moved_nobody_knows(pruned):
    story = pruned([], where=away.Away(b"2026-11-03T02:00:00.000Z", maybe=b"else/where"))
    assert (says(story), story.chapters[-1].maybe) == (["nothing"], b"else/where")
    assert (story.is_wrong, story.is_known) == (False, False)
    assert verdict(story).startswith("NOT VERIFIED: the last scan says nothing of its bytes; its")
    assert "not read: 'else/where', of its size and time" in details([story.chapters[-1]])
    assert b"else" not in Redaction(b"k" * 32).story(story).chapters[-1].maybe
