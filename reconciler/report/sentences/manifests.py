"""What `validate` says of a manifest."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Problem
from reconciler.report.sentences.terms import count


def problem_total(problems: Sequence[Problem]) -> str:
    """Count problems and the files that they are in."""
    files = len({problem.file for problem in problems})
    return f"{count(len(problems), 'problem')} in {count(files, 'file')}."


def valid(files: int, entries: int) -> str:
    """Return how much a valid manifest declares."""
    return f"Valid: {count(entries, 'storage')} declared in {count(files, 'file')}."
