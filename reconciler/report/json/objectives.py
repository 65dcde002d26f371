"""`verify --objective` as a JSON document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.environment.timestamps import timestamp
from reconciler.recovery.proving.results import Proved, StorageProved
from reconciler.recovery.repository.address import bare
from reconciler.report.documents import of_fields
from reconciler.report.style import PLAIN, Style


def proved(result: Proved, _style: Style = PLAIN) -> str:
    """Return all of it; `schemas/objective.schema.json` describes it."""
    return of_fields(
        verdict=result.verdict,
        repository=bare(result.repository),
        at=_moment(result.at),
        summary={
            "storages": len(result.storages),
            "proved": sum(one.is_proved for one in result.storages),
            "oldest_proof": _moment(result.oldest),
        },
        notes=result.notes,
        storages=[_storage(one) for one in result.storages],
        elsewhere=[
            {
                "storage": one.storage or None,
                "address": one.address or None,
                "named": one.named or None,
                "wrong": one.lasts,
                "problem": one.problem or None,
            }
            for one in result.elsewhere
        ],
    )


def _storage(one: StorageProved) -> dict[str, Any]:
    coverage = one.coverage
    return {
        "storage": one.storage,
        "verdict": one.verdict,
        "objective": msgspec.to_builtins(one.objective),
        "every_byte_proved": one.is_proved,
        "files": coverage
        and {
            "proved": coverage.proved,
            "late": coverage.late,
            "never": coverage.never,
            "ahead": coverage.ahead,
            "attested": coverage.attested,
            "not_read_yet": coverage.unread,
            "folders_not_listed": coverage.closed,
        },
        "oldest_proof": _moment(coverage.oldest if coverage else None),
        "scan": one.scan or None,
        "scanned_at": one.scanned_at or None,
        "listed_at": one.listed_at or None,
        "not_reachable_since": one.not_reachable_since or None,
        "not_reachable": one.not_reachable or None,
        "left_out": one.left_out,
        "wrong": one.wrong,
        "problem": one.problem or None,
    }


def _moment(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return timestamp(datetime.fromtimestamp(seconds, UTC), "seconds")
