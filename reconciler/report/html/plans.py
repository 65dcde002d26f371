"""`plan`, `show` and `drift` as a page: what blocks it, then what it removes, before all else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.masking import masked
from reconciler.plan.document import (
    CREATE,
    FIELDS,
    REMOVE,
    UPDATE,
    Change,
    Consent,
    Operation,
    Plan,
)
from reconciler.report import style
from reconciler.report.findings import ERROR, MANIFEST, WARNING, Finding, of_notices
from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN, Group, Item, Page, Value
from reconciler.report.html.writing import written
from reconciler.report.sentences import plans
from reconciler.report.sentences.drift import Difference, Drift, meaning, total
from reconciler.report.sentences.operations import Order, changes_of, files_of, name_of, old_name
from reconciler.report.sentences.terms import spoken
from reconciler.report.style import Style

_LEVELS = {CREATE: FINE, UPDATE: DOUBT, REMOVE: ALARM}
_LEADS = {CREATE: "Not live before. After:", REMOVE: "Gone afterwards. Before:"}
_TITLES = {REMOVE: "To remove", UPDATE: "To update", CREATE: "To create"}


def plan(plan: Plan, _style: Style = style.PLAIN) -> str:
    """Show a plan: totals, what blocks it, what it removes, and each operation."""
    removals = plans.only(plan, REMOVE)
    alarms = [] if plan.ready else [plans.blocked_total(plan)]
    if removals:
        alarms.append(plans.alarm(removals, ready=plan.ready))
    numbers = [(plans.only(plan, action), f"to {action}", _LEVELS[action]) for action in _TITLES]
    return written(
        Page(
            "plan",
            plans.totals(plan),
            _status(plan),
            ALARM if not plan.ready else DOUBT if removals else FINE,
            tuple(alarms),
            (_live(plan), f"Made {plan.created_at} by reconciler {plan.tool_version}."),
            counts=(
                *((len(operations), what, level) for operations, what, level in numbers),
                (plan.summary.unchanged, "unchanged", PLAIN),
            ),
            facts=(platform_fact(plan), ("digest", plan.digest)),
            groups=tuple(_groups(plan)),
        )
    )


def drift(drift: Drift, _style: Style = style.PLAIN) -> str:
    """Show every difference between live and the manifest, their number first."""
    number = len(drift.found)
    groups = (
        Group("Differences", tuple(map(_difference, drift.found))),
        Group("Undeclared, left alone", tuple(_names("undeclared", drift.undeclared))),
    )
    word, level = ("drift", ALARM) if number else ("no drift", FINE)
    lead = (_live(drift.plan), f"Read {drift.plan.created_at}.")
    facts = (platform_fact(drift.plan),)
    return written(Page("drift", total(number), word, level, (), lead, facts=facts, groups=groups))


def finding(finding: Finding) -> Item:
    """Return what is wrong, or warned of: where it stands or what kind it is, and the sentence."""
    level = ALARM if finding.level == ERROR else DOUBT
    wrong = "reason" if finding.rule != MANIFEST else "problem"
    kind = wrong if finding.level == ERROR else "warning"
    facts = tuple(filter(None, [finding.message, finding.hint and f"Hint: {finding.hint}"]))
    return Item(kind, ": ".join(finding.subject), level=level, facts=facts)


def operation_item(operation: Operation, order: Order | None = None) -> Item:
    """Return an operation with its before and after; `order` says what comes first."""
    action, is_removal = operation.action, operation.action == REMOVE
    loses = is_removal and operation.holds_files is not False
    facts = order.phrases(operation) if order else []
    if is_removal and not loses:
        facts.insert(0, files_of(operation))
    if is_removal or action == UPDATE:
        facts += [f"why: {operation.reason}", f"id: '{operation.id}'"]
    return Item(
        action,
        name_of(operation),
        was=old_name(operation) or "",
        level=_LEVELS.get(action, PLAIN),
        alarm=files_of(operation) if loses else "",
        lead=_LEADS.get(action, ""),
        values=tuple(_values(operation)),
        facts=tuple(facts),
    )


def _status(plan: Plan) -> str:
    if not plan.ready:
        return "blocked"
    return "ready" if plan.operations else "no changes"


def platform_fact(plan: Plan) -> tuple[str, str]:
    """Return of which platform a page tells."""
    return "platform", masked(plan.platform)


def _live(plan: Plan) -> str:
    return f"Live: {plans.standing(plan)}."


def _groups(plan: Plan) -> Iterator[Group]:
    order = Order(plan)
    reasons = tuple(map(finding, of_notices(plans.reasons(plan), ERROR)))
    yield Group("What blocks it", reasons, level=ALARM, stays=True)
    at_once = tuple(_names("undeclared", plans.undeclared_at_once(plan)))
    yield Group("Not declared", at_once, "Live, and declared nowhere.", ALARM)
    for action, title in _TITLES.items():
        items = tuple(operation_item(each, order) for each in plans.only(plan, action))
        yield Group(title, items, level=ALARM if action == REMOVE else PLAIN)
        if action == REMOVE:  # with what is removed belong the consents that allow it
            consents = tuple(map(_consent, plan.consents))
            yield Group("Consents used", consents, stays=True)
            warnings = tuple(map(finding, of_notices(plan.warnings, WARNING)))
            yield Group("Warnings", warnings, stays=True)
    left = tuple(_names("undeclared", plans.undeclared_left(plan)))
    yield Group("Undeclared, left alone", left)


def _consent(consent: Consent) -> Item:
    facts = (f"id: '{consent.id}'",) if consent.id else ()
    return Item("consent", consent.name, note=consent.kind, facts=facts)


def _names(kind: str, names: Iterable[str]) -> Iterator[Item]:
    return (Item(kind, name) for name in names)


def _values(operation: Operation) -> Iterator[Value]:
    """Yield what changes with both sides, and what does not, or has no other side, with one."""
    values = operation.after or operation.before
    changes = {change.field: change for change in changes_of(operation)}
    for field in FIELDS if values else ():
        if change := changes.get(field):
            yield _sides(change)
        elif field != "name":
            yield Value(field, after=_shown(field, getattr(values, field)))


def _sides(change: Change) -> Value:
    before, after = (_shown(change.field, side) for side in (change.before, change.after))
    return Value(change.field, before, after)


def _shown(field: str, value: str) -> str:
    return masked(value) if field == "default_url" else value


def _difference(difference: Difference) -> Item:
    return Item(
        spoken(difference.kind),
        difference.name,
        was=difference.previous_name or "",
        level=ALARM,
        note=meaning(difference.kind),
        values=tuple(map(_sides, difference.changes)),
        sides=("live", "declared"),
        facts=(difference.message,) if difference.message else (),
    )
