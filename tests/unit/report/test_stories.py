"""The story of one file, in each format."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.stories import Chapter, Copy, Story
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
            "NOT KNOWN: the last scan says nothing of its bytes; its bytes were read and right ",
        ),
        (
            Story("nas", b"x", STORY.chapters[:1], None),
            "NOT KNOWN: no scan has seen such a file.",
        ),
        (Story("nas", b"x", (), None), "NOT KNOWN: it was never scanned."),
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
    found = FileFinding(values.MISSING, "nas", "p", b"x", accepted=accepted)
    lost = replace(STORY, copies=(), more_copies=0, findings=(found,))
    assert lost.is_wrong is (accepted is None)
    told = " ".join(text.explained(lost).split())
    assert "look in backups for a file with this SHA-256" in told
    assert json.loads(as_json.explained(lost))["copies"] == []
