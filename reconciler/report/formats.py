"""What every format of a report is able to tell, and which formats there are."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from reconciler.health.platform import Facts
    from reconciler.journal.read import Run
    from reconciler.lease.contract import Lease
    from reconciler.model import Notice, Problem, State
    from reconciler.plan.document import Plan
    from reconciler.reconcile import Applied
    from reconciler.recovery.scanning.outcome import Scanned
    from reconciler.recovery.verifying.results import Verified
    from reconciler.report import json, markdown, text
    from reconciler.report.sentences.drift import Drift
    from reconciler.report.sentences.tokens import Told
    from reconciler.report.style import Style


class Report(Protocol):
    """What can be told, in each of the formats, which say how: until here, results are values."""

    def plan(self, plan: Plan, style: Style, /) -> str: ...
    def applied(self, applied: Applied, style: Style, /) -> str: ...
    def drift(self, drift: Drift, style: Style, /) -> str: ...
    def storages(self, state: State, declared: Mapping[str, str], style: Style, /) -> str: ...
    def examined(self, facts: Facts, style: Style, /) -> str: ...
    def problems(self, problems: Sequence[Problem], style: Style, /) -> str: ...
    def valid(
        self, files: int, entries: int, warnings: Sequence[Notice], style: Style, /
    ) -> str: ...
    def failure(self, message: str, code: int, style: Style, /) -> str: ...
    def runs(self, runs: Sequence[Run], style: Style, /) -> str: ...
    def operations(self, runs: Sequence[Run], style: Style, /) -> str: ...
    def run(self, run: Run, style: Style, /) -> str: ...
    def lease(self, lease: Lease | None, style: Style, /) -> str: ...
    def released(self, lease: Lease | None, style: Style, /) -> str: ...
    def scanned(self, results: Sequence[Scanned], style: Style, /) -> str: ...
    def verified(self, result: Verified, style: Style, /) -> str: ...
    def tokens(self, tokens: Told, style: Style, /) -> str: ...


def report_in(output: str) -> Report:
    """Return what writes reports in a format; nothing of the other formats is imported."""
    module = f"reconciler.report.{output}"
    __import__(module)
    return cast("Report", sys.modules[module])


if TYPE_CHECKING:  # each of them is able to tell all of it
    _FORMATS: tuple[Report, ...] = (text, json, markdown)
