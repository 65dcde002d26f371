"""Reports for a terminal. Each ends with a newline; nothing in them is ever cut unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.doctor import Check, Facts, checks
from reconciler.errors import Problem
from reconciler.executor import DONE, NOT_STARTED, Outcome
from reconciler.model import Notice, State
from reconciler.names import shown
from reconciler.plan.document import Operation, Plan
from reconciler.reconcile import Applied
from reconciler.report import health, listing, words
from reconciler.report.differences import Difference, Drift
from reconciler.report.explain import changed_since
from reconciler.report.layout import laid_out, lines
from reconciler.report.operations import Printer
from reconciler.report.style import PLAIN, Style

#: More creates, or more undeclared names, are cut visibly unless everything is asked for.
ENOUGH_CREATES = 1_000
ENOUGH_UNDECLARED = 20
#: More of what is left after an apply is cut visibly.
ENOUGH_LEFT = 100
_COLOURS = {"done": "green", "not_started": "yellow"}
_HEALTH_COLOURS = {"ok": "green", "warning": "yellow", "failed": "alarm"}


def plan(plan: Plan, style: Style = PLAIN) -> str:
    """Show a plan: what blocks it, its operations, what else is known, and its totals last."""
    sections = [_blocked(plan, style)]
    if not style.quiet:
        sections = [
            _platform(plan, style),
            *sections,
            _operations(plan, style),
            _undeclared(plan, style),
            _notices("Warnings:", plan.warnings, style),
            _consents(plan, style),
        ]
    return _report([*sections, _end(plan, style)])


def applied(applied: Applied, style: Style = PLAIN) -> str:
    """Show how operations ended (all with -v, else those that are not done), then the counts."""
    printer = Printer(applied.plan, style)
    many = {} if style.verbose else words.waiting_alike(applied)
    told: list[str] = []
    for outcome, operation in words.with_operations(applied):
        if _is_told(outcome, style) and outcome.error not in many:
            told += style.record(_outcome(outcome, operation, printer, style))
    for reason, number in many.items() if not style.quiet else ():
        phrase = f"… {words.count(number, 'operation')} not started: {shown(reason)}"
        told += lines(phrase, style.width, "", "  ")
    end = lines(words.outcome_totals(applied), style.width)
    end += lines(words.verdict(applied), style.width)
    doubts = words.doubts(applied)
    listed = doubts if style.verbose else doubts[:ENOUGH_LEFT]
    for doubt in listed:
        end += lines(shown(doubt), style.width, "  ", "    ")
    if cut := len(doubts) - len(listed):
        end.append(f"  … and {cut:,} more")
    return _report([told, end, lines(words.advice(applied), style.width)])


def drift(drift: Drift, style: Style = PLAIN) -> str:
    """Show every difference between live and the manifest, and their number last."""
    end = [words.drift_total(len(drift.found))]
    if style.quiet:
        return _report([end])
    told = [line for difference in drift.found for line in style.record(_told(difference, style))]
    alone = _left_alone(drift.undeclared, style, whole=False)
    return _report([_platform(drift.plan, style), told, alone, end])


def storages(state: State, declared: Mapping[str, str], style: Style = PLAIN) -> str:
    """List live storages: a table where it fits the width, else a paragraph for each."""
    rows = listing.rows(state, declared)
    last = listing.total(rows)
    if style.quiet or not rows:
        return _report([[last]])
    cells = _cells(rows, style)
    aligned = laid_out(cells, style.width, records=style.records)
    return _report([aligned, [last]])


def examined(facts: Facts, style: Style = PLAIN) -> str:
    """Show what `doctor` found, what the platform is able to do, and the verdict last."""
    judged = checks(facts)
    told = [
        line
        for check in judged
        if check.status != "ok" or not style.quiet
        for line in style.record(_check(check, style))
    ]
    first = lines(["Platform:", words.address(facts.address)], style.width)
    sections = [told] if style.quiet else [first, told, _abilities(facts, style)]
    return _report([*sections, [style.paint(health.total(judged), "bold")]])


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest, a line for each problem, and their number last."""
    told = [shown(problem.text()) for problem in problems]
    return _report([[*told, words.problem_total(problems)]])


def failure(message: str, _code: int, _style: Style = PLAIN) -> str:
    """Say why there is no other report."""
    return f"Error: {message}\n"


