"""What becomes of a plan that is applied, as text and Markdown say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.executor import DONE, FAILED, HALF_DONE, NOT_STARTED, UNKNOWN, Outcome
from reconciler.plan.document import Operation
from reconciler.reconcile import Applied
from reconciler.report.sentences.plans import totals
from reconciler.report.sentences.terms import count, spoken

STATUSES = (DONE, FAILED, HALF_DONE, UNKNOWN, NOT_STARTED)
#: More operations that were not started for one reason are counted, and not listed.
ENOUGH_WAITING = 20


def outcome_totals(applied: Applied) -> str:
    """Count how the operations ended."""
    number = applied.result.counts
    if not number:
        return totals(applied.plan)
    if not (applied.result.undone or applied.result.wrote):
        return f"Nothing was written: {count(number[DONE], 'operation')} had been done already."
    parts = (f"{number[status]:,} {spoken(status)}" for status in STATUSES if number[status])
    return f"Applied: {', '.join(parts)}."


def waiting_alike(applied: Applied) -> dict[str, int]:
    """Count what was not started for the same reason, where that is too much to list."""
    waiting = (o.error for o in applied.result.outcomes if o.status == NOT_STARTED)
    return {error: many for error, many in Counter(waiting).items() if many > ENOUGH_WAITING}


def verdict(applied: Applied) -> str:
    """Return whether live is now as it was to be; empty where there was nothing to do."""
    if not applied.result.outcomes:
        return ""
    if applied.holds:
        return "Live was read again: it is as planned."
    if applied.holds is None:
        return "Live was NOT read again, and may not be as planned:"
    return "Live is NOT as planned. What is left, or stands in the way:"


def doubts(applied: Applied) -> Sequence[str]:
    """Return what belongs below a verdict: what differs, or why nobody knows."""
    return (applied.unread,) if applied.holds is None else applied.remaining


def advice(applied: Applied) -> str:
    """Return what to do next; empty if nothing is left to do."""
    result = applied.result
    if applied.holds is None and not result.undone:
        start = "Interrupted. Every" if result.interrupted else "Every"
        return f"{start} operation is done: `reconciler plan` says whether live is as planned."
    if result.interrupted:
        return "Interrupted. What is done stays done: run apply again to do the rest."
    if any(outcome.stale for outcome in result.outcomes):
        return "Live has changed since the plan was made: make a new plan, read it, apply it."
    if result.undone:
        return "What is done stays done: see to the errors above, then run apply again."
    return ""


def with_operations(applied: Applied) -> Iterator[tuple[Outcome, Operation | None]]:
    """Yield every outcome with the operation that it is about."""
    operations = {operation.key: operation for operation in applied.plan.operations}
    for outcome in applied.result.outcomes:
        yield outcome, operations.get(outcome.key)
