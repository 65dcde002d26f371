"""What `plan`, `show` and `drift` came to."""

from __future__ import annotations

from collections import Counter

from reconciler.masking import masked_in
from reconciler.plan.document import BLOCKED, CREATE, REMOVE, UPDATE, Operation, Plan
from reconciler.printable import quoted
from reconciler.report.findings import ERROR, WARNING, Finding, of_notices
from reconciler.report.sentences import drift as differing
from reconciler.report.sentences import plans
from reconciler.report.sentences.drift import Difference, Drift
from reconciler.report.sentences.operations import files_of, name_of
from reconciler.report.sentences.terms import value
from reconciler.report.verdicts.verdict import Case, Changes, Verdict

NO_CHANGES, CHANGES = "no_changes", "changes"
NO_DRIFT, DRIFT = "no_drift", "drift"
#: How each kind of difference is undone.
_UNDONE = {
    differing.MISSING: CREATE,
    differing.CHANGED: UPDATE,
    differing.LOCATION_CHANGE: UPDATE,
    differing.INTERRUPTED_MOVE: UPDATE,
    differing.NOT_REMOVED: REMOVE,
    differing.UNDECLARED: REMOVE,
}


def of_plan(plan: Plan, command: str = "plan") -> Verdict:
    """Judge a plan: what blocks it is wrong; what it removes, and warns of, is told as well."""
    reasons = of_notices(plan.blocked_by, ERROR)
    removals = [_removal(each, ready=plan.ready) for each in plans.only(plan, REMOVE)]
    warnings = of_notices(plan.warnings, WARNING)
    number = Counter(operation.action for operation in plan.operations)
    changes = Changes(number[CREATE], number[UPDATE], number[REMOVE])
    status = BLOCKED if not plan.ready else CHANGES if plan.operations else NO_CHANGES
    blocked = "" if plan.ready else f" {plans.blocked_total(plan)}"
    return Verdict(
        command,
        status,
        f"{plans.totals(plan)}{blocked}",
        (*reasons, *removals, *warnings),
        (Case(command, (*removals, *warnings)), *map(_case, reasons)),
        {
            "create": changes.create,
            "update": changes.update,
            "remove": changes.remove,
            "reasons": len(reasons),
            "warnings": len(warnings),
        },
        plan.digest,
        changes=changes,
    )


def of_drift(drift: Drift) -> Verdict:
    """Judge in what live differs: a case for each storage that does."""
    found = list(map(_difference, drift.found))
    warnings = of_notices(drift.plan.warnings, WARNING)
    undone = Counter(_UNDONE.get(each.kind, UPDATE) for each in drift.found)
    kinds = Counter(difference.kind for difference in drift.found)
    return Verdict(
        "drift",
        DRIFT if found else NO_DRIFT,
        differing.total(len(found)),
        (*found, *warnings),
        (Case("drift", tuple(warnings)), *map(_case, found)),
        {"differences": len(found), **dict(sorted(kinds.items())), "warnings": len(warnings)},
        drift.plan.digest,
        changes=Changes(undone[CREATE], undone[UPDATE], undone[REMOVE]),
    )


def _case(finding: Finding) -> Case:
    name = f"{finding.rule}: {finding.name}" if finding.name else finding.rule
    return Case(name, (finding,))


def _removal(operation: Operation, *, ready: bool) -> Finding:
    name = name_of(operation)
    will = "will" if ready else "would"
    message = f"{quoted(name)} {will} be removed from the platform; it {files_of(operation)}"
    return Finding("removal", WARNING, message, name=name)


def _difference(difference: Difference) -> Finding:
    told = [f"{quoted(difference.name)}: {differing.meaning(difference.kind)}"]
    for change in difference.changes:
        live, wanted = map(value(change.field), (change.before, change.after))
        told.append(f"{change.field}: live {live}, declared {wanted}")
    told += [masked_in(difference.message)] if difference.message else []
    rule = f"drift-{difference.kind.replace('_', '-')}"
    return Finding(rule, ERROR, "; ".join(told), name=difference.name)
