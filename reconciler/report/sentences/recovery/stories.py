"""What every format says of the story of one file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec.structs import replace

from reconciler.environment.timestamps import whole_seconds
from reconciler.recovery import rows, values
from reconciler.recovery.paths import shown
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.results import UNPROVED
from reconciler.recovery.verifying.stories import Chapter, Copy, Folder, Story
from reconciler.report.sentences.recovery.contents import also_missed, modified, proved, sha, size
from reconciler.report.sentences.recovery.verifications import accepted, accepted_of
from reconciler.report.sentences.recovery.verifications import found as counted
from reconciler.report.sentences.terms import bare, count, spoken

_SAYS = {
    stories.FIRST: "first seen",
    stories.SAME: "the same",
    stories.UNSEEN: "not there yet",
    stories.NOTHING: "not verified",
}

#: So many scans in a row that say the same are told in one line.
_MANY = 3
_EMPTY = "it has no bytes of its own"


def lost(story: Story) -> list[str]:
    """Return, in sentences, what can't be read any more."""
    return [f"Lost: {sentence}." for sentence in story.lost]


def says(chapter: Chapter) -> str:
    """Return what a scan says of the file, in a word or two."""
    return _SAYS.get(chapter.what, spoken(chapter.what))


def runs(story: Story, *, every: bool = False) -> list[Sequence[Chapter]]:
    """Return the chapters, those together that say the same of the same bytes one after the other.

    A year of nights is one line so. Few stay alone, and with `every` all do.
    """
    told: list[Sequence[Chapter]] = []
    for _, same in groupby(story.chapters, key=_alike):
        run = list(same)
        told += [run] if len(run) >= _MANY and not every else [[chapter] for chapter in run]
    return told


def _alike(chapter: Chapter) -> object:
    content = chapter.content and replace(chapter.content, proof="", proved_at=None)
    return chapter.what, chapter.note, chapter.maybe, content


def details(run: Sequence[Chapter]) -> list[str]:
    """Return what the scans saw that say the same, each in a few words."""
    return _details(run[0]) if len(run) == 1 else _together(run)


def _together(run: Sequence[Chapter]) -> list[str]:
    last = run[-1]
    told = [f"in {len(run):,} scans, the last of {whole_seconds(last.at)}"]
    told += _details(replace(last, snapshots=()))
    contents = [chapter.content for chapter in run if chapter.content]
    if read := sum(content.proof == rows.READ for content in contents):
        told.append(f"read by {read:,} of them")
    snapshots = [id for chapter in run for id in chapter.snapshots]
    if len(snapshots) > 1:
        told.append(f"in {len(snapshots):,} snapshots, {snapshots[0]} to {snapshots[-1]}")
    elif snapshots:
        told.append(f"in snapshot {snapshots[0]}")
    return told


def _details(chapter: Chapter) -> list[str]:
    told = [] if chapter.content is None else _facts(chapter.content)
    told = [fact for fact in told if fact != chapter.what]
    if chapter.note and chapter.note not in told:
        told.append(chapter.note)
    if chapter.maybe:
        told.append(f"not read: {quoted_path(chapter.maybe)}, of its size and time")
    told += [f"report with the manifest of SHA-256 {digest[:12]}" for digest in chapter.reports]
    if chapter.snapshots:
        noun = "snapshot" if len(chapter.snapshots) == 1 else "snapshots"
        told.append(f"in {noun} {', '.join(chapter.snapshots)}")
    return told


def of_folder(story: Story) -> list[str]:
    """Say, in sentences, how much lies below a folder and what was found there; none of a file."""
    folder = story.folder
    if folder is None:
        return []
    told = "No scan of it can be read."
    if folder.at:
        told = f"{count(folder.files, 'file')} below it in the last scan, "
        told += f"of {whole_seconds(folder.at)}"
        told += f"; the bytes of {folder.unknown:,} are not known." if folder.unknown else "."
    accepted = f"{folder.accepted:,} accepted" if folder.accepted else ""
    there = ", ".join(filter(None, [counted(folder.found), accepted])) or "none"
    return [f"A folder: {told}", f"Findings below it that are open: {there}."]


def _of_folder(folder: Folder) -> str:
    one = "name a file in it for the story of that"
    if folder.found:
        word = "FINDINGS" if folder.found.keys() - UNPROVED else "NOT VERIFIED"
        return f"{word}: {counted(folder.found)} below this folder; {one}."
    if folder.unknown or not folder.at:
        return f"NOT VERIFIED: not all below this folder was read; {one}."
    return f"No open finding below this folder; {one}."


def verdict(story: Story) -> str:
    """Say what matters most: whether it is wrong, since when, and when it was right last."""
    if story.folder is not None:
        return _of_folder(story.folder)
    who = (
        "by a report of the cloud its bytes were"
        if story.is_attested
        else "its bytes were read and"
    )
    right = f"{who} right last on {whole_seconds(story.last_right)}"
    if story.wrong_since:
        return _wrong(story, right if story.last_right else "it was never read before")
    if not story.chapters:
        return "NOT VERIFIED: it was never scanned."
    if all(chapter.what == stories.UNSEEN for chapter in story.chapters):
        return _unseen(story)
    if not story.is_known:
        last = f"; {right}" if story.last_right else ""
        why = "the last scan says nothing of its bytes"
        if not story.chapters[-1].scan:
            is_disputed = story.chapters[-1].note == stories.DISPUTED
            doubt = stories.DISPUTED if is_disputed else stories.DOUBTED
            why = f"{doubt}: scan it again, which reads it"
        return f"NOT VERIFIED: {why}{last}."
    is_moved = story.chapters[-1].what == values.MOVED
    as_it_was = "Moved" if is_moved else "As it was"
    if story.lost:
        as_it_was = (
            "NOT VERIFIED: not all can be read that was known of it; "
            f"{as_it_was.lower()} by the rest"
        )
    if story.written and not is_moved:
        as_it_was += f" written before the scan of {whole_seconds(story.written)}"
    return f"{as_it_was}: {right}." if story.last_right else f"{as_it_was}; {_EMPTY}."


def _unseen(story: Story) -> str:
    if story.findings:
        return "NOT VERIFIED: no scan that is still kept has seen it."
    told = "NOT VERIFIED: no scan has seen such a file"
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
    told = [
        f"{spoken(each.what)}: {_which(story, each)}{_between(each)}, {_end(each)}"
        for each in story.findings
    ]
    more = sum(story.folder.found.values()) - len(told) if story.folder else 0
    return [*told, f"… and {more:,} more: `verify --rows FILE` has all"] if more > 0 else told


def _which(story: Story, finding: FileFinding) -> str:
    """Return the path where that is not the story's own."""
    return f"{shown(finding.path)}, " if story.folder is not None else ""


def _between(finding: FileFinding) -> str:
    first, last = map(whole_seconds, (finding.first_seen, finding.last_seen))
    return first if first == last else f"{first} to {last}"


def _end(finding: FileFinding) -> str:
    ends = [f"resolved {whole_seconds(finding.resolved)}"] if finding.resolved else []
    told = ", ".join([*ends, *accepted_of(finding)]) or "not resolved"
    return ", ".join([told, *([] if finding.resolved else also_missed(finding))])


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
        # What lies in an archive has bytes that the cloud alone has read.
        return [*told, *filter(None, [sha(content)]), proved(content)] if content.sha256 else told
    told = [size(content), modified(content), sha(content)]
    if content.version:
        told.append(f"version {content.version}")
    return [*filter(None, told), proved(content)] if content.sha256 else [*filter(None, told)]
