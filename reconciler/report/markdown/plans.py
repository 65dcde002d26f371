"""`plan`, `show` and `drift` as a comment in Markdown: summary first.

Removals and blocking reasons are never cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.masking import masked
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Change, Consent, Operation, Plan
from reconciler.report.findings import ERROR, WARNING, Finding, of_notices
from reconciler.report.markdown.comments import Comment, Section, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences import plans
from reconciler.report.sentences.drift import Difference, Drift, meaning, total
from reconciler.report.sentences.operations import Order, changes_of, files_of, name_of, old_name
from reconciler.report.style import PLAIN, Style


def plan(plan: Plan, _style: Style = PLAIN) -> str:
    """Show a plan: totals, what blocks it and what it removes first."""
    removals, order = plans.only(plan, REMOVE), Order(plan)

    def line(operation: Operation) -> str:
        return _operation(operation, order)

    reasons = of_notices(plans.reasons(plan), ERROR)
    parts = (
        Section("Blocked by policy", "blocking reason", reasons, finding_line, _brief),
        Section("Not declared", "name", plans.undeclared_at_once(plan), code, code),
        Section("To remove", "removal", removals, line, _removal_in_short),
    )
    sections = (
        Section("Consents used", "consent", plan.consents, _consent),
        Section("Warnings", "warning", of_notices(plan.warnings, WARNING), finding_line),
        Section("To update", "update", plans.only(plan, UPDATE), line),
        Section("To create", "create", plans.only(plan, CREATE), line),
        Section("Undeclared, left alone", "name", plans.undeclared_left(plan), code),
    )
    facts = _plan_facts(plan, removals)
    return written(Comment(plans.totals(plan), facts, parts, sections, see="the full plan"))


def drift(drift: Drift, _style: Style = PLAIN) -> str:
    """Show every difference between live and the manifest, their number first."""
    sections = (
        Section("Differences", "difference", drift.found, _difference),
        Section("Undeclared, left alone", "name", drift.undeclared, code),
    )
    return written(Comment(total(len(drift.found)), (_platform(drift.plan),), sections=sections))


def _plan_facts(plan: Plan, removals: Sequence[Operation]) -> list[str]:
    return [
        "" if plan.ready else f"**{plans.blocked_total(plan)}**",
        f"**{plans.alarm(removals, ready=plan.ready)}**" if removals else "",
        _platform(plan),
        f"Digest of the plan {code(plan.digest)}",
    ]


def _platform(plan: Plan) -> str:
    return f"Platform {code(masked(plan.platform))}: {prose(plans.standing(plan))}"


def _operation(operation: Operation, order: Order) -> str:
    return ": ".join(filter(None, [_head(operation), "; ".join(_details(operation, order))]))


def _head(operation: Operation) -> str:
    old = old_name(operation)
    name = code(name_of(operation))
    return f"{name} (was {code(old)})" if old is not None else name


def _details(operation: Operation, order: Order) -> list[str]:
    values = operation.after or operation.before
    told = []
    if values and not changes_of(operation):
        told.append(f"{prose(values.type)} at {code(masked(values.default_url))}")
    if operation.before is None and values:
        told.append(f"label {code(values.label)}")
    told += [
        f"{change.field} {_side(change, change.before)} → {_side(change, change.after)}"
        for change in changes_of(operation)
        if change.field != "name"
    ]
    told += map(prose, order.phrases(operation))
    if operation.after is None:
        told += [f"**{files_of(operation)}**", f"why: {prose(operation.reason)}"]
    return told


def _side(change: Change, value: str) -> str:
    return code(masked(value) if change.field == "default_url" else value)


def _removal_in_short(operation: Operation) -> str:
    return code(name_of(operation)) + ("" if operation.holds_files is False else " **files!**")


def finding_line(finding: Finding) -> str:
    """Return a line for a finding: names, places and addresses in it become code."""
    hint = f" ({prose(finding.hint)})" if finding.hint else ""
    return f"{': '.join(map(code, finding.subject))}: {prose(finding.message)}{hint}"


def _brief(finding: Finding) -> str:
    return f"{code(finding.rule)}: {code(finding.name)}" if finding.name else finding_line(finding)


def _consent(consent: Consent) -> str:
    named = f": {code(consent.name)} (id {code(consent.id)})" if consent.name else ""
    return f"{code(consent.kind)}{named}"


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
            meaning(difference.kind),
            *(["; ".join(told)] if told else []),
        ]
    )
