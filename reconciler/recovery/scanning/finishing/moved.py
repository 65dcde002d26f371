"""Which of the files that have gone lie at another path now: those are not missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.scanning.known.comparing.attested import in_archive
from reconciler.recovery.scanning.known.comparing.pairs import has_bytes
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of

#: What follows the date of a file that was moved.
MARK = b" moved"
#: So many files are looked for together: each time all that is there is read.
_TOGETHER = 500_000


def marked(
    part: Written,
    since: bytes,
    contents: Path,
    before: Path,
    folder: Path,
    hidden: Callable[[bytes], bool],
) -> Written:
    """Return the remembered rows of `part` with a mark on those that were moved.

    Those are dated `since`, not in `contents` though no `hidden` path, and their bytes lie there at
    a path that `before`, the contents of the last scan, does not have; of those that nobody could
    read, a file of the same size and time. Each new file stands for one that has gone, and empty
    ones for none. Raises `RepositoryError`, `SnapshotError`.
    """
    there, number = contents_of(contents), 0
    with PartWriter(folder, CONTENTS) as writer:
        for some in _together(read.batches(part.path, CONTENTS)):
            gone = [_gone(rows, since, there) for rows in some]
            wanted = [r.filter(m) for r, m in zip(some, gone, strict=True)]
            came = _came(pa.Table.from_batches(wanted), contents, before)
            for rows, mask in zip(some, gone, strict=True):
                details = _details(rows, mask, came, hidden)
                number += pc.sum(pc.ends_with(details, MARK)).as_py() or 0
                writer.write(with_details(rows, details))
        return writer.finish() if number else part


def with_details(rows: pa.RecordBatch, details: pa.Array) -> pa.RecordBatch:
    """Return rows with other details."""
    column = CONTENTS.get_field_index("detail")
    return rows.set_column(column, CONTENTS.field(column), details)


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    some: list[pa.RecordBatch] = []
    for rows in batches:
        if some and sum(map(len, some)) + len(rows) > _TOGETHER:
            yield some
            some = []
        some.append(rows)
    if some:
        yield some


def _gone(rows: pa.RecordBatch, since: bytes, there: Earlier) -> pa.Array:
    gone = pc.and_(pc.equal(rows["detail"], since), pc.greater(rows["size"], 0))
    return pc.fill_null(pc.and_(gone, pc.is_null(there.beside(rows["path"])["path"])), False)


def _came(wanted: pa.Table, contents: Path, before: Path) -> Counter[object]:
    """Count the files whose path is new, by what they have of what is wanted (`_marks`)."""
    came = Counter[object]()
    known = contents_of(before)
    hashes = wanted["sha256"].drop_null().combine_chunks()
    unread = wanted.filter(pc.is_null(wanted["sha256"]))
    marks, times = set(_stamps(unread)), unread["mtime_ns"].combine_chunks()
    for now in read.batches(contents, CONTENTS) if len(wanted) else ():
        new = pc.is_null(known.beside(now["path"])["path"])
        proved = pc.or_(has_bytes(now), in_archive(now))
        found = pc.and_(proved, pc.is_in(now["sha256"], value_set=hashes))
        came.update(values(now["sha256"].filter(pc.and_(new, found))))
        alike = pc.and_(pc.is_in(now["mtime_ns"], value_set=times), pc.is_valid(now["mtime_ns"]))
        others = now.filter(pc.and_(pc.and_not(new, found), alike))
        came.update(mark for mark in _stamps(others) if mark in marks)
    return came


def _marks(rows: pa.RecordBatch) -> Iterator[object]:
    """Yield by what each is known at another path: its bytes, else its size and time."""
    each = zip(values(rows["sha256"]), _stamps(rows), strict=True)
    return (stamp if hash is None else hash for hash, stamp in each)


def _stamps(rows: pa.RecordBatch | pa.Table) -> Iterator[object]:
    return zip(rows["size"].to_pylist(), rows["mtime_ns"].to_pylist(), strict=True)


def _details(
    rows: pa.RecordBatch, gone: pa.Array, came: Counter[object], hidden: Callable[[bytes], bool]
) -> pa.Array:
    if not came:
        return rows["detail"]
    details = values(rows["detail"])
    paths, marks = values(rows["path"]), [*_marks(rows)]
    for i, is_gone in enumerate(gone.to_pylist()):
        if is_gone and came[marks[i]] > 0 and not hidden(paths[i]):
            came[marks[i]] -= 1
            details[i] += MARK
    return pa.array(details, pa.binary())
