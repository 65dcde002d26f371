"""`apply` and `history` in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.executor import DONE, NOT_STARTED, Outcome
from reconciler.journal.read import Run
from reconciler.plan.document import Operation
from reconciler.reconcile import Applied
from reconciler.report.markdown import comments
from reconciler.report.markdown.comments import Comment, Section, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences.history import COLUMNS, NO_RUNS, ended, facts, row, total
from reconciler.report.sentences.runs import advice, outcome_totals, verdict, with_operations
from reconciler.report.sentences.since_plan import changed_since
from reconciler.report.sentences.terms import spoken
from reconciler.report.style import PLAIN, Style


def applied(applied: Applied, _style: Style = PLAIN) -> str:
    """Show how operations ended; those that failed come first."""
    return written(comment_of(applied))


def comment_of(applied: Applied) -> Comment:
    """Return that as a comment that is not yet written."""
    told = list(with_operations(applied))
    failed = [pair for pair in told if pair[0].status not in (DONE, NOT_STARTED)]
    waiting = [pair for pair in told if pair[0].status == NOT_STARTED]
    done = [pair for pair in told if pair[0].status == DONE]
    about = (
        f"**{verdict(applied)}**" if verdict(applied) else "",
        prose(applied.unread),
        advice(applied),
        f"Digest of the plan {code(applied.plan.digest)}",
    )
    parts = (Section("Not done", "failed operation", failed, _outcome, _outcome_in_short),)
    sections = (
        Section("Not as planned", "difference", applied.remaining, prose),
        Section("Not started", "operation", waiting, _outcome),
        Section("Done", "operation", done, _outcome_in_short),
    )
    return Comment(outcome_totals(applied), about, parts, sections)


def _outcome(pair: tuple[Outcome, Operation | None]) -> str:
    outcome, operation = pair
    told = [outcome.error] if outcome.error else []
    told += [f"since the plan was made, {line}" for line in changed_since(outcome, operation)]
    return ": ".join([_outcome_in_short(pair), *(["; ".join(map(prose, told))] if told else [])])


def _outcome_in_short(pair: tuple[Outcome, Operation | None]) -> str:
    outcome = pair[0]
    return f"{outcome.action} {code(outcome.name)}: {spoken(outcome.status)}"


def runs(runs: Sequence[Run], _style: Style = PLAIN) -> str:
    """List runs as a table."""
    if not runs:
        return f"{NO_RUNS}\n"
    told = [comments.row(map(str.lower, COLUMNS)), "|---" * len(COLUMNS) + "|"]
    for run in runs:
        name, started, actor, commit, platform, end, operations = row(run)
        cells = [code(name), started, prose(actor), prose(commit), prose(platform), end]
        told.append(comments.row([*cells, prose(operations)]))
    return "\n".join(told) + "\n"


def run(run: Run, _style: Style = PLAIN) -> str:
    """Show one run."""
    told = [f"**Run {code(run.run)}**", ""]
    told += [f"- {name}: {prose(value)}" for name, value in facts(run)]
    told += [f"- {prose(run.damage)}"] if run.damage else []
    told.append("")
    for entry in run.operations:
        error = f": {prose(entry.error)}" if entry.error else ""
        told.append(f"- {entry.action} {code(entry.name)}: {ended(entry)}{error}")
    return "\n".join([*told, "", total(run)]) + "\n"


#: What was done to some storages is told run by run.
operations = runs
