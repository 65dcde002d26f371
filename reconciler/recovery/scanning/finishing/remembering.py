"""What files should be that a scan could not see so: remembered from scan to scan.

A file may be gone, left out or unreadable in one scan, and rotten in the next. Each scan therefore
hands on what was good last: no scan has to look further back than to the one before it, whatever
was pruned meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.environment.timestamps import timestamp
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.rows import CHANGING
from reconciler.recovery.scanning.finishing import moved
from reconciler.recovery.scanning.finishing.away import Away, Stamp, away
from reconciler.recovery.scanning.finishing.displaced import Displaced, once
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.finishing.knowing import Known
from reconciler.recovery.scanning.finishing.moved import with_details
from reconciler.recovery.scanning.known.comparing import attested, pairs
from reconciler.recovery.scanning.known.earlier import contents_of

#: What is gone for so long is not expected back.
GONE_FOR = timedelta(days=400)


def remember(
    known: Known, contents: Path, folder: Path, moment: datetime, hidden: Hidden
) -> Written | None:
    """Write, as a part in `folder`, what files should be that `contents` has otherwise.

    None where there are none. Those are files of which the bytes are `known`, by the last scan, one
    before it or an earlier run, and this one does not know them, or has others though nobody wrote
    the file. What is gone is
    remembered for `GONE_FOR`; what this scan could not see, as `hidden` says of a path, for ever.
    So it is where another has come since: what comes takes the place of what lay there until then,
    and not of what had gone.
    Raises `RepositoryError`, `SnapshotError`.
    """
    since = timestamp(moment, "milliseconds")
    until = timestamp(moment - GONE_FOR, "milliseconds").encode()
    seen, before = contents_of(contents), contents_of(known.contents)
    going, displaced = _Going(since, hidden, known.hidden), Displaced()
    with PartWriter(folder, CONTENTS) as writer:
        found = False
        for good in _good(known, since.encode()):
            now, then = seen.beside(good["path"]), before.beside(good["path"])
            stays = pc.invert(displaced.take(good, now))
            good, now, then = (batch.filter(stays) for batch in (good, now, then))  # noqa: PLW2901
            unlike = pc.or_(pc.invert(_is_seen(now, good)), pairs.rotten(now, good))
            unlike = pc.or_(unlike, attested.rotten(now, good))
            rows, now, then = (batch.filter(unlike) for batch in (good, now, then))
            rows = going.dated(rows, now, then)
            kept = pc.or_(pairs.is_there(now), _lasting(rows, until, hidden))
            rows = rows.filter(pc.and_not(kept, _replaced(rows, now)))
            if rows.num_rows:
                found = True
                writer.write(rows)
        if not (found or displaced):
            return None
        written = displaced.joined(writer.finish(), folder)
    if going.is_any or displaced:
        written = moved.marked(written, since.encode(), contents, known, folder, hidden)
    return once(written, folder) if displaced or displaced.were_any else written


class _Going:
    """Notes which files have gone since the last scan."""

    def __init__(self, since: str, hidden: Hidden, was_hidden: Hidden) -> None:
        self._since = since.encode()
        self._hidden, self._was_hidden = hidden, was_hidden
        #: Whether any are gone, now or before, of which nobody knows where they lie.
        self.is_any = False

    def dated(
        self, good: pa.RecordBatch, now: pa.RecordBatch, then: pa.RecordBatch
    ) -> pa.RecordBatch:
        """Return what should be; what is gone only now with the date of now.

        That is what the last scan saw, or could not see; `then` has its rows.
        """
        details = [away(detail) for detail in values(good["detail"])]
        there, was_there = pairs.is_there(now).to_pylist(), pairs.is_there(then).to_pylist()
        is_rotten = pairs.rotten(now, good).to_pylist()
        empty = pc.fill_null(pc.equal(good["size"], 0), False).to_pylist()
        written, was_written = _written(good, now), _written(good, then)
        for i, path in enumerate(values(good["path"])):
            was = details[i]
            if there[i]:
                # Of what nobody could read, and may be that file, it is still to be found out.
                is_open = (was.is_moved or was.is_missed) and not is_rotten[i]
                details[i] = was if is_open else Away(was.since)
                came = was.is_written_lost or was.is_gone
                came = came or not (was_there[i] or self._was_hidden(path))
                if written[i] and came and not was.is_moved:
                    details[i] = Away(was.since, written=written[i], is_written_lost=True)
            elif not self._hidden(path) and (was_there[i] or self._may_have_gone(path, was)):
                details[i] = was._replace(since=self._since, maybe=b"", is_moved=False)
                # Nobody looks for empty ones elsewhere: any may be any other.
                details[i] = details[i]._replace(is_gone=empty[i] or was.is_gone)
            if not there[i] and was_written[i]:
                lost = was.is_written_lost
                details[i] = details[i]._replace(written=was_written[i], is_written_lost=lost)
            self.is_any = self.is_any or not (there[i] or details[i].is_moved)
        return with_details(good, pa.array((each.detail for each in details), pa.binary()))

    def _may_have_gone(self, path: bytes, was: Away) -> bool:
        """Return whether nobody could see it in the last scan, and it is not known to be away."""
        return self._was_hidden(path) and not (was.is_moved or was.maybe or was.is_gone)


def _good(known: Known, since: bytes) -> Iterator[pa.RecordBatch]:
    """Yield what is known to be good; what was remembered before is more so than what is there.

    The detail of a row is since when it is not seen so (`dated`).
    """
    there = (_dated(batch, since) for batch in read.batches(known.contents, CONTENTS))
    if known.remembered is None:
        return there
    return merge.joined([there, read.batches(known.remembered, CONTENTS)])


def _dated(batch: pa.RecordBatch, since: bytes) -> pa.RecordBatch:
    rows = batch.filter(_known(batch))
    return with_details(rows, pa.repeat(pa.scalar(since, pa.binary()), rows.num_rows))


def _known(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it is known to be a file, whether or not anybody could read it.

    What lies in a folder that may be listed and not entered can be a link as well; and of what is
    written just now nobody can say whether it is another file. Never null.
    """
    is_file = pc.and_(pc.is_valid(rows["size"]), pc.is_valid(rows["mtime_ns"]))
    is_file = pc.and_not(is_file, pc.fill_null(pc.equal(rows["kind"], CHANGING), False))
    return pc.or_(pairs.has_bytes(rows), pc.and_(pairs.is_there(rows), is_file))


