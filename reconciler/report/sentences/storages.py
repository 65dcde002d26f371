"""What `list` reports: live storages, each with its standing towards the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.model import State, Storage
from reconciler.report.sentences.terms import count

#: What a live storage can be, in the order in which they are counted.
STATUSES = ("declared", "undeclared", "to be removed", "unmanaged", "outside scope")


class Row(Struct, frozen=True):
    """One live storage and its status; the status is empty where no manifest was read."""

    storage: Storage
    status: str


def rows(state: State, declared: Mapping[str, str]) -> list[Row]:
    """Sort what is live by name; `declared` gives the status for a live id."""
    ordered = sorted(state.storages, key=lambda storage: (storage.name, storage.id))
    return [Row(storage, declared.get(storage.id, "")) for storage in ordered]


def totals(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Count the storages of each status, leaving out those that none has."""
    number = Counter(row.status for row in rows)
    return [(status, number[status]) for status in STATUSES if number[status]]


def total(rows: Sequence[Row]) -> str:
    """Count all storages, and those of each status."""
    counts = ", ".join(f"{number:,} {status}" for status, number in totals(rows))
    return f"{count(len(rows), 'live storage')}{': ' if counts else ''}{counts}."
