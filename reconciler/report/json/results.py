"""How an apply ended, and earlier runs, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from reconciler.executor import Outcome
from reconciler.journal.read import OperationRecord, Run
from reconciler.masking import masked
from reconciler.plan.document import Operation
from reconciler.reconcile import Applied
from reconciler.report.documents import of_fields
from reconciler.report.sentences.runs import STATUSES, with_operations
from reconciler.report.sentences.since_plan import changed_since
from reconciler.report.style import PLAIN, Style


def applied(applied: Applied, _style: Style = PLAIN) -> str:
    """Return how every operation ended.

    `changed_since` says, for a stale operation, what was touched since the plan was made.
    `status` is `done`, `partial` (something was or may be written, and something remains) or
    `failed` (something remains, and nothing was written). `holds` is null if live was not read
    again; `unread` says why.
    """
    return of_fields(**fields_of(applied))


def fields_of(applied: Applied) -> dict[str, object]:
    """Return that without its format, for what else tells of an apply."""
    result, number = applied.result, applied.result.counts
    return {
        "digest": applied.plan.digest,
        "status": "done" if not result.undone else "partial" if result.wrote else "failed",
        "interrupted": result.interrupted,
        "holds": applied.holds,
        "remaining": applied.remaining,
        "unread": applied.unread,
        "summary": {status: number[status] for status in STATUSES},
        "operations": [_outcome(*pair) for pair in with_operations(applied)],
    }


def runs(runs: Sequence[Run], _style: Style = PLAIN) -> str:
    """List runs, newest first, without their operations."""
    return of_fields(runs=[_run(run, operations=False) for run in runs])


def operations(runs: Sequence[Run], _style: Style = PLAIN) -> str:
    """List runs, newest first, with their operations."""
    return of_fields(runs=[_run(run, operations=True) for run in runs])


def run(run: Run, style: Style = PLAIN) -> str:
    """Return one run with its operations, as a list that holds nothing else."""
    return operations([run], style)


def _run(run: Run, *, operations: bool) -> dict[str, Any]:
    safe = replace(
        run,
        platform=masked(run.platform),
        job_url=masked(run.job_url),
        operations=tuple(map(_masked, run.operations)) if operations else (),
    )
    told: dict[str, Any] = msgspec.to_builtins(safe)
    if not operations:
        del told["operations"]
    return told


def _masked(entry: OperationRecord) -> OperationRecord:
    if entry.before is None:
        return entry
    before = replace(entry.before, default_url=masked(entry.before.default_url))
    return replace(entry, before=before)


def _outcome(outcome: Outcome, operation: Operation | None) -> dict[str, Any]:
    fields = ("key", "action", "name", "id", "status", "error", "stale")
    told = {field: getattr(outcome, field) for field in fields}
    return told | {"changed_since": changed_since(outcome, operation)}
