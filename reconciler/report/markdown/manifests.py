"""`validate` in Markdown, and whatever fails."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Notice, Problem
from reconciler.report.findings import WARNING, of_notices, of_problems
from reconciler.report.markdown.comments import Comment, Section, written
from reconciler.report.markdown.escape import prose
from reconciler.report.markdown.plans import finding_line
from reconciler.report.sentences import manifests
from reconciler.report.style import PLAIN, Style


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest."""
    sections = (Section("Problems", "problem", of_problems(problems), finding_line),)
    return written(Comment(manifests.problem_total(problems), sections=sections))


def failure(message: str, code: int, _style: Style = PLAIN) -> str:
    """Return why there is no other report, and the exit code."""
    facts = [prose(line) for line in message.splitlines()]
    return written(Comment(f"Error (exit code {code})", facts, see="the log of the job"))


def valid(files: int, entries: int, warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Return that a manifest is valid, how much was read, and what it warns of."""
    sections = (Section("Warnings", "warning", of_notices(warnings, WARNING), finding_line),)
    return written(Comment(manifests.valid(files, entries), sections=sections))
