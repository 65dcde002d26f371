"""`validate` on a terminal, and whatever fails."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Notice, Problem
from reconciler.printable import shown
from reconciler.report.findings import of_problems
from reconciler.report.sentences import manifests
from reconciler.report.style import PLAIN, Style


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest, a line for each problem, and their number last."""
    told = [shown(finding.text()) for finding in of_problems(problems)]
    return "\n".join([*told, manifests.problem_total(problems)]) + "\n"


def failure(message: str, _code: int, _style: Style = PLAIN) -> str:
    """Return why there is no other report."""
    return f"Error: {message}\n"


def valid(files: int, entries: int, _warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Return that a manifest is valid, and how much was read."""
    return f"{manifests.valid(files, entries)}\n"
