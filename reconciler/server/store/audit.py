"""Reading the audit: every write, in the order in which they took place."""

from __future__ import annotations

import msgspec

from reconciler.server.store.contract import (
    Author,
    Change,
)
from reconciler.server.store.session import Raw, Session

_READ = (
    "SELECT revision, at, account, run, actor, commit_id, job_url, action, storage_id, name, "
    "before, after FROM audit WHERE revision > ? %s ORDER BY revision LIMIT ?"
)
_ALL = _READ % ""
_NAMED = _READ % "AND storage_id <> '' AND (name = ? OR previous_name = ?)"


def changes(session: Session, after: int, limit: int, name: str | None) -> tuple[Change, ...]:
    """Read at most `limit` changes past the revision `after`, oldest first."""
    if name is None:
        found = session.rows(_ALL, after, limit)
    else:
        found = session.rows(_NAMED, after, name, name, limit)
    return tuple(_change(row) for row in found)


def _change(row: Raw) -> Change:
    action, storage_id, name, before, after = row[7:]
    author = Author(*row[2:7])
    return Change(row[0], row[1], author, action, storage_id, name, _values(before), _values(after))


def _values(text: str | None) -> dict[str, str | int] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, str | int])