def _is_seen(now: pa.RecordBatch, good: pa.RecordBatch) -> pa.Array:
    """Say for each row whether as much is known of it as of what is good. Never null."""
    proved = pc.or_(pairs.has_bytes(now), attested.in_archive(now))
    return pc.or_(proved, pc.and_(pairs.is_there(now), pc.is_null(good["sha256"])))


def _written(good: pa.RecordBatch, then: pa.RecordBatch) -> list[Stamp | None]:
    """Return of each row the size and time of what somebody had written `then`, and nobody read."""
    is_unread = pc.and_not(_known(then), pairs.has_bytes(then))
    is_other = pc.invert(pairs.is_same(then, good, ("size", "mtime_ns", "version")))
    each = zip(values(then["size"]), values(then["mtime_ns"]), strict=True)
    written = pc.and_(is_unread, is_other).to_pylist()
    return [stamp if is_it else None for is_it, stamp in zip(written, each, strict=True)]


def _replaced(rows: pa.RecordBatch, now: pa.RecordBatch) -> pa.Array:
    """Say for each row whether the file was moved, and another lies there now. Never null."""
    is_moved = pa.array([away(detail).is_moved for detail in values(rows["detail"])], pa.bool_())
    return pc.and_(is_moved, pairs.is_there(now))


def _lasting(rows: pa.RecordBatch, until: bytes, hidden: Hidden) -> pa.Array:
    """Say for each row, of what may be gone, whether it is still remembered."""
    each = zip(values(rows["path"]), map(away, values(rows["detail"])), strict=True)
    return pa.array(
        [was.since > until or bool(was.maybe) or hidden(path) for path, was in each], pa.bool_()
    )