def valid(files: int, entries: int, _warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Say that a manifest is valid, and how much was read."""
    return _report([[words.valid(files, entries)]])


def _report(sections: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _platform(plan: Plan, style: Style) -> list[str]:
    first = lines(["Platform:", words.address(plan.platform)], style.width)
    return style.record(first + lines(words.standing(plan), style.width, "  ", "  "))


def _blocked(plan: Plan, style: Style) -> list[str]:
    told = _notices(style.paint("Blocked by policy:", "alarm"), words.reasons(plan), style)
    return told + [f"      {words.bare(name)}" for name in words.undeclared_at_once(plan)]


def _notices(title: str, notices: Sequence[Notice], style: Style) -> list[str]:
    told = [title] if notices else []
    for notice in notices:
        message = f"{shown(notice.code)}: {shown(notice.message)}"
        told += lines(message, style.width, "  ! ", "    ")
    return told


def _operations(plan: Plan, style: Style) -> list[str]:
    kinds = words.by_action(plan)
    listed = kinds.create if style.verbose else kinds.create[:ENOUGH_CREATES]
    printer = Printer(plan, style)
    told = [
        line
        for operations in (kinds.remove, kinds.update, listed)
        for operation in operations
        for line in style.record(printer.operation(operation))
    ]
    if cut := len(kinds.create) - len(listed):
        told.append(f"… and {words.count(cut, 'more create')}: see them all with -v")
    return told


def _check(check: Check, style: Style) -> list[str]:
    mark = style.paint(f"{check.status:7}", _HEALTH_COLOURS[check.status])
    message = f"{check.topic}: {shown(check.message)}"
    indent = " " * 9
    first, *more = lines(message, style.width, indent, f"{indent}  ")
    return [
        f"{mark}  {first.removeprefix(indent)}",
        *more,
        *lines(shown(check.advice), style.width, f"{indent}  next: ", f"{indent}  "),
    ]


def _abilities(facts: Facts, style: Style) -> list[str]:
    if facts.abilities is None:
        return []
    told = ["What the platform is able to do:"]
    for name, has, meaning in health.abilities(facts.abilities):
        told += lines(meaning, style.width, f"  {name:17}  {has:7}  ", " " * 30)
    return told


def _told(difference: Difference, style: Style) -> list[str]:
    told = [f"! {words.bare(difference.name)}: {words.drift_kind(difference.kind)}"]
    for change in difference.changes:
        live, wanted = map(words.value(change.field), (change.before, change.after))
        phrase = [f"{change.field}:", f"live {live},", f"declared {wanted}"]
        told += lines(phrase, style.width, "    ", "      ")
    return told + lines(shown(difference.message), style.width, "    ", "    ")


def _undeclared(plan: Plan, style: Style) -> list[str]:
    return _left_alone(words.undeclared_left(plan), style, whole=not plan.ready)


def _left_alone(names: Sequence[str], style: Style, *, whole: bool) -> list[str]:
    if not names:
        return []
    listed = names if style.verbose or whole else names[:ENOUGH_UNDECLARED]
    title = f"Undeclared ({words.count(len(names), 'storage')}, left alone):"
    told = [title, *(f"  {words.bare(name)}" for name in listed)]
    if cut := len(names) - len(listed):
        told.append(f"  … and {cut:,} more: see them all with -v")
    return told


def _consents(plan: Plan, style: Style) -> list[str]:
    told = ["Consents used:"] if plan.consents else []
    for consent in plan.consents:
        told += lines(words.consent(consent), style.width, "  ", "    ")
    return told


def _end(plan: Plan, style: Style) -> list[str]:
    removals = words.by_action(plan).remove
    alarm = words.alarm(removals, ready=plan.ready)
    told = [style.paint(line, "alarm") for line in lines(alarm, style.width)]
    told += [f"Digest: {shown(plan.digest)}", style.paint(words.totals(plan), "bold")]
    if not plan.ready:
        blocked = lines(words.blocked_total(plan), style.width)
        told += [style.paint(line, "alarm") for line in blocked]
    return told


def _is_told(outcome: Outcome, style: Style) -> bool:
    if outcome.status == DONE:
        return style.verbose
    return outcome.status != NOT_STARTED or not style.quiet


def _outcome(
    outcome: Outcome, operation: Operation | None, printer: Printer, style: Style
) -> list[str]:
    colour = _COLOURS.get(outcome.status, "red")
    status = style.paint(words.spoken(outcome.status), colour)
    already = " (it was so already)" if outcome.status == DONE and not outcome.writes else ""
    told = [f"{printer.head(outcome.action, outcome.name)}: {status}{already}"]
    told += lines(shown(outcome.error), style.width, "    ", "    ")
    for change in changed_since(outcome, operation):
        told += lines(f"since the plan was made, {change}", style.width, "    ", "      ")
    return told


def _cells(rows: Sequence[listing.Row], style: Style) -> list[tuple[str, ...]]:
    """Give the table of `list`, with its heading; a column that nobody fills is left out."""
    lives = [row.storage for row in rows]
    filled = [
        ("NAME", *(words.bare(live.name) for live in lives)),
        ("TYPE", *(shown(live.type) for live in lives)),
        ("LOCATION", *(words.address(live.default_url) for live in lives)),
        ("LABEL", *(shown(live.label) for live in lives)),
    ]
    if any(row.status for row in rows):
        filled.append(("STATUS", *(row.status for row in rows)))
    if style.verbose:
        filled.append(("ID", *(shown(live.id) for live in lives)))
    return list(zip(*filled, strict=True))
