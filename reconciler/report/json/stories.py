"""The story of one file as a JSON document has it."""

from __future__ import annotations

import msgspec

from reconciler.recovery.findings.record import written, written_content
from reconciler.recovery.paths import shown
from reconciler.recovery.rows import Content
from reconciler.recovery.verifying.stories import Chapter, Story
from reconciler.report.documents import of_fields
from reconciler.report.style import PLAIN, Style


def explained(story: Story, _style: Style = PLAIN) -> str:
    """Return the story of one file; `good` is what it should be, null where nobody knows.

    Of one that was `overwritten` though settled, `good` is what it was before.
    Of a folder, `folder` says what lies below it, and `findings` has the first that are open there.
    """
    return of_fields(
        storage=story.storage,
        path=shown(story.path),
        redacted=story.redacted,
        meant=shown(story.meant) or None,
        wrong=story.is_wrong,
        known=story.is_known,
        wrong_since=story.wrong_since or None,
        written=story.written or None,
        overwritten=story.overwritten,
        folder=story.folder,
        last_right=story.last_right or None,
        last_right_attested=story.is_attested,
        good=_content(story.good),
        scans=[*map(_said, story.chapters)],
        copies=[
            {
                "storage": copy.storage,
                "path": shown(copy.path),
                "at": copy.at,
                "content": _content(copy.content),
            }
            for copy in story.copies
        ],
        more_copies=story.more_copies,
        lost=story.lost,
        findings=[msgspec.to_builtins(written(finding)) for finding in story.findings],
    )


def _said(chapter: Chapter) -> dict[str, object]:
    return {
        "at": chapter.at,
        "scan": chapter.scan,
        "says": chapter.what,
        "note": chapter.note or None,
        "maybe": shown(chapter.maybe) or None,
        "snapshots": chapter.snapshots,
        "reports": [f"sha256:{digest}" for digest in chapter.reports],
        "content": _content(chapter.content),
    }


def _content(content: Content | None) -> object:
    return None if content is None else msgspec.to_builtins(written_content(content))
