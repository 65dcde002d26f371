"""Reports as JSON: one document each, of a stable shape, with a final newline.

The functions are those of `text` and `markdown`; how a report is to look does not matter here.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from reconciler.executor import Outcome
from reconciler.health.platform import Facts, checks, healthy
from reconciler.journal.read import OperationRecord, Run
from reconciler.lease.contract import Lease
from reconciler.masking import masked
from reconciler.model import Notice, Problem, State
from reconciler.plan import document
from reconciler.plan.document import Operation, Plan
from reconciler.reconcile import Applied
from reconciler.recovery.paths import shown
from reconciler.report.documents import of_fields as _document
from reconciler.report.documents import written
from reconciler.report.findings import of_problems
from reconciler.report.sentences import storages as live
from reconciler.report.sentences.drift import Drift
from reconciler.report.sentences.runs import STATUSES, with_operations
from reconciler.report.sentences.since_plan import changed_since
from reconciler.report.sentences.tokens import Told
from reconciler.report.style import PLAIN, Style

if TYPE_CHECKING:
    from reconciler.recovery.scanning.outcome import Scanned
    from reconciler.recovery.values import Counts
    from reconciler.report.json_verified import verified  # noqa: F401 - handed out below


def __getattr__(name: str) -> object:
    """Hand out what is told of things that few commands know: its module is imported then."""
    if name != "verified":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = f"{__name__}_{name}"
    __import__(module)
    return getattr(sys.modules[module], name)


def plan(plan: Plan, _style: Style = PLAIN) -> str:
    """Return the plan document, the same as `plan --out` writes."""
    return document.to_json(plan).decode()


def applied(applied: Applied, _style: Style = PLAIN) -> str:
    """Return how every operation ended.

    `changed_since` says, for a stale operation, what was touched since the plan was made.
    `status` is `done`, `partial` (something was or may be written, and something remains) or
    `failed` (something remains, and nothing was written). `holds` is null if live was not read
    again; `unread` says why.
    """
    result, number = applied.result, applied.result.counts
    return _document(
        digest=applied.plan.digest,
        status="done" if not result.undone else "partial" if result.wrote else "failed",
        interrupted=result.interrupted,
        holds=applied.holds,
        remaining=applied.remaining,
        unread=applied.unread,
        summary={status: number[status] for status in STATUSES},
        operations=[_outcome(*pair) for pair in with_operations(applied)],
    )


def drift(drift: Drift, _style: Style = PLAIN) -> str:
    """Return every difference between live and the manifest; `drift` is whether there is any.

    `undeclared` names storages that are no difference, as policy ignores them.
    """
    plan = drift.plan
    return _document(
        platform=plan.platform,
        platform_id=plan.platform_id,
        account=plan.account,
        plan_digest=plan.digest,
        drift=bool(drift.found),
        differences=drift.found,
        undeclared=drift.undeclared,
    )


def storages(state: State, declared: Mapping[str, str], _style: Style = PLAIN) -> str:
    """List the live storages, sorted by name, each with its status."""
    rows = live.listed(state, declared)
    return _document(
        platform_id=state.platform_id,
        account=state.account,
        complete=state.complete,
        summary=dict(live.totals(rows)),
        storages=[
            {
                "id": row.storage.id,
                "name": row.storage.name,
                "label": row.storage.label,
                "type": row.storage.type,
                "default_url": masked(row.storage.default_url),
                "url": None if row.storage.url is None else masked(row.storage.url),
                "created_at": row.storage.created_at,
                "status": row.status or None,
            }
            for row in rows
        ],
    )


def examined(facts: Facts, _style: Style = PLAIN) -> str:
    """Return what `doctor` found: the facts, null where unknown, and the checks that judge them."""
    judged = checks(facts)
    return _document(
        healthy=healthy(judged),
        platform=masked(facts.address),
        platform_id=facts.platform_id,
        tool_version=facts.tool_version,
        python=facts.python,
        about=facts.about,
        clock_ahead_seconds=facts.clock_ahead,
        live=facts.live,
        complete=facts.complete,
        lock=None if facts.lock is None else masked(facts.lock),
        holder=facts.holder,
        abilities=facts.abilities,
        checks=judged,
    )


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest. `line` and `column` are null where there is none."""
    return _document(
        valid=False,
        problems=[
            {
                "file": finding.file,
                "line": finding.line or None,
                "column": finding.column or None,
                "path": finding.path,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in of_problems(problems)
        ],
    )


def failure(message: str, code: int, _style: Style = PLAIN) -> str:
    """Return why there is no other report, and the exit code."""
    return _document(error=message, exit_code=code)


def valid(files: int, entries: int, warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Return that a manifest is valid, how much was read, and what it warns of."""
    return _document(valid=True, files=files, entries=entries, warnings=warnings)


def runs(runs: Sequence[Run], _style: Style = PLAIN) -> str:
    """List runs, newest first, without their operations."""
    return _document(runs=[_run(run, operations=False) for run in runs])


def operations(runs: Sequence[Run], _style: Style = PLAIN) -> str:
    """List runs, newest first, with their operations."""
    return _document(runs=[_run(run, operations=True) for run in runs])


def run(run: Run, style: Style = PLAIN) -> str:
    """Return one run with its operations, as a list that holds nothing else."""
    return operations([run], style)


def scanned(results: Sequence[Scanned], _style: Style = PLAIN) -> str:
    """Return how the scan of each storage ended; `scan` is null where no record was kept.

    Paths are escaped as `recovery.paths` does it. Of many alike the first ones are listed.
    """
    return _document(
        complete=bool(results) and all(result.status == "complete" for result in results),
        summary=Counter(result.status for result in results),
        scans=[_scanned(result) for result in results],
    )


def lease(lease: Lease | None, _style: Style = PLAIN) -> str:
    """Return who holds the platform; null if nobody does."""
    return _document(locked=lease is not None, lease=lease)


def released(lease: Lease | None, _style: Style = PLAIN) -> str:
    """Return that nobody holds the platform any more, and whether a lease was released."""
    return _document(locked=False, lease=None, released=lease is not None, released_lease=lease)


def tokens(tokens: Told, _style: Style = PLAIN) -> str:
    """List the tokens of a server."""
    return written({"tokens": tokens})


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


def _scanned(result: Scanned) -> dict[str, Any]:
    scan = result.scan
    pairs = [[shown(one), shown(two)] for one, two in result.alike_first]
    return {
        "storage": result.storage,
        "status": result.status,
        "reason": result.reason or None,
        "went_on_from": result.went_on_from or None,
        "files_read": result.files_read,
        "bytes_read": result.bytes_read,
        "files_kept": result.files_kept,
        "altered": {"count": result.altered, "first": list(map(shown, result.altered_first))},
        "alike": {"count": result.alike, "first": pairs},
        "notes": result.notes,
        "scan": scan
        and {
            "id": scan.id,
            "complete": scan.complete,
            "started_at": scan.started_at,
            "ended_at": scan.ended_at,
            "excluded": scan.excluded,
            "counts": _counts(scan.counts),
            "unproved": [
                {"path": shown(part.path), "reason": part.reason, "message": part.message}
                for part in scan.unproved
            ],
        },
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in counts.__struct_fields__}


def _masked(entry: OperationRecord) -> OperationRecord:
    if entry.before is None:
        return entry
    before = replace(entry.before, default_url=masked(entry.before.default_url))
    return replace(entry, before=before)


def _outcome(outcome: Outcome, operation: Operation | None) -> dict[str, Any]:
    fields = ("key", "action", "name", "id", "status", "error", "stale")
    told = {field: getattr(outcome, field) for field in fields}
    return told | {"changed_since": changed_since(outcome, operation)}
