"""About which files a scan, or a snapshot, can say anything at all."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable

from msgspec import Struct

#: How long a file must not have changed to be expected to stay as it is; nanoseconds.
SETTLED_NS = 7 * 86_400 * 10**9


def nothing_excluded(_path: bytes) -> bool:
    """Say of every path that it was not left out."""
    return False


class Lost:
    """The parts of a storage about which nothing is known: folders, files, or all of it."""

    def __init__(self, paths: Iterable[bytes] = ()) -> None:
        """Keep `paths`: a folder ends with `/`, and an empty path means everything."""
        self._paths: list[bytes] = []
        for path in paths:
            self.add(path)

    def add(self, path: bytes) -> None:
        """Take note of one more."""
        if self.over(path) is None:
            # None of them may lie in another one: see `over`.
            self._paths = [known for known in self._paths if not _holds(path, known)]
            insort(self._paths, path)

    def over(self, path: bytes) -> bytes | None:
        """Return the part in which `path` lies, or is; None if it is in none."""
        # As no part lies in another, only the last that sorts before `path` can be the one.
        at = bisect_right(self._paths, path) - 1
        return self._paths[at] if at >= 0 and _holds(self._paths[at], path) else None


class Side(Struct, frozen=True):
    """One of the two that are compared."""

    #: When it was scanned; nanoseconds since 1970.
    taken_ns: int
    lost: Lost
    #: Says of a path whether the scan left it out.
    excluded: Callable[[bytes], bool] = nothing_excluded
    #: Whether it left anything out.
    is_partial: bool = False


class Circumstances(Struct, frozen=True):
    """What a difference is judged by, beside the two rows."""

    #: The storage, by name, and its location.
    storage: str
    place: str
    was: Side
    now: Side
    settled_ns: int = SETTLED_NS
    #: Whether what is now is a copy, on which nobody works: whatever differs in it is wrong.
    is_copy: bool = False
    #: Whether only what was read now proves anything, and what a cloud attests does not.
    afresh: bool = False


def _holds(part: bytes, path: bytes) -> bool:
    below = not part or part.endswith(b"/")
    return part == path or (below and path.startswith(part))
