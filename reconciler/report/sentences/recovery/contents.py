"""What every format says of one file: how large it is, its hash, when it was written."""

from __future__ import annotations

from reconciler.environment.timestamps import moment_of
from reconciler.recovery import rows
from reconciler.recovery.findings.states import OLDER
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding

#: So many digits of a hash are shown.
_DIGITS = 12
#: So many other files that are missed at one path are told.
_ALSO = 3


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
    if content.mtime_ns <= rows.FIRST_NS:
        return "modified in 1677 or earlier"
    if content.mtime_ns >= rows.LAST_NS:
        return "modified in 2262 or later"
    return f"modified {moment_of(content.mtime_ns // 10**9)}"


def proved(content: Content) -> str:
    """Return how, and when, the bytes behind a hash were read; empty if there is no hash."""
    if content.proof == rows.STORED:
        return "never read: a sum that the storage keeps"
    if content.proved_at is None:
        return ""
    when = moment_of(content.proved_at)
    if content.proof == rows.ATTESTED:
        return f"not read here; by a report of the cloud of {when}"
    return f"read {when}" if content.proof == rows.READ else f"not read; kept from {when}"


def also_missed(finding: FileFinding) -> list[str]:
    """Say which other files that lay at the path are missed, each by what is known of it."""
    others = [each for each in finding.missed if each.detail != OLDER]
    told = (", ".join(filter(None, [size(o), sha(o), modified(o)])) for o in others[:_ALSO])
    more = [f"and {len(others) - _ALSO:,} more"] if len(others) > _ALSO else []
    return [*(f"missed there as well: {each}" for each in told), *more]
