"""`/v1/audit`: every write, with who, when, before and after."""

from __future__ import annotations

from reconciler.server.calls import headers
from reconciler.server.calls.request import Answer, Request, json_answer
from reconciler.server.store.store import Store
from reconciler.server.store.values import Change


class AuditResource:
    """The audit of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, request: Request) -> Answer:
        """Return changes, oldest first."""
        query = request.query("after", "limit", "name")
        after = headers.number(query.get("after", "0"), "after")
        limit = headers.page_size(query)
        found = self._store.changes(after=after, limit=limit, name=query.get("name"))
        last = found.changes[-1].revision if found.more else None
        shown = [_change_json(change) for change in found.changes]
        return json_answer({"changes": shown, "next": last})


def _change_json(change: Change) -> dict[str, object]:
    author = change.author
    return {
        "revision": change.revision,
        "at": change.at,
        "account": author.account,
        "run": author.run,
        "actor": author.actor,
        "commit": author.commit,
        "job_url": author.job_url,
        "action": change.action,
        "storage_id": change.storage_id,
        "name": change.name,
        "before": change.before,
        "after": change.after,
    }
