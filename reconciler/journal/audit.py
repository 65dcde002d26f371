"""The audit of a platform, told as runs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from reconciler.executor import DONE
from reconciler.journal.read import RECORDED, OperationRecord, Run, counted
from reconciler.model import Values
from reconciler.plan.document import REMOVE, UPDATE
from reconciler.plan.steps import key_of
from reconciler.platform import Change


def runs_of(changes: Iterable[Change], address: str) -> list[Run]:
    """Put the writes of each run together, newest run first.

    A write of something that is no run of ours stands for itself, under its revision.
    """
    first: dict[str, Change] = {}
    entries: dict[str, list[OperationRecord]] = {}
    for change in changes:
        id = change.run or f"revision {change.revision}"
        first.setdefault(id, change)
        entries.setdefault(id, []).append(_entry(change))
    return [_run(id, first[id], tuple(entries[id]), address) for id in reversed(first)]


def _run(id: str, change: Change, entries: tuple[OperationRecord, ...], address: str) -> Run:
    # The account is proved, the actor is a claim: where they differ, both are told.
    claimed = change.actor and change.actor != change.account
    return Run(
        run=id,
        state=RECORDED,
        started_at=change.at,
        platform=address,
        actor=f"{change.actor} as {change.account}" if claimed else change.account,
        commit=change.commit,
        job_url=change.job_url,
        planned=len(entries),
        summary=counted(entries),
        operations=entries,
    )


def _entry(change: Change) -> OperationRecord:
    before = change.before or {}
    renamed = change.action == UPDATE and "name" in before
    return OperationRecord(
        key=key_of(change.action, change.name),
        action=change.action,
        name=change.name,
        status=DONE,
        time=change.at,
        previous_name=str(before["name"]) if renamed else None,
        id=change.storage_id or None,
        before=_values(before) if change.action == REMOVE else None,
    )


def _values(before: dict[str, str | int]) -> Values | None:
    try:
        return msgspec.convert(before, Values)
    except msgspec.ValidationError:  # an audit of another version; the rest of it still counts
        return None
