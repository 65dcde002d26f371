"""`/v1/audit`: every write, with who, when, before and after."""

from __future__ import annotations

from reconciler.server.calls import headers
from reconciler.server.calls.request import Answer, Request, json_answer
from reconciler.server.store.store import Store


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
        return json_answer({"changes": found.changes, "next": last})
