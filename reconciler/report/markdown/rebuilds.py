"""`rebuild` in Markdown."""

from __future__ import annotations

from reconciler.recovery.rebuilding.outcome import Rebuilt
from reconciler.report.markdown.comments import Comment, Section, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.markdown.results import comment_of
from reconciler.report.sentences.recovery import rebuilds as told
from reconciler.report.sentences.terms import address
from reconciler.report.style import PLAIN, Style


def rebuilt(rebuilt: Rebuilt, _style: Style = PLAIN) -> str:
    """Show what it came to, what is not as it was, how the apply ended, and what verifies it."""
    warnings = rebuilt.applied.plan.warnings
    run = comment_of(rebuilt.applied)
    about = (prose(told.source(rebuilt.kept)), f"Platform: {code(address(rebuilt.platform))}")
    ended = (run.title, *run.facts[:2]) if rebuilt.applied.result.outcomes else ()
    unknown = filter(None, [told.unknown(rebuilt)])
    sections = (
        Section("Next", "step", told.steps(rebuilt), prose),
        Section("Verify", "command", rebuilt.verify, code),
        Section("To know", "note", (*told.facts(rebuilt), *unknown), prose),
        Section("Warnings", "warning", [each.message for each in warnings], prose),
        *run.sections,
    )
    return written(Comment(told.total(rebuilt), (*about, *ended), run.parts, sections))
