"""The story of one file, in each format."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.findings.states import OLDER
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.stories import Chapter, Copy, Folder, Story
from reconciler.report import json as as_json
from reconciler.report import markdown, text
from reconciler.report.style import UNBOUNDED, Style
from reconciler.report.text.lines import columns

FIRST, LATER, LAST = (f"2026-11-{day:02}T02:00:00.000Z" for day in (1, 8, 29))
GOOD = Content(
    b"x", rows.FILE, 1_048_576, 1_700_000_000 * 10**9, b"\x9f" * 32, rows.READ, 1_793_498_400, "v1"
)
ROTTEN = replace(GOOD, sha256=b"\x1c" * 32, version=None)
KEPT = replace(GOOD, proof=rows.KEPT)
STORY = Story(
    "nas",
    b"2026/odd \xff.tif",
    (
        Chapter(FIRST, "s0", stories.UNSEEN),
        Chapter(FIRST, "s1", stories.FIRST, GOOD, snapshots=("a", "b")),
        Chapter(LATER, "s2", stories.SAME, KEPT),
        Chapter(LATER, "s3", stories.NOTHING, note="left out by the later scan"),
        Chapter(LAST, "s4", values.DAMAGED, ROTTEN, snapshots=("c",)),
        Chapter(
            LAST, "s5", values.UNREADABLE, Content(b"x", rows.UNREADABLE, detail=b"EIO"), "EIO"
        ),
    ),
    GOOD,
    "2026-11-01T02:00:00Z",
    LAST,
    (Copy("minio", b"backup/x", LATER, KEPT),),
    3,
    (FileFinding(values.DAMAGED, "nas", "p", b"x", first_seen=LATER, last_seen=LAST),),
)

DOUBT = Chapter(LAST, "", stories.NOTHING, note=stories.DISPUTED)


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("story-60.txt", Style(width=60)),
        ("story-records.txt", Style(width=UNBOUNDED, records=True)),
        ("story-quiet.txt", Style(verbosity=-1)),
    ],
)
def test_text(golden, name, style):
    golden(name, text.explained(STORY, style))


def test_markdown(golden):
    golden("story.md", markdown.explained(STORY))


def test_json(golden):
    golden("story.json", as_json.explained(STORY))


def nights(first, number, what=stories.SAME, content=KEPT):
    return tuple(
        Chapter(f"2026-{first + n // 28:02}-{n % 28 + 1:02}T02:00:00.000Z", f"n{n}", what, content)
        for n in range(number)
    )


def test_a_year_of_nights_that_say_the_same_is_one_line():
    read = tuple(
        replace(night, snapshots=(f"s{n}",), content=replace(KEPT, proof=proof, proved_at=n))
        for n, night in enumerate(nights(1, 200))
        for proof in [rows.READ if n % 50 == 0 else rows.KEPT]
    )
    year = replace(STORY, chapters=(STORY.chapters[1], *read, *nights(9, 2, values.DAMAGED)))
    told = text.explained(year, Style(width=UNBOUNDED, records=True)).splitlines()
    line = "2026-01-01T02:00:00Z  the same  in 200 scans, the last of 2026-08-04T02:00:00Z  "
    assert told[3].startswith(line)
    assert told[3].endswith("  read by 4 of them  in 200 snapshots, s0 to s199")
    assert [line[22:29] for line in told[4:7]] == ["damaged", "damaged", ""]
    assert "| the same | in 200 scans, the last of " in markdown.explained(year)
    whole = text.explained(year, Style(verbosity=1))
    assert len(re.findall("^2026-.*the same", whole, re.MULTILINE)) == 200
    assert len(json.loads(as_json.explained(year))["scans"]) == 203


def test_the_whole_hash_is_told_or_where_it_is():
    whole = f"The good one: 1,048,576 B, SHA-256 {'9f' * 32}"
    assert whole in text.explained(STORY, Style(width=UNBOUNDED))
    assert whole in markdown.explained(STORY)
    narrow = " ".join(text.explained(STORY, Style(width=60)).split())
    assert "SHA-256 9f9f9f9f9f9f (whole: -o json)" in narrow


def test_what_was_before_is_not_called_the_good_one():
    over = replace(STORY, overwritten=True, written=LATER)
    for told in (text.explained(over), markdown.explained(over)):
        assert "As it was before it was overwritten: 1,048,576 B" in told
        assert "ood one" not in told
    assert json.loads(as_json.explained(over))["overwritten"] is True


def test_at_60_columns_nothing_is_wider():
    told = text.explained(STORY, Style(width=60))
    assert [line for line in told.splitlines() if columns(line) > 60] == []


@pytest.mark.parametrize(
    ("story", "last"),
    [
        (STORY, "WRONG since the scan of 2026-11-29T02:00:00Z; its bytes were read and right last"),
        (
            replace(STORY, written=LATER, overwritten=True),
            "OVERWRITTEN before 2026-11-08T02:00:00Z, though settled until then, and nobod",
        ),
        (
            replace(STORY, chapters=STORY.chapters[:3], wrong_since="", written=LATER),
            "As it was written before the scan of 2026-11-08T02:00:00Z: its bytes were read and",
        ),
        (replace(STORY, last_right=""), "WRONG since the scan of 2026-11-29T02:00:00Z; it was ne"),
        (
            replace(STORY, chapters=STORY.chapters[:3], wrong_since=""),
            "As it was: its bytes were read and right last on 2026-11-01T02:00:00Z.",
        ),
        (
            replace(STORY, chapters=STORY.chapters[:4], wrong_since=""),
            "NOT VERIFIED: the last scan says nothing of its bytes; its bytes were read and right ",
        ),
        (
            replace(STORY, chapters=STORY.chapters[:3], wrong_since="", lost=("a part",)),
            "NOT VERIFIED: not all can be read that was known of it; as it was by the rest: its ",
        ),
        (
            replace(STORY, chapters=(*STORY.chapters[:3], DOUBT), wrong_since=""),
            "NOT VERIFIED: reports of the cloud of one moment have two sums of it, and nobody has",
        ),
        (
            Story("nas", b"x", STORY.chapters[:1], None),
            "NOT VERIFIED: no scan has seen such a file.",
        ),
        (Story("nas", b"x", (), None), "NOT VERIFIED: it was never scanned."),
        (
            Story("nas", b"x", STORY.chapters[1:2], Content(b"x", rows.LINK, detail=b"y")),
            "As it was; it has no bytes of its own.",
        ),
    ],
)
def test_the_verdict_is_the_last_line_and_the_first_of_markdown(story, last):
    assert text.explained(story, Style(width=UNBOUNDED)).splitlines()[-1].startswith(last)
    assert markdown.explained(story).startswith(f"### {last}")


@pytest.mark.parametrize("accepted", [None, Accepted(LAST, "anna@scope", now=None)])
def test_where_the_good_bytes_are_nowhere_that_is_said(accepted):
    found = FileFinding(values.MISSING, "nas", "p", b"x", accepted=accepted, first_seen=LAST)
    lost = replace(STORY, copies=(), more_copies=0, findings=(found,))
    assert lost.is_wrong is (accepted is None)
    told = " ".join(text.explained(lost).split())
    assert "look in backups for a file with this SHA-256" in told
    assert json.loads(as_json.explained(lost))["copies"] == []


def test_a_folder_is_told_with_its_findings_counted():
    gone = FileFinding(values.MISSING, "nas", "p", b"run 7/1.tif", first_seen=LATER, last_seen=LAST)
    known = Folder(LAST, 1_512, 0, {values.MISSING: 500}, 2)
    story = Story("nas", b"run 7/", (), None, folder=known, findings=(gone,))
    told = text.explained(story, Style(width=UNBOUNDED)).splitlines()
    assert told == [
        "nas: run 7/",
        "",
        "A folder: 1,512 files below it in the last scan, of 2026-11-29T02:00:00Z.",
        "Findings below it that are open: 500 missing, 2 accepted.",
        "",
        "Found by verify or scan:",
        "  missing: run 7/1.tif, 2026-11-08T02:00:00Z to 2026-11-29T02:00:00Z, not resolved",
        "  … and 499 more: `verify --rows FILE` has all",
        "",
        "FINDINGS: 500 missing below this folder; name a file in it for the story of that.",
    ]
    assert "Findings below it that are open: 500 missing" in markdown.explained(story)
    assert json.loads(as_json.explained(story))["folder"]["found"] == {"missing": 500}


@pytest.mark.parametrize(
    ("folder", "last"),
    [
        (Folder(LAST, 9, 0, {}, 0), "No open finding below this folder; name a file in it"),
        (Folder(LAST, 9, 1, {}, 0), "NOT VERIFIED: not all below this folder was read; name"),
        (Folder("", 0, 0, {}, 3), "NOT VERIFIED: not all below this folder was read; name"),
        (Folder(LAST, 9, 0, {values.UNREADABLE: 1}, 0), "NOT VERIFIED: 1 unreadable below this"),
    ],
)
def test_nothing_below_a_folder_is_called_right_that_is_not_known(folder, last):
    story = Story("nas", b"a/", (), None, folder=folder)
    told = text.explained(story, Style(width=UNBOUNDED)).splitlines()
    assert told[-1].startswith(last)
    assert story.is_known is last.startswith("No open")


def test_each_file_that_is_missed_at_a_path_is_told_and_none_that_a_snapshot_alone_has():
    others = [replace(GOOD, size=n, sha256=bytes([n]) * 32) for n in range(1, 6)]
    older = replace(GOOD, sha256=b"\xee" * 32, detail=OLDER)
    finding = replace(STORY.findings[0], what=values.MISSING, missed=(older, *others))
    told = text.explained(replace(STORY, findings=(finding,)), Style(width=UNBOUNDED))
    assert f"missed there as well: 1 B, SHA-256 {'01' * 6}, modified" in told
    assert ("and 2 more" in told, "eeee" in told) == (True, False)
    over = replace(finding, resolved=LAST)
    assert "as well" not in text.explained(replace(STORY, findings=(over,)))
