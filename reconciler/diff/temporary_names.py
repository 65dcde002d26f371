"""The name that a storage has while a cycle of names is turned, and the one that it stands for."""

from __future__ import annotations

import hashlib

#: What tells a temporary name from others.
_MARK = "~move-"


def temporary(name: str, storage_id: str) -> str:
    """Name a storage while a cycle of names is turned: `NAME~move-H`, H from the live id."""
    return f"{resting(name, storage_id)}{_MARK}{_hash(storage_id)}"


def resting(name: str, storage_id: str | None) -> str:
    """Return the name that scope and protection go by: NAME for the temporary name of this id.

    Without an id, what looks like a temporary name is taken for one.
    """
    stem, mark, end = name.rpartition(_MARK)
    is_temporary = mark and (storage_id is None or end == _hash(storage_id))
    return stem if stem and is_temporary else name


def _hash(storage_id: str) -> str:
    return hashlib.sha256(storage_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
