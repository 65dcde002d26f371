"""Reading the audit: every write, in the order in which they took place."""

from __future__ import annotations

import msgspec

from reconciler.platform import Change
from reconciler.server.store.session import PagedQuery, Session, SqlRow
from reconciler.server.store.values import Changes

#: The columns as `Change` has its fields.
_READ = (
    "SELECT revision, at, account, run, actor, commit_id, job_url, action, storage_id, name, "
    "before, after FROM audit WHERE revision > ? %s ORDER BY revision LIMIT ?"
)
_TEXTS = {
    "account": 2, "run": 3, "actor": 4, "commit_id": 5, "job_url": 6, "name": 9, "before": 10,
    "after": 11,
}  # fmt: skip
_ALL = PagedQuery(_READ % "", "revision", _TEXTS)
_NAMED = PagedQuery(
    _READ % "AND storage_id <> '' AND (name = ? OR previous_name = ?)", "revision", _TEXTS
)


def changes(session: Session, after: int, limit: int, name: str | None) -> Changes:
    """Read at most `limit` changes past the revision `after`, oldest first."""
    if name is None:
        found, more = session.part(_ALL, limit, after)
    else:
        found, more = session.part(_NAMED, limit, after, name, name)
    return Changes(tuple(_change(row) for row in found), more)


def _change(row: SqlRow) -> Change:
    return Change(*row[:10], *map(_values, row[10:12]))


def _values(text: str | None) -> dict[str, str | int] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, str | int])
