"""`scan` as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from reconciler.environment.timestamps import moment_of
from reconciler.recovery.paths import shown
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.values import CloudReport, Counts
from reconciler.report.documents import of_fields
from reconciler.report.style import PLAIN, Style


def scanned(results: Sequence[Scanned], _style: Style = PLAIN) -> str:
    """Return how the scan of each storage ended; `scan` is null where no record was kept.

    Paths are escaped as `recovery.paths` does it. Of many alike the first ones are listed.
    """
    return of_fields(
        complete=bool(results) and all(result.status == "complete" for result in results),
        summary=Counter(result.status for result in results),
        scans=[_scanned(result) for result in results],
    )


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
        "unread": result.unread,
        "due_left": result.due_left,
        "altered": {"count": result.altered, "first": list(map(shown, result.altered_first))},
        "missing": {"count": result.missing, "first": list(map(shown, result.missing_first))},
        "deleted": {"count": result.deleted, "first": list(map(shown, result.deleted_first))},
        "unseen": {"count": result.unseen, "first": list(map(shown, result.unseen_first))},
        "awaited": {"count": result.awaited, "first": list(map(shown, result.awaited_first))},
        "changed": {"count": result.changed, "first": list(map(shown, result.changed_first))},
        "doubted": result.doubted,
        "alike": {"count": result.alike, "first": pairs},
        "forgotten": result.forgotten,
        "notes": result.notes,
        "scan": scan
        and {
            "id": scan.id,
            "complete": scan.complete,
            "started_at": scan.started_at,
            "ended_at": scan.ended_at,
            "listed_at": scan.listed_at or None,
            "excluded": scan.excluded,
            "counts": counted(scan.counts),
            "reports": reported(scan.reports),
            "unproved": [
                {"path": shown(part.path), "reason": part.reason, "message": part.message}
                for part in scan.unproved
            ],
        },
    }


def reported(reports: Iterable[CloudReport]) -> list[dict[str, str]]:
    """Return reports of the cloud: when each was made, and the digest of its manifest."""
    return [{"at": moment_of(one.at), "digest": f"sha256:{one.digest}"} for one in reports]


def counted(counts: Counts) -> dict[str, Any]:
    """Return what is counted of a scan; a moment is told as in every report: RFC 3339, UTC."""
    told = {name: getattr(counts, name) for name in counts.__struct_fields__}
    oldest = counts.oldest_proof
    return {**told, "oldest_proof": None if oldest is None else moment_of(oldest)}
