"""`verify --explain` in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.environment.timestamps import whole_seconds
from reconciler.recovery.paths import shown
from reconciler.recovery.verifying.stories import Chapter, Story
from reconciler.report.markdown.comments import Comment, Section, row, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences.recovery import stories as told
from reconciler.report.style import PLAIN, Style

_HEAD = "| scan | | |\n|---|---|---|\n"

_WHERE = {False: "Where the good bytes are", True: "Where the earlier bytes are"}


def explained(story: Story, style: Style = PLAIN) -> str:
    """Show the verdict, what each scan says of a file, what it should be, and where that is."""
    good, runs = told.good(story), told.runs(story, every=style.verbose)
    return written(
        Comment(
            told.verdict(story),
            (
                f"{code(story.storage)} {code(shown(story.path))}",
                prose(good),
                *map(prose, told.of_folder(story)),
            ),
            sections=(
                Section("", "scan", runs, _chapters, table=_HEAD),
                Section(_WHERE[story.overwritten], "place", told.copies(story), prose),
                Section("Found by verify or scan", "finding", told.found(story), prose),
                Section("Lost", "file", told.lost(story), prose),
            ),
        )
    )


def _chapters(run: Sequence[Chapter]) -> str:
    details = "; ".join(map(prose, told.details(run)))
    return row([whole_seconds(run[0].at), told.says(run[0]), details])
