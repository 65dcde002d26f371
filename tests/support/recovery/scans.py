"""Scans made and looked at by tests."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import count

from reconciler.recovery.parts.convert import rows_of
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Rows, extend
from reconciler.recovery.scanning.known.earlier import rows_of as batches_of
from reconciler.recovery.scanning.means import Here
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.values import Scan
from reconciler.recovery.verifying import remembered
from support.recovery.memory import TARGET, Storage

_runs = count(1)


def here(now: datetime | None = None, **more) -> Here:
    """Give a place to scan from, where it is later each time."""
    moment = now or datetime(2026, 11, 29, 8, tzinfo=UTC) + timedelta(seconds=next(_runs))
    return Here("host", lambda: moment, **more)


def ticking() -> Here:
    """Give a place to scan from whose clock moves on each time that it is looked at."""
    ticks, began = count(), here().now()
    return Here("host", lambda: began + timedelta(milliseconds=next(ticks)))


def scan_once(
    storage: Storage,
    repository: Repository,
    *,
    wish: Wish | None = None,
    pace: Pace | None = None,
    by: Here | None = None,
    executor=None,
) -> Scanned:
    """Scan one storage, and return how it ended."""
    by = by or here()
    (ended,) = scan(
        [TARGET],
        repository,
        wish or Wish(),
        by,
        open_source=storage.open,
        pace=pace,
        executor=executor,
        catch_up=lambda place: remembered.catch_up(repository, place, by.now),
    )
    return ended


def rows(repository: Repository, scan: Scan | None) -> Rows:
    """Return all rows of a scan."""
    assert scan is not None
    found = Rows()
    with contextlib.ExitStack() as opened:
        for batch in batches_of(repository, scan, opened):
            extend(found, rows_of(batch))
    return found


def table(rows: Rows) -> dict[bytes, dict[str, object]]:
    """Return rows by path."""
    names = Rows.__struct_fields__
    columns = [getattr(rows, name) for name in names]
    return {row[0]: dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)}


def names(repository: Repository, prefix: str = "") -> list[str]:
    return [name for name in repository.names(prefix) if name != "reconciler-repository.json"]
