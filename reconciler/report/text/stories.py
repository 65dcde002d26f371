"""`verify --explain` on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.environment.timestamps import whole_seconds
from reconciler.recovery.paths import shown
from reconciler.recovery.verifying.stories import Chapter, Story
from reconciler.report.sentences.recovery import stories as told
from reconciler.report.sentences.terms import bare
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, lines

#: In so many columns a line has room for a whole SHA-256.
_WHOLE = 80


def explained(story: Story, style: Style = PLAIN) -> str:
    """Show what each scan says of a file, what it should be, where that is, and the verdict."""
    colour = "alarm" if story.is_wrong else "green" if story.is_known else "yellow"
    last = [
        style.paint(line, colour) for line in lines(told.verdict(story), style.width, rest="  ")
    ]
    if style.quiet:
        return joined([last])
    title = lines([f"{bare(story.storage)}:", shown(story.path)], style.width, rest="  ")
    runs = told.runs(story, every=style.verbose)
    chapters = [line for run in runs for line in _chapters(run, style)]
    whole = style.width >= _WHOLE
    good = lines(told.good(story, whole=whole), style.width, rest="  ")
    for copy in told.copies(story):
        good += lines(copy, style.width, "  ", "    ")
    found = [line for text in told.found(story) for line in lines(text, style.width, "  ", "    ")]
    if found:
        found.insert(0, "Found by verify or scan:")
    lost = [line for text in told.lost(story) for line in lines(text, style.width, rest="  ")]
    folder = [
        line for text in told.of_folder(story) for line in lines(text, style.width, rest="  ")
    ]
    return joined([title, folder, chapters, good, found, lost, last])


def _chapters(run: Sequence[Chapter], style: Style) -> list[str]:
    head = f"{whole_seconds(run[0].at)}  {told.says(run[0]):13}"
    details = told.details(run)
    if style.records:
        return ["  ".join([head.strip(), *details])]
    return lines(", ".join(details), style.width, f"{head}  ", " " * 8) or [head.rstrip()]
