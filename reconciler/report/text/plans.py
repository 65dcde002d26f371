"""`plan`, `show` and `drift` on a terminal. Nothing is ever cut unseen."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.plan.document import CREATE, REMOVE, UPDATE, Plan
from reconciler.printable import shown
from reconciler.report.findings import ERROR, WARNING, Finding, of_notices
from reconciler.report.sentences import plans
from reconciler.report.sentences.drift import Difference, Drift, meaning, total
from reconciler.report.sentences.terms import address, bare, count, value
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, lines
from reconciler.report.text.operation_lines import Printer

#: More creates, or more undeclared names, are cut visibly unless everything is asked for.
ENOUGH_CREATES = 1_000
ENOUGH_UNDECLARED = 20


def plan(plan: Plan, style: Style = PLAIN) -> str:
    """Show a plan: what blocks it, its operations, what else is known, and its totals last."""
    sections = [_blocked(plan, style)]
    if not style.quiet:
        sections = [
            _platform(plan, style),
            *sections,
            _operations(plan, style),
            _left_alone(plans.undeclared_left(plan), style, whole=not plan.ready),
            _found("Warnings:", of_notices(plan.warnings, WARNING), style),
            _consents(plan, style),
        ]
    return joined([*sections, _end(plan, style)])


def drift(drift: Drift, style: Style = PLAIN) -> str:
    """Show every difference between live and the manifest, and their number last."""
    end = [total(len(drift.found))]
    if style.quiet:
        return joined([end])
    told = [line for difference in drift.found for line in style.record(_told(difference, style))]
    alone = _left_alone(drift.undeclared, style, whole=False)
    return joined([_platform(drift.plan, style), told, alone, end])


def _platform(plan: Plan, style: Style) -> list[str]:
    first = lines(["Platform:", address(plan.platform)], style.width)
    return style.record(first + lines(plans.standing(plan), style.width, "  ", "  "))


def _blocked(plan: Plan, style: Style) -> list[str]:
    reasons = of_notices(plans.reasons(plan), ERROR)
    told = _found(style.paint("Blocked by policy:", "alarm"), reasons, style)
    return told + [f"      {bare(name)}" for name in plans.undeclared_at_once(plan)]


def _found(title: str, findings: Sequence[Finding], style: Style) -> list[str]:
    told = [title] if findings else []
    for finding in findings:
        told += lines(shown(finding.text()), style.width, "  ! ", "    ")
    return told


def _operations(plan: Plan, style: Style) -> list[str]:
    creates = plans.only(plan, CREATE)
    listed = creates if style.verbose else creates[:ENOUGH_CREATES]
    printer = Printer(plan, style)
    told = [
        line
        for operations in (plans.only(plan, REMOVE), plans.only(plan, UPDATE), listed)
        for operation in operations
        for line in style.record(printer.operation(operation))
    ]
    if cut := len(creates) - len(listed):
        told.append(f"… and {count(cut, 'more create')}: see them all with -v")
    return told


def _told(difference: Difference, style: Style) -> list[str]:
    told = [f"! {bare(difference.name)}: {meaning(difference.kind)}"]
    for change in difference.changes:
        live, wanted = map(value(change.field), (change.before, change.after))
        phrase = [f"{change.field}:", f"live {live},", f"declared {wanted}"]
        told += lines(phrase, style.width, "    ", "      ")
    return told + lines(shown(difference.message), style.width, "    ", "    ")


def _left_alone(names: Sequence[str], style: Style, *, whole: bool) -> list[str]:
    if not names:
        return []
    listed = names if style.verbose or whole else names[:ENOUGH_UNDECLARED]
    title = f"Undeclared ({count(len(names), 'storage')}, left alone):"
    told = [title, *(f"  {bare(name)}" for name in listed)]
    if cut := len(names) - len(listed):
        told.append(f"  … and {cut:,} more: see them all with -v")
    return told


def _consents(plan: Plan, style: Style) -> list[str]:
    told = ["Consents used:"] if plan.consents else []
    for consent in plan.consents:
        told += lines(plans.consent(consent), style.width, "  ", "    ")
    return told


def _end(plan: Plan, style: Style) -> list[str]:
    removals = plans.only(plan, REMOVE)
    told = [
        style.paint(line, "alarm")
        for line in lines(plans.alarm(removals, ready=plan.ready), style.width)
    ]
    told += [f"Digest of the plan: {shown(plan.digest)}", style.paint(plans.totals(plan), "bold")]
    if not plan.ready:
        blocked = lines(plans.blocked_total(plan), style.width)
        told += [style.paint(line, "alarm") for line in blocked]
    return told
