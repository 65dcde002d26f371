"""What every format says of one file's row: how large it is, its hash, when it was written."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.environment.timestamps import timestamp
from reconciler.recovery import rows
from reconciler.recovery.rows import Content

#: So many digits of a hash are shown.
_DIGITS = 12


def size(content: Content) -> str:
    """Return how large a file is; empty if nobody knows."""
    return "" if content.size is None else f"{content.size:,} B"


def sha(content: Content) -> str:
    """Return the beginning of a hash; empty if there is none."""
    return "" if content.sha256 is None else f"SHA-256 {content.sha256.hex()[:_DIGITS]}"


def modified(content: Content) -> str:
    """Return when a file was written; empty if nobody knows."""
    if content.mtime_ns is None:
        return ""
    try:
        moment = datetime.fromtimestamp(content.mtime_ns // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"modified {timestamp(moment, 'seconds')}"


def proved(content: Content) -> str:
    """Return how, and when, the bytes behind a hash were read; empty if there is no hash."""
    if content.proof == rows.STORED:
        return "never read: a sum that the storage keeps"
    if content.proved_at is None:
        return ""
    when = timestamp(datetime.fromtimestamp(content.proved_at, UTC), "seconds")
    if content.proof == rows.ATTESTED:
        return f"not read here; by a report of the cloud of {when}"
    return f"read {when}" if content.proof == rows.READ else f"not read; known from {when}"
