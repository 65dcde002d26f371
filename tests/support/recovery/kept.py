"""Scans as a repository keeps them, made of rows by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from reconciler.environment.timestamps import timestamp
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Counts, Root, Scan, Unproved
from support.values.parts import batch_of, write_part

#: The night of the first scan; `night(1)` is the one after it.
FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)
PLACE = "local:file:///nas"


def night(number: int) -> datetime:
    """Give the moment at which the scan of a night begins."""
    return FIRST + timedelta(days=number)


def ns(moment: datetime) -> int:
    """Give a moment as rows have it."""
    return int(moment.timestamp()) * 10**9


def keep_scan(
    repository: Repository,
    contents: Iterable[Content],
    number: int = 0,
    *,
    place: str = PLACE,
    excluded: tuple[str, ...] = (),
    unproved: tuple[Unproved, ...] = (),
) -> Scan:
    """Keep the rows of a night's scan, and give its record."""
    rows = sorted(contents, key=lambda content: content.path)
    with repository.workspace() as folder:
        part = write_part(folder, [batch_of(rows)], CONTENTS)
        repository.add(layout.part(part.sha256), part.path)
    began = night(number)
    proved = [row.proved_at for row in rows if row.proved_at is not None]
    return Scan(
        format_version=1,
        id=f"{began:%Y%m%d%H%M%S}-0000",
        place=place,
        storage_id="id",
        name="nas",
        root=Root("folder", place),
        started_at=timestamp(began, "milliseconds"),
        ended_at=timestamp(began + timedelta(hours=1), "milliseconds"),
        excluded=excluded,
        complete=not unproved,
        unproved=unproved,
        counts=Counts(
            len(rows),
            dict(Counter(row.kind for row in rows)),
            dict(Counter(row.proof for row in rows if row.proof)),
            sum(row.size or 0 for row in rows),
            oldest_proof=min(proved, default=None),
        ),
        contents=part.sha256,
        stamps=part.sha256,
        tool_version="0",
        host="here",
    )
