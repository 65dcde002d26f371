"""`apply` and `history` as a page: what a run does, or did."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from reconciler.environment.timestamps import whole_seconds
from reconciler.executor import DONE, NOT_STARTED, Outcome
from reconciler.journal.read import OPEN, OperationRecord, Run
from reconciler.masking import masked
from reconciler.plan.document import FIELDS, REMOVE, Operation
from reconciler.printable import quoted
from reconciler.reconcile import Applied
from reconciler.report import style
from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN, Group, Item, Page, Value
from reconciler.report.html.plans import operation_item, platform_fact
from reconciler.report.html.writing import written
from reconciler.report.sentences import history as told
from reconciler.report.sentences.runs import (
    STATUSES,
    advice,
    doubts,
    outcome_totals,
    verdict,
    with_operations,
)
from reconciler.report.sentences.since_plan import changed_since
from reconciler.report.sentences.terms import count, spoken, word
from reconciler.report.style import Style

#: Operations of one run that are listed where all runs are; a page of one run has them all.
ENOUGH = 100
_LEVELS = {DONE: FINE, NOT_STARTED: DOUBT}


def applied(applied: Applied, _style: Style = style.PLAIN) -> str:
    """Show how operations ended; those that failed come first."""
    pairs = list(with_operations(applied))
    failed = [pair for pair in pairs if pair[0].status not in (DONE, NOT_STARTED)]
    waiting = [pair for pair in pairs if pair[0].status == NOT_STARTED]
    done = [pair for pair in pairs if pair[0].status == DONE]
    remaining = tuple(Item("difference", level=ALARM, facts=(each,)) for each in doubts(applied))
    groups = (
        Group("Not done", tuple(_outcome(*pair) for pair in failed), level=ALARM),
        Group("Not as planned", remaining, level=ALARM, stays=True),
        Group("Not started", tuple(_outcome(*pair) for pair in waiting)),
        Group("Done", tuple(_outcome(*pair) for pair in done)),
    )
    number = applied.result.counts
    is_well = not applied.result.undone and applied.holds is not False
    status, level = ("applied", FINE) if is_well else ("not all done", ALARM)
    if is_well and applied.holds is None and pairs:
        status, level = "not read again", DOUBT
    lead = (verdict(applied), advice(applied))
    page = Page(
        "apply",
        outcome_totals(applied),
        status,
        level,
        lead=tuple(filter(None, lead)),
        counts=tuple((number[s], spoken(s), _LEVELS.get(s, ALARM)) for s in STATUSES if number[s]),
        facts=(platform_fact(applied.plan), ("digest", applied.plan.digest)),
        groups=groups,
    )
    return written(page)


def runs(runs: Sequence[Run], _style: Style = style.PLAIN) -> str:
    """Show runs, newest first, each with its first operations."""
    title = f"{count(len(runs), 'run')}." if runs else told.NO_RUNS
    return written(_history(title, runs, Group("Runs", tuple(map(_run, runs)))))


def operations(runs: Sequence[Run], _style: Style = style.PLAIN) -> str:
    """Show what runs did to some storages, newest run first."""
    items = tuple(_operation(entry, run) for run in runs for entry in run.operations)
    title = f"{count(len(items), 'operation')} in {count(len(runs), 'run')}."
    return written(_history(title if runs else told.NO_RUNS, runs, Group("Operations", items)))


def run(run: Run, _style: Style = style.PLAIN) -> str:
    """Show one run: where it came from, how it ended, and all that it did."""
    items = tuple(_operation(entry) for entry in run.operations)
    facts = (("run", run.run), *told.facts(run))
    return written(_history(told.total(run), [run], Group("Operations", items), facts))


def _history(
    title: str, runs: Sequence[Run], group: Group, facts: tuple[tuple[str, str], ...] = ()
) -> Page:
    damaged = tuple(f"{run.run}: {run.damage}" for run in runs if run.damage)
    endless = sum(run.state == OPEN for run in runs)
    lead = (f"{count(endless, 'run')} without an end: killed, or still running.",)
    status, level = ("damaged", ALARM) if damaged else ("no end", DOUBT) if endless else ("", PLAIN)
    return Page(
        *("history", title, status, level, damaged, lead if endless else ()),
        facts=facts,
        groups=(group,),
    )


def _run(run: Run) -> Item:
    level = PLAIN if run.exit is None else FINE if run.exit == 0 else ALARM
    listed = [_line(entry) for entry in run.operations[:ENOUGH]]
    if cut := len(run.operations) - len(listed):
        listed.append(f"… and {cut:,} more: `reconciler history {word(run.run)}` has them all")
    return Item(
        told.end(run) or "recorded",
        run.run,
        level=DOUBT if run.state == OPEN else level,
        note=told.total(run),
        alarm=run.damage,
        values=tuple(Value(name, after=value) for name, value in told.facts(run)),
        facts=tuple(listed),
    )


def _line(entry: OperationRecord) -> str:
    error = f": {entry.error}" if entry.error else ""
    return f"{spoken(entry.action)} {quoted(entry.name)}: {told.ended(entry)}{error}"


def _operation(entry: OperationRecord, run: Run | None = None) -> Item:
    """Return what was done to a storage; a `run` says when and by whom, where the page does not."""
    facts = [("time", whole_seconds(entry.time))] if entry.time else []
    if run:
        facts += [("run", run.run), *told.facts(run)]
    before = entry.before
    values = [Value(name, after=value) for name, value in facts]
    for field in FIELDS if before else ():
        value = getattr(before, field)
        value = masked(value) if field == "default_url" else value
        values.append(Value(f"{field} before", after=value))
    return Item(
        spoken(entry.action),
        entry.name,
        was=entry.previous_name or "",
        level=_LEVELS.get(entry.status, ALARM) if entry.action != REMOVE else ALARM,
        note=told.ended(entry),
        values=tuple(values),
        facts=(entry.error,) if entry.error else (),
    )


def _outcome(outcome: Outcome, operation: Operation | None) -> Item:
    facts = [outcome.error] if outcome.error else []
    facts += [f"since the plan was made, {line}" for line in changed_since(outcome, operation)]
    if outcome.status == DONE and not outcome.writes:
        facts.append("it was so already")
    told = operation_item(operation) if operation else Item(outcome.action, outcome.name)
    status = spoken(outcome.status)
    return replace(
        told,
        kind=status,
        level=_LEVELS.get(outcome.status, ALARM),
        note=outcome.action,
        alarm="",
        lead="",
        facts=(*facts, *told.facts),
    )
