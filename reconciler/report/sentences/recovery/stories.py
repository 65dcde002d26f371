"""What every format says of the story of one file."""

from __future__ import annotations

from reconciler.environment.timestamps import whole_seconds
from reconciler.recovery import rows
from reconciler.recovery.paths import shown
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.stories import Chapter, Copy, Story
from reconciler.report.sentences.recovery.verifications import (
    accepted,
    accepted_of,
    modified,
    proved,
    sha,
    size,
)
from reconciler.report.sentences.terms import bare, count, spoken

_SAYS = {
    stories.FIRST: "first seen",
    stories.SAME: "the same",
    stories.UNSEEN: "not there yet",
    stories.NOTHING: "not known",
}

_EMPTY = "it has no bytes of its own"


def lost(story: Story) -> list[str]:
    """Return, in sentences, what can't be read any more."""
    return [f"Lost: {sentence}." for sentence in story.lost]


def says(chapter: Chapter) -> str:
    """Return what a scan says of the file, in a word or two."""
    return _SAYS.get(chapter.what, spoken(chapter.what))


def details(chapter: Chapter) -> list[str]:
    """Return what the scan saw, each in a few words."""
    told = [] if chapter.content is None else _facts(chapter.content)
    told = [fact for fact in told if fact != chapter.what]
    if chapter.note and chapter.note not in told:
        told.append(chapter.note)
    if chapter.snapshots:
        noun = "snapshot" if len(chapter.snapshots) == 1 else "snapshots"
        told.append(f"in {noun} {', '.join(chapter.snapshots)}")
    return told


def verdict(story: Story) -> str:
    """Say what matters most: whether it is wrong, since when, and when it was right last."""
    right = f"its bytes were read and right last on {whole_seconds(story.last_right)}"
    if story.wrong_since:
        return _wrong(story, right if story.last_right else "it was never read before")
    if not story.chapters:
        return "NOT KNOWN: it was never scanned."
    if all(chapter.what == stories.UNSEEN for chapter in story.chapters):
        return _unseen(story)
    if not story.is_known:
        last = f"; {right}" if story.last_right else ""
        return f"NOT KNOWN: the last scan says nothing of its bytes{last}."
    as_it_was = "As it was"
    if story.written:
        as_it_was += f" written before the scan of {whole_seconds(story.written)}"
    return f"{as_it_was}: {right}." if story.last_right else f"{as_it_was}; {_EMPTY}."


def _unseen(story: Story) -> str:
    if story.findings:
        return "NOT KNOWN: no scan that is still kept has seen it."
    told = "NOT KNOWN: no scan has seen such a file"
    if not story.meant:
        return f"{told}. Paths begin below the root of the storage."
    return f"{told}; paths begin below the root: did you mean {quoted_path(story.meant)}?"


def _wrong(story: Story, right: str) -> str:
    if story.overwritten:
        return (
            f"OVERWRITTEN before {whole_seconds(story.written)}, though settled until then, and "
            f"nobody knows whether that was meant: before that, {right}."
        )
    since = f"since the scan of {whole_seconds(story.wrong_since)}"
    if story.accepted is not None:
        return f"Not as it was {since}, and {accepted(story.accepted)}; {right}."
    return f"WRONG {since}; {right}."


def good(story: Story, *, whole: bool = True) -> str:
    """Say what it should be, with its `whole` SHA-256 or where that is; empty if nobody knows."""
    if story.good is None:
        return ""
    told = sha(story.good)
    if story.good.sha256 is not None:
        told = f"SHA-256 {story.good.sha256.hex()}" if whole else f"{told} (whole: -o json)"
    facts = ", ".join(filter(None, [size(story.good), told, modified(story.good)]))
    version = f", version {story.good.version} of the bucket" if story.good.version else ""
    head = "As it was before it was overwritten" if story.overwritten else "The good one"
    return f"{head}: {facts}{version}"


def copies(story: Story) -> list[str]:
    """Say where the good bytes were found last, or that they were found nowhere."""
    told = [_copy(copy) for copy in story.copies]
    if story.more_copies:
        told.append(f"and at {count(story.more_copies, 'more place')}")
    if not told and story.wrong_since and story.good is not None and story.good.size:
        told.append(
            "no storage had these bytes when it was scanned last: look in backups for a file with "
            "this SHA-256"
        )
    return told


def found(story: Story) -> list[str]:
    """Say what verifications found of it."""
    return [
        f"{spoken(finding.what)}: {_between(finding.first_seen, finding.last_seen)}, "
        + _end(finding)
        for finding in story.findings
    ]


def _between(first: str, last: str) -> str:
    first, last = whole_seconds(first), whole_seconds(last)
    return first if first == last else f"{first} to {last}"


def _end(finding: FileFinding) -> str:
    ends = [f"resolved {whole_seconds(finding.resolved)}"] if finding.resolved else []
    return ", ".join([*ends, *accepted_of(finding)]) or "not resolved"


def quoted_path(path: bytes) -> str:
    """Return a path as a sentence has it."""
    return f"'{shown(path)}'"


def _copy(copy: Copy) -> str:
    how = proved(copy.content)
    scanned = f"scanned {whole_seconds(copy.at)}{how and f', {how}'}"
    return f"{bare(copy.storage)} {shown(copy.path)}, {scanned}"


def _facts(content: Content) -> list[str]:
    if content.is_unread:
        return ["not read yet, as a limit left no room"]
    if content.kind != rows.FILE:
        told = [content.kind]
        if content.kind in (rows.LINK, rows.UNREADABLE, rows.ARCHIVED) and content.detail:
            told.append(shown(content.detail))
        if content.kind == rows.DELETED and content.version:
            told.append(f"version {content.version} is still there")
        return told
    told = [size(content), modified(content), sha(content)]
    if content.version:
        told.append(f"version {content.version}")
    return [*filter(None, told), proved(content)] if content.sha256 else [*filter(None, told)]
