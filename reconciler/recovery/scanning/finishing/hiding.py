"""What a scan could not see: of that it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.rows import UNREADABLE
from reconciler.recovery.scanning.finishing.displaced import path_of
from reconciler.recovery.values import Unproved
from reconciler.recovery.walking.exclusions import Exclusions

_SLASH = ord("/")


class Hidden(Struct, frozen=True):
    """Says of a path whether a scan could not see it."""

    #: Whether it was left out, as somebody said.
    is_left_out: Callable[[bytes], bool] = lambda _path: False
    #: What could not be read; and of those the folders, below which nothing was seen.
    unread: frozenset[bytes] = frozenset()
    closed: frozenset[bytes] = frozenset()

    def __call__(self, path: bytes) -> bool:
        """Return whether it could not see a path.

        What is missed where another has come is hidden by what hides both.
        """
        where = path_of(path)
        return self.is_left_out(where) or path in self.unread or self.is_closed(where)

    def is_closed(self, path: bytes) -> bool:
        """Return whether a path lies below a folder that it wanted to look into, and could not."""
        return self._is_below(path) and not self.is_left_out(path)

    def _is_below(self, path: bytes) -> bool:
        if not self.closed:
            return False
        ends = (i for i, each in enumerate(path, 1) if each == _SLASH)
        return b"" in self.closed or any(path[:end] in self.closed for end in ends)


#: It could see every path.
NOTHING_HIDDEN = Hidden()


def listed(contents: Path) -> Iterator[pa.RecordBatch]:
    """Yield of the rows of a scan what `hidden_by` needs; raises `SnapshotError`."""
    return read.batches(contents, CONTENTS, columns=["path", "kind", "size"])


def hidden_by(
    excluded: Sequence[str], unproved: Sequence[Unproved], rows: Iterable[pa.RecordBatch]
) -> Hidden:
    """Return what says of a path whether a scan could not see it.

    Its `rows` (`listed`) are read only if there was a folder that it could not list.
    """
    # What a limit left no room for was listed: of that a scan knows whether it is there.
    parts = [part for part in unproved if not (part.is_unread or part.is_unlisted)]
    covers = Exclusions(excluded).covers
    # Of many folders those above them are told, in which much may lie that was listed.
    closed = _closed(rows) if any(part.is_folder for part in parts) else frozenset()
    return Hidden(covers, frozenset(part.path for part in parts), closed)


def _closed(rows: Iterable[pa.RecordBatch]) -> frozenset[bytes]:
    """Return the folders that could not be listed."""
    closed = set[bytes]()
    for batch in rows:
        is_closed = pc.and_(pc.equal(batch["kind"], UNREADABLE), pc.is_null(batch["size"]))
        is_closed = pc.and_(is_closed, pc.ends_with(batch["path"], b"/"))
        closed.update(batch["path"].filter(is_closed).to_pylist())
    return frozenset(closed)
