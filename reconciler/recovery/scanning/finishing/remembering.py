"""What files should be that a scan could not see so: remembered from scan to scan.

A file may be gone, left out or unreadable in one scan, and rotten in the next. Each scan therefore
hands on what was good last: no scan has to look further back than to the one before it, whatever
was pruned meanwhile.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.environment.timestamps import timestamp
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.rows import ARCHIVED, CHANGING, FILE, UNREADABLE
from reconciler.recovery.scanning.known.earlier import contents_of
from reconciler.recovery.scanning.known.keeping import has_bytes, rotten
from reconciler.recovery.scanning.known.last import Last
from reconciler.recovery.values import Unproved
from reconciler.recovery.walking.exclusions import Exclusions

#: What has bytes, whether or not they could be read.
_BYTES = (FILE, ARCHIVED, CHANGING, UNREADABLE)
#: What is gone for so long is not expected back.
GONE_FOR = timedelta(days=400)


def remember(
    last: Last, contents: Path, folder: Path, moment: datetime, hidden: Callable[[bytes], bool]
) -> Written | None:
    """Write, as a part in `folder`, what files should be that `contents` has otherwise.

    None where there are none. Those are files of which the last scan, or one before it, knows the
    bytes, and this one does not, or has others though nobody wrote the file. What is gone is
    remembered for `GONE_FOR`; what this scan could not see, as `hidden` says of a path, for ever.
    Raises `RepositoryError`, `SnapshotError`.
    """
    since = timestamp(moment, "milliseconds").encode()
    until = timestamp(moment - GONE_FOR, "milliseconds").encode()
    seen = contents_of(contents)
    with PartWriter(folder, CONTENTS) as writer:
        found = False
        for good in _good(last, since):
            now = seen.beside(good["path"])
            unlike = pc.or_(pc.invert(has_bytes(now)), rotten(now, good))
            rows, now = good.filter(unlike), now.filter(unlike)
            rows = rows.filter(pc.or_(_there(now), _lasting(rows, until, hidden)))
            if rows.num_rows:
                found = True
                writer.write(rows)
        return writer.finish() if found else None


def hidden_by(excluded: Sequence[str], unproved: Iterable[Unproved]) -> Callable[[bytes], bool]:
    """Return what says of a path whether a scan could not see it."""
    covers = Exclusions(excluded).covers
    parts = tuple(each.path for each in unproved)
    return lambda path: covers(path) or path.startswith(parts)


def _good(last: Last, since: bytes) -> Iterator[pa.RecordBatch]:
    """Yield what is known to be good; what was remembered before is more so than what is there.

    The detail of a row is since when it is not seen so.
    """
    known = (_dated(batch, since) for batch in read.batches(last.contents, CONTENTS))
    if last.remembered is None:
        return known
    return merge.joined([known, read.batches(last.remembered, CONTENTS)])


def _dated(batch: pa.RecordBatch, since: bytes) -> pa.RecordBatch:
    rows = batch.filter(has_bytes(batch))
    column = CONTENTS.get_field_index("detail")
    return rows.set_column(
        column, CONTENTS.field(column), pa.repeat(pa.scalar(since, pa.binary()), rows.num_rows)
    )


def _there(now: pa.RecordBatch) -> pa.Array:
    kinds = (pc.fill_null(pc.equal(now["kind"], kind), False) for kind in _BYTES)
    return functools.reduce(pc.or_, kinds)


def _lasting(rows: pa.RecordBatch, until: bytes, hidden: Callable[[bytes], bool]) -> pa.Array:
    """Say for each row, of what may be gone, whether it is still remembered."""
    each = zip(values(rows["path"]), values(rows["detail"]), strict=True)
    return pa.array([since > until or hidden(path) for path, since in each], pa.bool_())
