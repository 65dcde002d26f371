"""Reports as Markdown that fits a comment on GitHub: summary first, and never cut unseen.

Removals and blocking reasons are never cut; see `budget` for how the rest is made to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from reconciler.doctor import OK, Check, Facts, checks
from reconciler.errors import Problem, path_text
from reconciler.executor import DONE, NOT_STARTED, Outcome
from reconciler.model import Notice, State, masked
from reconciler.plan.document import Change, Consent, Operation, Plan
from reconciler.reconcile import Applied
from reconciler.report import health, listing, words
from reconciler.report.budget import Document, Part, Section, written
from reconciler.report.differences import Difference, Drift
from reconciler.report.escape import code, prose
from reconciler.report.explain import changed_since
from reconciler.report.order import Order
from reconciler.report.style import PLAIN, Style

_T = TypeVar("_T")


def plan(plan: Plan, _style: Style = PLAIN) -> str:
    """Show a plan: totals, what blocks it and what it removes first."""
    kinds, order = words.by_action(plan), Order(plan)

    def line(operation: Operation) -> str:
        return _operation(operation, order)

    parts = (
        _part("Blocked by policy", "blocking reason", words.reasons(plan), _notice, _brief),
        _part("Not declared", "name", words.undeclared_at_once(plan), code, code),
        _part("To remove", "removal", kinds.remove, line, _removal_in_short),
    )
    sections = (
        _section("Consents used", "consent", plan.consents, _consent),
        _section("Warnings", "warning", plan.warnings, _notice),
        _section("To update", "update", kinds.update, line),
        _section("To create", "create", kinds.create, line),
        _section("Undeclared, left alone", "name", words.undeclared_left(plan), code),
    )
    facts = _plan_facts(plan, kinds.remove)
    return written(Document(words.totals(plan), "the full plan", facts, parts, sections))


def applied(applied: Applied, _style: Style = PLAIN) -> str:
    """Show how operations ended; those that failed come first."""
    told = list(words.with_operations(applied))
    failed = [pair for pair in told if pair[0].status not in (DONE, NOT_STARTED)]
    waiting = [pair for pair in told if pair[0].status == NOT_STARTED]
    done = [pair for pair in told if pair[0].status == DONE]
    facts = (
        f"**{words.verdict(applied)}**" if words.verdict(applied) else "",
        prose(applied.unread),
        words.advice(applied),
        f"Digest {code(applied.plan.digest)}",
    )
    parts = (_part("Not done", "failed operation", failed, _outcome, _outcome_in_short),)
    sections = (
        _section("Not as planned", "difference", applied.remaining, prose),
        _section("Not started", "operation", waiting, _outcome),
        _section("Done", "operation", done, _outcome_in_short),
    )
    title = words.outcome_totals(applied)
    return written(Document(title, "the full report", facts, parts, sections))


def drift(drift: Drift, _style: Style = PLAIN) -> str:
    """Show every difference between live and the manifest, their number first."""
    sections = (
        _section("Differences", "difference", drift.found, _difference),
        _section("Undeclared, left alone", "name", drift.undeclared, code),
    )
    title, facts = words.drift_total(len(drift.found)), (_platform(drift.plan),)
    return written(Document(title, "the full report", facts, sections=sections))


def storages(state: State, declared: Mapping[str, str], _style: Style = PLAIN) -> str:
    """List live storages as a table."""
    rows = listing.rows(state, declared)
    head = "| name | type | location | label | status |\n|---|---|---|---|---|\n"
    section = Section(head, len(rows), lambda at: _row(rows[at]), "storage")
    return written(Document(listing.total(rows), "the full list", sections=(section,)))


def examined(facts: Facts, _style: Style = PLAIN) -> str:
    """Show what `doctor` found: what is wrong first, then the rest, then the abilities."""
    judged = checks(facts)
    wrong = [check for check in judged if check.status != OK]
    fine = [check for check in judged if check.status == OK]
    able = health.abilities(facts.abilities) if facts.abilities else []
    head = "#### What the platform is able to do\n\n| ability | | what follows |\n|---|---|---|\n"
    sections = (
        _section("To look at", "check", wrong, _check),
        _section("In order", "check", fine, _check),
        Section(head, len(able), lambda at: f"| {' | '.join(able[at])} |", "ability"),
    )
    where = (f"Platform {code(masked(facts.address))}",)
    return written(Document(health.total(judged), "the full report", where, sections=sections))


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest."""
    section = _section("Problems", "problem", problems, _problem)
    title = words.problem_total(problems)
    return written(Document(title, "the full report", sections=(section,)))


def failure(message: str, code: int, _style: Style = PLAIN) -> str:
    """Say why there is no other report, and the exit code."""
    facts = [prose(line) for line in message.splitlines()]
    return written(Document(f"Error (exit code {code})", "the log of the job", facts))


