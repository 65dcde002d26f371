"""What a scan could not see: of that it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from reconciler.recovery.values import Unproved
from reconciler.recovery.walking.exclusions import Exclusions


class Hidden(Struct, frozen=True):
    """Says of a path whether a scan could not see it."""

    #: Whether it was left out, as somebody said.
    is_left_out: Callable[[bytes], bool] = lambda _path: False
    #: What could not be read; and of those the folders, below which nothing was seen.
    unread: frozenset[bytes] = frozenset()
    closed: tuple[bytes, ...] = ()

    def __call__(self, path: bytes) -> bool:
        """Return whether it could not see a path."""
        return self.is_left_out(path) or path in self.unread or self.is_closed(path)

    def is_closed(self, path: bytes) -> bool:
        """Return whether a path lies below a folder that it wanted to look into, and could not."""
        return path.startswith(self.closed) and not self.is_left_out(path)


#: It could see every path.
NOTHING_HIDDEN = Hidden()


def hidden_by(excluded: Sequence[str], unproved: Iterable[Unproved]) -> Hidden:
    """Return what says of a path whether a scan could not see it."""
    # What a limit left no room for was listed: of that a scan knows whether it is there.
    parts = [part for part in unproved if not (part.is_unread or part.is_unlisted)]
    folders = tuple(part.path for part in parts if part.is_folder)
    covers = Exclusions(excluded).covers
    return Hidden(covers, frozenset(part.path for part in parts), folders)
