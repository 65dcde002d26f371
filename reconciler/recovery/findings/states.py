"""When two states of a file are the same, for what was found of it."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.recovery.rows import DELETED, WITH_BYTES, Content

#: The detail of a file that is missed: it is that one or the one that is named before it.
EITHER = b"either"
#: And of one that an older snapshot has: whoever accepts that nothing is there gives it up as well.
OLDER = b"older"


def state_of(content: Content | None) -> tuple[object, ...]:
    """Return by what a file is the same as it was accepted."""
    if content is None:
        return ()
    if content.sha256 is not None:
        return (content.sha256,)
    return content.kind, content.size, content.version, content.detail


def same_state(one: Content | None, other: Content | None) -> bool:
    """Return whether two are the same by their bytes; what was deleted is not there."""
    states = (state_of(None if c is not None and c.kind == DELETED else c) for c in (one, other))
    return next(states) == next(states)


def is_bare(now: Content | None) -> bool:
    """Return whether a file is gone: nothing is there, or something that has no bytes."""
    return now is None or now.kind not in WITH_BYTES


def is_among(one: Content, others: Iterable[Content]) -> bool:
    """Return whether a file is one of those: by its bytes or, where nobody read both, as listed."""
    for other in others:
        if one.sha256 is not None and other.sha256 is not None:
            is_it = one.sha256 == other.sha256
        else:
            known = [(each.size, each.mtime_ns, each.version) for each in (one, other)]
            is_it = known[0] == known[1]
        if is_it:
            return True
    return False


def is_same_damage(wrong: Content, now: Content) -> bool:
    """Return whether a file has the bytes that were damage before, under whatever time.

    A file without bytes is known by its time.
    """
    if wrong.sha256 is None or wrong.sha256 != now.sha256:
        return False
    return bool(now.size) or wrong.mtime_ns == now.mtime_ns
