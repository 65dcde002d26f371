"""`list`, `doctor`, `lock` and `token list` as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.health.platform import Facts, checks, healthy
from reconciler.lease.contract import Lease
from reconciler.masking import masked
from reconciler.model import State
from reconciler.report.documents import of_fields, written
from reconciler.report.sentences import storages as live
from reconciler.report.sentences.tokens import Told
from reconciler.report.style import PLAIN, Style


def storages(state: State, declared: Mapping[str, str], _style: Style = PLAIN) -> str:
    """List the live storages, sorted by name, each with its status."""
    rows = live.listed(state, declared)
    return of_fields(
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
    return of_fields(
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


def lease(lease: Lease | None, _style: Style = PLAIN) -> str:
    """Return who holds the platform; null if nobody does."""
    return of_fields(locked=lease is not None, lease=lease)


def released(lease: Lease | None, _style: Style = PLAIN) -> str:
    """Return that nobody holds the platform any more, and whether a lease was released."""
    return of_fields(locked=False, lease=None, released=lease is not None, released_lease=lease)


def tokens(tokens: Told, _style: Style = PLAIN) -> str:
    """List the tokens of a server."""
    return written({"tokens": tokens})
