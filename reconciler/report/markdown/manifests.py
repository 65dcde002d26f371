"""`validate` in Markdown, and whatever fails."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Notice, Problem, path_text
from reconciler.report.markdown.comments import Document, Section, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.markdown.plans import notice_line
from reconciler.report.sentences import manifests
from reconciler.report.style import PLAIN, Style


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest."""
    sections = (Section("Problems", "problem", problems, _problem),)
    return written(Document(manifests.problem_total(problems), sections=sections))


def failure(message: str, code: int, _style: Style = PLAIN) -> str:
    """Say why there is no other report, and the exit code."""
    facts = [prose(line) for line in message.splitlines()]
    return written(Document(f"Error (exit code {code})", facts, see="the log of the job"))


def valid(files: int, entries: int, warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Say that a manifest is valid, how much was read, and what it warns of."""
    sections = (Section("Warnings", "warning", warnings, notice_line),)
    return written(Document(manifests.valid(files, entries), sections=sections))


def _problem(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    path = path_text(problem.path)
    hint = f" ({prose(problem.hint)})" if problem.hint else ""
    return f"{': '.join(map(code, filter(None, [where, path])))}: {prose(problem.message)}{hint}"
