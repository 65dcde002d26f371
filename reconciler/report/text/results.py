"""`apply` and `history` on a terminal: what a run does, or did."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.environment.timestamps import whole_seconds
from reconciler.executor import DONE, NOT_STARTED, Outcome
from reconciler.journal.read import OPEN, OperationRecord, Run
from reconciler.plan.document import Operation
from reconciler.printable import quoted, shown
from reconciler.reconcile import Applied
from reconciler.report.sentences.history import COLUMNS, NO_RUNS, ended, facts, headed, row, total
from reconciler.report.sentences.runs import (
    advice,
    doubts,
    outcome_totals,
    verdict,
    waiting_alike,
    with_operations,
)
from reconciler.report.sentences.since_plan import changed_since
from reconciler.report.sentences.terms import address, bare, count, spoken
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, laid_out, lines
from reconciler.report.text.operation_lines import Printer

#: More of what is left after an apply is cut visibly.
ENOUGH_LEFT = 100
_COLOURS = {"done": "green", "not_started": "yellow"}
_NO_END = "no end: killed, or still running."


def applied(applied: Applied, style: Style = PLAIN) -> str:
    """Show how operations ended (all with -v, else those that are not done), then the counts."""
    return joined([*sections(applied, style), lines(advice(applied), style.width)])


def sections(applied: Applied, style: Style) -> list[list[str]]:
    """Return the same as groups of lines, without advice."""
    printer = Printer(applied.plan, style)
    many = {} if style.verbose else waiting_alike(applied)
    told: list[str] = []
    for outcome, operation in with_operations(applied):
        if _is_told(outcome, style) and outcome.error not in many:
            told += style.record(_outcome(outcome, operation, printer, style))
    for reason, number in many.items() if not style.quiet else ():
        phrase = f"… {count(number, 'operation')} not started: {shown(reason)}"
        told += lines(phrase, style.width, "", "  ")
    end = lines(outcome_totals(applied), style.width)
    end += lines(verdict(applied), style.width)
    left = doubts(applied)
    listed = left if style.verbose else left[:ENOUGH_LEFT]
    for doubt in listed:
        end += lines(shown(doubt), style.width, "  ", "    ")
    if cut := len(left) - len(listed):
        end.append(f"  … and {cut:,} more")
    return [told, end]


def _is_told(outcome: Outcome, style: Style) -> bool:
    if outcome.status == DONE:
        return style.verbose
    return outcome.status != NOT_STARTED or not style.quiet


def _outcome(
    outcome: Outcome, operation: Operation | None, printer: Printer, style: Style
) -> list[str]:
    colour = _COLOURS.get(outcome.status, "red")
    status = style.paint(spoken(outcome.status), colour)
    already = " (it was so already)" if outcome.status == DONE and not outcome.writes else ""
    told = [f"{printer.head(outcome.action, outcome.name)}: {status}{already}"]
    told += lines(shown(outcome.error), style.width, "    ", "    ")
    for change in changed_since(outcome, operation):
        told += lines(f"since the plan was made, {change}", style.width, "    ", "      ")
    return told


def runs(runs: Sequence[Run], style: Style = PLAIN) -> str:
    """List runs, newest first, a line each."""
    if not runs:
        return f"{NO_RUNS}\n"
    told = _table([COLUMNS, *map(row, runs)], style)
    if any(run.state == OPEN for run in runs):
        told += ["", _NO_END]
    told += [line for run in runs for line in _damage(run, style)]
    return "\n".join([*told, "", f"{count(len(runs), 'run')}."]) + "\n"


def operations(runs: Sequence[Run], style: Style = PLAIN) -> str:
    """List what runs did to some storages, newest run first, a line for each operation."""
    rows = [
        (
            whole_seconds(entry.time or run.started_at),
            shown(run.run),
            shown(run.actor),
            address(run.platform),
            shown(entry.action),
            bare(entry.name),
            ended(entry),
        )
        for run in runs
        for entry in run.operations
    ]
    if not rows:
        return f"{NO_RUNS}\n"
    heading = ("TIME", "RUN", "BY", "PLATFORM", "ACTION", "STORAGE", "END")
    told = _table([heading, *rows], style)
    told += [line for run in runs for line in _damage(run, style)]
    return "\n".join([*told, "", f"{count(len(rows), 'operation')}."]) + "\n"


def run(run: Run, style: Style = PLAIN) -> str:
    """Show one run: where it came from, how it ended, and what it did."""
    told = [f"Run {shown(run.run)}"]
    told += [f"  {name:9}{value}" for name, value in facts(run)]
    told += _damage(run, style)
    told.append("")
    for entry in run.operations:
        told += _operation(entry, style)
    if run.operations:
        told.append("")
    return "\n".join([*told, total(run)]) + "\n"


def _table(rows: Sequence[Sequence[str]], style: Style) -> list[str]:
    """Lay out a table; columns that nobody fills are left out, but not where programs read."""
    if not style.records:
        filled = [column for column in zip(*rows, strict=True) if any(column[1:])]
        rows = list(zip(*filled, strict=True))
    return laid_out(rows, style.width, records=style.records)


def _damage(run: Run, style: Style) -> list[str]:
    return lines(f"! {shown(run.run)}: {run.damage}", style.width, "", "  ") if run.damage else []


def _operation(entry: OperationRecord, style: Style) -> list[str]:
    told = [f"{headed(entry)}: {ended(entry)}"]
    told += lines(shown(entry.error), style.width, "    ", "    ")
    before = entry.before
    if before is not None:
        phrase = [
            "before:",
            quoted(before.name) + ",",
            f"label {quoted(before.label)},",
            f"{shown(before.type)} at {address(before.default_url)}",
        ]
        told += lines(phrase, style.width, "    ", "      ")
    return told
