"""What a scan could not see: of that it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reconciler.recovery.values import Unproved
from reconciler.recovery.walking.exclusions import Exclusions

#: Says of a path whether a scan could not see it.
Hidden = Callable[[bytes], bool]


def nothing_hidden(_path: bytes) -> bool:
    """Say of every path that it could be seen."""
    return False


def hidden_by(excluded: Sequence[str], unproved: Iterable[Unproved]) -> Hidden:
    """Return what says of a path whether a scan could not see it."""
    covers = Exclusions(excluded).covers
    # What a limit left no room for was listed: of that a scan knows whether it is there.
    parts = [part for part in unproved if not (part.is_unread or part.is_unlisted)]
    each = frozenset(part.path for part in parts)
    folders = tuple(part.path for part in parts if part.is_folder)
    return lambda path: covers(path) or path in each or path.startswith(folders)
