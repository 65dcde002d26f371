"""`validate` as a page, and whatever fails."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Notice, Problem
from reconciler.report import style
from reconciler.report.findings import WARNING, of_notices, of_problems
from reconciler.report.html.page import ALARM, DOUBT, FINE, Group, Page
from reconciler.report.html.plans import finding
from reconciler.report.html.writing import written
from reconciler.report.sentences import manifests
from reconciler.report.style import Style


def problems(problems: Sequence[Problem], _style: Style = style.PLAIN) -> str:
    """List what is wrong with a manifest."""
    found = Group("Problems", tuple(map(finding, of_problems(problems))), level=ALARM)
    title = manifests.problem_total(problems)
    return written(Page("validate", title, "invalid", ALARM, groups=(found,)))


def failure(message: str, code: int, _style: Style = style.PLAIN) -> str:
    """Return why there is no other report, and the exit code."""
    lines = tuple(message.splitlines())
    return written(Page("", "There is no report.", f"error, exit code {code}", ALARM, lines))


def valid(files: int, entries: int, warnings: Sequence[Notice], _style: Style = style.PLAIN) -> str:
    """Return that a manifest is valid, how much was read, and what it warns of."""
    found = Group("Warnings", tuple(map(finding, of_notices(warnings, WARNING))))
    status, level = ("warnings", DOUBT) if warnings else ("valid", FINE)
    title = manifests.valid(files, entries)
    return written(Page("validate", title, status, level, groups=(found,)))
