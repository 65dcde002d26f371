"""What every format of a report is able to tell, and which formats there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from reconciler.health.platform import Facts
from reconciler.journal.read import Run
from reconciler.lease.contract import Lease
from reconciler.model import Notice, Problem, State
from reconciler.plan.document import Plan
from reconciler.reconcile import Applied
from reconciler.report import json, markdown, text
from reconciler.report.sentences.drift import Drift
from reconciler.report.sentences.tokens import Told
from reconciler.report.style import Style


class Report(Protocol):
    """What can be told, in each of the formats: until here, results are values."""

    def plan(self, plan: Plan, style: Style, /) -> str:
        """Report a plan."""

    def applied(self, applied: Applied, style: Style, /) -> str:
        """Report what an apply did."""

    def drift(self, drift: Drift, style: Style, /) -> str:
        """Report in what live differs."""

    def storages(self, state: State, declared: Mapping[str, str], style: Style, /) -> str:
        """Report the live storages, and how each id stands towards the manifest."""

    def examined(self, facts: Facts, style: Style, /) -> str:
        """Report what `doctor` found."""

    def problems(self, problems: Sequence[Problem], style: Style, /) -> str:
        """Report what is wrong with a manifest."""

    def valid(self, files: int, entries: int, warnings: Sequence[Notice], style: Style, /) -> str:
        """Report that nothing is wrong with a manifest."""

    def failure(self, message: str, code: int, style: Style, /) -> str:
        """Report that there is nothing else to report, and why."""

    def runs(self, runs: Sequence[Run], style: Style, /) -> str:
        """Report earlier runs, newest first."""

    def operations(self, runs: Sequence[Run], style: Style, /) -> str:
        """Report what earlier runs did to some storages."""

    def run(self, run: Run, style: Style, /) -> str:
        """Report one earlier run with its operations."""

    def lease(self, lease: Lease | None, style: Style, /) -> str:
        """Report who holds the platform."""

    def released(self, lease: Lease | None, style: Style, /) -> str:
        """Report which lease was released, if there was one."""

    def tokens(self, tokens: Told, style: Style, /) -> str:
        """Report the tokens of a server."""


FORMATS: dict[str, Report] = {"text": text, "json": json, "markdown": markdown}