def valid(files: int, entries: int, warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Say that a manifest is valid, how much was read, and what it warns of."""
    sections = (_section("Warnings", "warning", warnings, _notice),)
    title = words.valid(files, entries)
    return written(Document(title, "the full report", sections=sections))


def _part(
    title: str,
    noun: str,
    items: Sequence[_T],
    long: Callable[[_T], str],
    short: Callable[[_T], str],
) -> Part:
    number = len(items)
    return Part(
        f"{title} ({number:,})",
        number,
        lambda at: f"- {long(items[at])}",
        lambda at: f"- {short(items[at])}",
        noun,
    )


def _section(title: str, noun: str, items: Sequence[_T], line: Callable[[_T], str]) -> Section:
    number = len(items)
    head = f"#### {title} ({number:,})\n\n"
    return Section(head, number, lambda at: f"- {line(items[at])}", noun)


def _plan_facts(plan: Plan, removals: Sequence[Operation]) -> list[str]:
    return [
        "" if plan.ready else f"**{words.blocked_total(plan)}**",
        f"**{words.alarm(removals, ready=plan.ready)}**" if removals else "",
        _platform(plan),
        f"Digest {code(plan.digest)}",
    ]


def _platform(plan: Plan) -> str:
    return f"Platform {code(masked(plan.platform))}: {prose(words.standing(plan))}"


def _operation(operation: Operation, order: Order) -> str:
    return ": ".join(filter(None, [_head(operation), "; ".join(_details(operation, order))]))


def _head(operation: Operation) -> str:
    old = words.old_name(operation)
    name = code(words.name_of(operation))
    return f"{name} (was {code(old)})" if old is not None else name


def _details(operation: Operation, order: Order) -> list[str]:
    values = operation.after or operation.before
    told = []
    if values and not words.changes_of(operation):
        told.append(f"{prose(values.type)} at {code(masked(values.default_url))}")
    if operation.before is None and values:
        told.append(f"label {code(values.label)}")
    told += [
        f"{change.field} {_side(change, change.before)} → {_side(change, change.after)}"
        for change in words.changes_of(operation)
        if change.field != "name"
    ]
    told += map(prose, order.phrases(operation))
    if operation.after is None:
        told += [f"**{words.files_of(operation)}**", f"why: {prose(operation.reason)}"]
    return told


def _side(change: Change, value: str) -> str:
    return code(masked(value) if change.field == "default_url" else value)


def _removal_in_short(operation: Operation) -> str:
    return code(words.name_of(operation)) + (
        "" if operation.holds_files is False else " **files!**"
    )


def _notice(notice: Notice) -> str:
    return f"{code(notice.code)}: {prose(notice.message)}"


def _brief(notice: Notice) -> str:
    return f"{code(notice.code)}: {code(notice.name)}" if notice.name else _notice(notice)


def _consent(consent: Consent) -> str:
    named = f": {code(consent.name)} (id {code(consent.id)})" if consent.name else ""
    return f"{code(consent.kind)}{named}"


def _outcome(pair: tuple[Outcome, Operation | None]) -> str:
    outcome, operation = pair
    told = [outcome.error] if outcome.error else []
    told += [f"since the plan was made, {line}" for line in changed_since(outcome, operation)]
    return ": ".join([_outcome_in_short(pair), *(["; ".join(map(prose, told))] if told else [])])


def _outcome_in_short(pair: tuple[Outcome, Operation | None]) -> str:
    outcome = pair[0]
    return f"{outcome.action} {code(outcome.name)}: {words.spoken(outcome.status)}"


def _difference(difference: Difference) -> str:
    told = [
        f"{change.field}: live {_side(change, change.before)}, "
        f"declared {_side(change, change.after)}"
        for change in difference.changes
    ]
    told += [prose(difference.message)] if difference.message else []
    return ": ".join(
        [
            code(difference.name),
            words.drift_kind(difference.kind),
            *(["; ".join(told)] if told else []),
        ]
    )


def _row(row: listing.Row) -> str:
    live = row.storage
    cells = [code(live.name), prose(live.type), code(masked(live.default_url)), code(live.label)]
    return f"| {' | '.join([*cells, row.status])} |"


def _check(check: Check) -> str:
    status = "" if check.status == OK else f"**{check.status}**: "
    advice = f". Next: {prose(check.advice)}" if check.advice else ""
    return f"{status}{check.topic}: {prose(check.message)}{advice}"


def _problem(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    path = path_text(problem.path)
    hint = f" ({prose(problem.hint)})" if problem.hint else ""
    return f"{': '.join(map(code, filter(None, [where, path])))}: {prose(problem.message)}{hint}"
