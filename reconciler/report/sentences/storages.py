"""What `list` reports: live storages, each with its standing towards the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.diff import Diff
from reconciler.model import State, Storage, unmanaged_because
from reconciler.report.sentences.terms import count

DECLARED, UNDECLARED, TO_REMOVE = "declared", "undeclared", "to be removed"
UNMANAGED, OUTSIDE = "unmanaged", "outside scope"
#: What a live storage can be, in the order in which they are counted.
STATUSES = (DECLARED, UNDECLARED, TO_REMOVE, UNMANAGED, OUTSIDE)


class Listed(Struct, frozen=True):
    """One live storage and its status; the status is empty where no manifest was read."""

    storage: Storage
    status: str


def statuses(state: State, diff: Diff) -> dict[str, str]:
    """Return for each live id how it stands towards the manifest."""
    found = {storage.id: DECLARED for storage in state.storages}
    found |= {storage.id: UNDECLARED for storage in (*diff.undeclared, *diff.interrupted)}
    found |= {item.live.id: TO_REMOVE for item in diff.removed}
    found |= {storage.id: OUTSIDE for storage in diff.outside}
    found |= {s.id: UNMANAGED for s in state.storages if unmanaged_because(s) is not None}
    return found


def listed(state: State, declared: Mapping[str, str]) -> list[Listed]:
    """Sort what is live by name; `declared` gives the status for a live id."""
    ordered = sorted(state.storages, key=lambda storage: (storage.name, storage.id))
    return [Listed(storage, declared.get(storage.id, "")) for storage in ordered]


def totals(storages: Sequence[Listed]) -> list[tuple[str, int]]:
    """Count the storages of each status, leaving out those that none has."""
    number = Counter(storage.status for storage in storages)
    return [(status, number[status]) for status in STATUSES if number[status]]


def total(storages: Sequence[Listed]) -> str:
    """Count all storages, and those of each status."""
    counts = ", ".join(f"{number:,} {status}" for status, number in totals(storages))
    return f"{count(len(storages), 'live storage')}{': ' if counts else ''}{counts}."
