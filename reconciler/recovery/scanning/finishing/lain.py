"""What lies at a path, and what was known to lie there when the scan began."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.convert import values
from reconciler.recovery.scanning.finishing.away import away
from reconciler.recovery.scanning.finishing.knowing import Known
from reconciler.recovery.scanning.known.comparing.attested import in_archive
from reconciler.recovery.scanning.known.comparing.pairs import has_bytes
from reconciler.recovery.scanning.known.earlier import contents_of

#: Size and time of a file, as far as they are known.
Stamp: TypeAlias = tuple[int | None, int | None]


class File(NamedTuple):
    """What lies at a path; the path is empty where nothing does."""

    path: bytes
    kind: str
    stamp: Stamp
    sha256: bytes | None
    is_moved: bool


class Before(NamedTuple):
    """What was known to lie at a path."""

    #: After the last scan, and in it; and what earlier runs of this one have found since.
    last: File
    was: File
    now: File
    #: What should lie there, and was missed when the last scan had ended.
    should_be: File
    #: Whether only those runs ever saw something there.
    is_own: bool

    def is_back(self, now: File) -> bool:
        """Return whether what lies there is what should, and is known to lie nowhere else."""
        good = self.should_be
        is_read = now.sha256 is not None and good.sha256 is not None
        is_it = now.sha256 == good.sha256 if is_read else now.stamp == good.stamp
        return is_it and bool(good.path) and not good.is_moved

    def alone(self, *, is_first: bool) -> Before:
        """Return what was known without those runs; nothing if there was no scan before."""
        last, was = (NOTHING, NOTHING) if is_first else (self.last, self.was)
        return Before(last, was, NOTHING, self.should_be, self.is_own)


NOTHING = File(b"", "", (None, None), None, is_moved=False)


class Asked:
    """Says what was known of paths, which are asked for in order."""

    def __init__(self, known: Known) -> None:
        self._hidden = known.hidden
        self._before = contents_of(known.before)
        self._good = contents_of(known.remembered) if known.remembered else None
        self._now = contents_of(known.contents)

    def of(self, paths: pa.Array) -> Iterator[Before]:
        """Yield what was known to lie at each of these paths."""
        before, now = (files(each.beside(paths)) for each in (self._before, self._now))
        good = files(self._good.beside(paths)) if self._good else repeat(NOTHING, len(paths))
        for was, should_be, own in zip(before, good, now, strict=True):
            is_known = was.path or (should_be.path and self._hidden(should_be.path))
            is_better = was.sha256 is None and should_be.sha256 and not should_be.is_moved
            last = should_be if is_known and is_better else was
            yield Before(last, was, own, should_be, is_own=not (was.path or should_be.path))


def files(rows: pa.RecordBatch) -> Iterator[File]:
    """Yield what each row is; of bytes that nobody has read, no hash."""
    sha256 = values(pc.if_else(pc.or_(has_bytes(rows), in_archive(rows)), rows["sha256"], None))
    columns = lists(rows, "path", "kind", "size", "mtime_ns", "detail")
    for (path, kind, size, mtime_ns, detail), hash in zip(
        zip(*columns, strict=True), sha256, strict=True
    ):
        yield File(path or b"", kind or "", (size, mtime_ns), hash, away(detail).is_moved)


def lists(rows: pa.RecordBatch, *names: str) -> tuple[list[Any], ...]:
    """Return columns of these rows as Python has them."""
    return tuple(values(rows[name]) for name in names)
