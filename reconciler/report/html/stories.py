"""`verify --explain` as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.environment.timestamps import whole_seconds
from reconciler.recovery.paths import shown
from reconciler.recovery.verifying.stories import Chapter, Story
from reconciler.report import style
from reconciler.report.html.page import ALARM, DOUBT, FINE, Group, Item, Page
from reconciler.report.html.writing import written
from reconciler.report.sentences.recovery import stories as told
from reconciler.report.style import Style


def explained(story: Story, style: Style = style.PLAIN) -> str:
    """Show the verdict, what each scan says of a file, what it should be, and where that is."""
    status, level = ("not verified", DOUBT)
    if story.is_wrong or story.is_known:
        status, level = ("wrong", ALARM) if story.is_wrong else ("as it was", FINE)
    where = "Where the earlier bytes are" if story.overwritten else "Where the good bytes are"
    return written(
        Page(
            "verify",
            told.verdict(story),
            status,
            level,
            lead=tuple(filter(None, [told.good(story), *told.of_folder(story)])),
            facts=(("storage", story.storage), ("path", shown(story.path))),
            groups=(
                Group(where, _sentences("place", told.copies(story))),
                Group("Scans", tuple(map(_scan, told.runs(story, every=style.verbose)))),
                Group("Found by verify or scan", _sentences("finding", told.found(story))),
                Group("Lost", _sentences("file", told.lost(story)), level=ALARM),
            ),
        )
    )


def _sentences(kind: str, sentences: Iterable[str]) -> tuple[Item, ...]:
    return tuple(Item(kind, facts=(text,)) for text in sentences)


def _scan(run: Sequence[Chapter]) -> Item:
    facts = tuple(told.details(run))
    return Item("scan", whole_seconds(run[0].at), note=told.says(run[0]), facts=facts)
