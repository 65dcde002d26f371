"""What was pruned, or would be: plain values."""

from __future__ import annotations

from msgspec import Struct

from reconciler.recovery.snapshots.document import Kept


class Fate(Struct, frozen=True):
    """What becomes of one snapshot."""

    kept: Kept
    #: Why it stays; empty: it goes.
    reasons: tuple[str, ...]


class Pruned(Struct, frozen=True):
    """What was removed, or would be."""

    #: Fit to be printed.
    repository: str
    #: Whether it was done; otherwise it was only shown.
    done: bool
    #: The oldest first.
    snapshots: tuple[Fate, ...]
    scans_kept: int
    scans_removed: int
    #: Parts that something still names; those that nothing names and that a later prune deletes,
    #: and those deleted now; with their bytes.
    parts_kept: int
    parts_waiting: int
    bytes_waiting: int
    parts_removed: int
    bytes_removed: int
    #: From when on a prune deletes all that wait: RFC 3339, UTC; empty if nothing does.
    again_after: str
    #: Files that killed runs had left.
    remains: int
