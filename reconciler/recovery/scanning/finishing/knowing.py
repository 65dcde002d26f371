"""What is known when a scan ends of what files should be: by earlier scans, and its own runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.scanning.finishing.displaced import Displaced
from reconciler.recovery.scanning.finishing.hiding import NOTHING_HIDDEN, Hidden, hidden_by, listed
from reconciler.recovery.scanning.known.comparing import pairs
from reconciler.recovery.scanning.known.earlier import contents_of
from reconciler.recovery.scanning.known.last_rows import Last


class Known(NamedTuple):
    """What is known: files are there as long as what they were opened with."""

    #: What was there.
    contents: Path
    #: What files should be that `contents` has otherwise, if there are any.
    remembered: Path | None
    #: Says of a path whether nobody could see it.
    hidden: Hidden
    #: What was there in the last scan alone: `contents` has what runs of this one have read since.
    before: Path
    #: Whether what runs of this one have read was read side by side, and not one after the other.
    is_side_by_side: bool = False


def of_scan(last: Last) -> Known:
    """Return what is known after a scan."""
    hidden = hidden_by(last.scan.excluded, last.scan.unproved, listed(last.contents))
    return Known(last.contents, last.remembered, hidden, last.contents)


def known(last: Last | None, part: Path | None, folder: Path) -> Known | None:
    """Return what is known when a scan ends, written into `folder`; None if nothing is.

    What its earlier runs have read, as `part` has it, takes the place of what the last scan had,
    unless it was rotten by then. Raises `SnapshotError`.
    """
    before = of_scan(last) if last else None
    if part is None or before is None:
        return before if part is None else Known(part, None, NOTHING_HIDDEN, part)
    both = [read.batches(path, CONTENTS) for path in (before.contents, part)]
    contents = _written(folder, merge.joined(both, chosen=pairs.unless_rotten)).path
    remembered = before.remembered and _not_written(before.remembered, part, folder)
    return before._replace(contents=contents, remembered=remembered)


def _not_written(remembered: Path, own: Path, folder: Path) -> Path:
    """Return what is remembered, but for what somebody had written when it was read since.

    What was missed by then is missed still.
    """
    since, displaced = contents_of(own), Displaced()

    def left() -> Iterator[pa.RecordBatch]:
        for good in read.batches(remembered, CONTENTS):
            now = since.beside(good["path"])
            stays = pc.or_(pc.invert(pairs.has_bytes(now)), pairs.alike(now, good))
            yield good.filter(pc.and_not(stays, displaced.take(good, now)))

    return displaced.joined(_written(folder, left()), folder).path


def _written(folder: Path, batches: Iterator[pa.RecordBatch]) -> Written:
    with PartWriter(folder, CONTENTS) as writer:
        for batch in batches:
            writer.write(batch)
        return writer.finish()
