"""What every format of a report is able to tell, and which formats there are."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from reconciler.version import __version__

if TYPE_CHECKING:
    from reconciler.health.platform import Facts
    from reconciler.journal.read import Run
    from reconciler.lease.contract import Lease
    from reconciler.model import Notice, Problem, State
    from reconciler.plan.document import Plan
    from reconciler.reconcile import Applied
    from reconciler.recovery.findings.accepting import Acceptance
    from reconciler.recovery.proving.results import Proved
    from reconciler.recovery.rebuilding.outcome import Rebuilt
    from reconciler.recovery.scanning.outcome import Scanned
    from reconciler.recovery.snapshots.checking.check import Checked
    from reconciler.recovery.snapshots.document import Kept
    from reconciler.recovery.snapshots.listing import Overview
    from reconciler.recovery.snapshots.pruned import Pruned
    from reconciler.recovery.verifying.losses import Loss
    from reconciler.recovery.verifying.results import Verified
    from reconciler.recovery.verifying.stories import Story
    from reconciler.report import html, json, markdown, text
    from reconciler.report.sentences.drift import Drift
    from reconciler.report.sentences.tokens import Told
    from reconciler.report.style import Style
    from reconciler.report.verdicts import github, gitlab, gitlab_widget, junit, sarif
    from reconciler.report.verdicts.verdict import Verdict

_WRITTEN = f"Written by reconciler {__version__}."


class Page(Protocol):
    """What can be told on a page for a browser too: what people hand on, and come back to."""

    def plan(self, plan: Plan, style: Style, /) -> str: ...
    def applied(self, applied: Applied, style: Style, /) -> str: ...
    def drift(self, drift: Drift, style: Style, /) -> str: ...
    def problems(self, problems: Sequence[Problem], style: Style, /) -> str: ...
    def valid(
        self, files: int, entries: int, warnings: Sequence[Notice], style: Style, /
    ) -> str: ...
    def failure(self, message: str, code: int, style: Style, /) -> str: ...
    def runs(self, runs: Sequence[Run], style: Style, /) -> str: ...
    def operations(self, runs: Sequence[Run], style: Style, /) -> str: ...
    def run(self, run: Run, style: Style, /) -> str: ...
    def explained(self, story: Story, style: Style, /) -> str: ...
    def accepted(self, result: Acceptance, style: Style, /) -> str: ...
    def loss(self, result: Loss, style: Style, /) -> str: ...
    def verified(self, result: Verified, style: Style, /) -> str: ...
    def proved(self, result: Proved, style: Style, /) -> str: ...


class Report(Page, Protocol):
    """What can be told, in each of the formats, which say how: until here, results are values."""

    def storages(self, state: State, declared: Mapping[str, str], style: Style, /) -> str: ...
    def examined(self, facts: Facts, style: Style, /) -> str: ...
    def lease(self, lease: Lease | None, style: Style, /) -> str: ...
    def released(self, lease: Lease | None, style: Style, /) -> str: ...
    def scanned(self, results: Sequence[Scanned], style: Style, /) -> str: ...
    def snapshot(self, kept: Kept, style: Style, /) -> str: ...
    def overview(self, overview: Overview, style: Style, /) -> str: ...
    def checked(self, checked: Checked, style: Style, /) -> str: ...
    def pruned(self, pruned: Pruned, style: Style, /) -> str: ...
    def rebuilt(self, rebuilt: Rebuilt, style: Style, /) -> str: ...
    def tokens(self, tokens: Told, style: Style, /) -> str: ...


class VerdictFormat(Protocol):
    """What writes a verdict for programs of others: `cli.telling` knows them by their names."""

    def written(self, verdict: Verdict, /) -> str: ...


def report_in(output: str) -> Report:
    """Return what writes reports in a format; nothing of the other formats is imported.

    A command asks only for what the format tells (`Command.formats`). Raises `UsageError` if the
    format needs an extra that is not installed.
    """
    module = f"reconciler.report.{output}"
    __import__(module)
    return cast("Report", sys.modules[module])


def signed(text: str, output: str) -> str:
    """Return a report as it stands in a file: in what people read, the first line says whose it is.

    So it is known again (`reconciler/report/known.py`), as the other formats are without that.
    """
    first = {"markdown": f"<!-- {_WRITTEN} -->\n"}.get(output, f"{_WRITTEN}\n")
    return first + text if output in ("text", "github", "markdown") else text


if TYPE_CHECKING:  # each of them is able to tell all of it
    _FORMATS: tuple[Report, ...] = (text, json, markdown)
    _VERDICTS: tuple[VerdictFormat, ...] = (github, gitlab, gitlab_widget, junit, sarif)
    _PAGES: tuple[Page, ...] = (html,)
