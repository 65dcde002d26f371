"""What a clock alone knows of scans: proofs grow too old between two, and one does not end."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from reconciler.watching.conditions import LONG_SCAN, OVERDUE, Condition, Lasting

#: What a look at the clock tells of.
KINDS = frozenset({OVERDUE})


class Due(Struct, frozen=True):
    """When the oldest proof of a storage is older than its objective allows."""

    storage: str
    #: RFC 3339, UTC.
    at: str
    #: What is said then.
    message: str


def long_scan(since: str) -> Condition:
    """Return that the scan that was begun at a moment runs for longer than it may."""
    said = f"the scan that began at {since} has not ended in the time that it has"
    return Condition(LONG_SCAN, "", "", said)


def by(now: str, known: Iterable[Lasting], dues: Iterable[Due]) -> tuple[Condition, ...]:
    """Return all that is overdue: what is known to be, and what has become so by now.

    A scan alone can end it.
    """
    conditions = (one.condition for one in known if one.condition.kind == OVERDUE)
    found = {condition.name: condition for condition in conditions}
    for due in dues:
        if due.at < now:
            found.setdefault(due.storage, Condition(OVERDUE, due.storage, "", due.message))
    return tuple(found.values())
