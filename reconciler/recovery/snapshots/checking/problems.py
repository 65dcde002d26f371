"""What a check finds wrong: plain values."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing that is wrong with a snapshot, or with what lies beside snapshots."""

    #: The snapshot, by id; empty: it is no part of one.
    snapshot: str
    #: The storage, by name; empty for the whole, or where it is not known.
    storage: str
    #: `snapshot`, `storages.yaml`, `inventory`, `contents`; of what lies beside `scan`, with its
    #: id if it is known, `findings`, `verified.json`, `prune`.
    what: str
    message: str
