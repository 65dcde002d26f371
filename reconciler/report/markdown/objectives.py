"""`verify --objective` as a comment in Markdown: the verdict first."""

from __future__ import annotations

from reconciler.recovery.proving.results import Proved, StorageProved
from reconciler.report.markdown.comments import Comment, Section, row, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences.recovery import objectives as told
from reconciler.report.style import PLAIN, Style

_HEAD = "| storage | every byte | proved | why not |\n|---|---|---|---|\n"


def proved(result: Proved, _style: Style = PLAIN) -> str:
    """Show the verdict, and a table of storages."""

    def storage(one: StorageProved) -> str:
        return row(
            [
                code(one.storage),
                told.result(one),
                prose(", ".join(told.facts(one, result.at))),
                prose("; ".join(told.reasons(one, result.at))),
            ]
        )

    sections = (
        Section("", "storage", result.storages, storage, table=_HEAD),
        Section("Notes", "note", told.notes(result), prose),
    )
    return written(Comment(told.total(result), sections=sections))
