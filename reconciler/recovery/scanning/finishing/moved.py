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
    a path that `before`, the contents of the last scan, does not have; each new file stands for one
    that has gone, and empty ones for none. Raises `RepositoryError`, `SnapshotError`.
    """
    there, number = contents_of(contents), 0
    with PartWriter(folder, CONTENTS) as writer:
        for some in _together(read.batches(part.path, CONTENTS)):
            gone = [_gone(rows, since, there) for rows in some]
            hashes = [r["sha256"].filter(m) for r, m in zip(some, gone, strict=True)]
            came = _came(pa.concat_arrays(hashes), contents, before)
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


def _came(wanted: pa.Array, contents: Path, before: Path) -> Counter[bytes]:
    """Count the files with one of these hashes whose path is new."""
    came = Counter[bytes]()
    known = contents_of(before)
    for now in read.batches(contents, CONTENTS) if len(wanted) else ():
        new = pc.is_null(known.beside(now["path"])["path"])
        there = pc.or_(has_bytes(now), in_archive(now))
        new = pc.and_(new, pc.and_(there, pc.is_in(now["sha256"], value_set=wanted)))
        came.update(values(now["sha256"].filter(new)))
    return came


def _details(
    rows: pa.RecordBatch, gone: pa.Array, came: Counter[bytes], hidden: Callable[[bytes], bool]
) -> pa.Array:
    if not came:
        return rows["detail"]
    details = values(rows["detail"])
    paths, hashes = values(rows["path"]), values(rows["sha256"])
    for i, is_gone in enumerate(gone.to_pylist()):
        if is_gone and came[hashes[i]] > 0 and not hidden(paths[i]):
            came[hashes[i]] -= 1
            details[i] += MARK
    return pa.array(details, pa.binary())
