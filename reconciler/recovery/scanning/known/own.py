"""What earlier runs of this very scan have read: those that were ended, and one that was overtaken.

A hash of theirs is taken as long as the file shows no change. What they have read was there, too:
that a file is gone, or rotten, since they read it, no record of a scan tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.schema import CONTENTS, SCANNED
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import READ
from reconciler.recovery.scanning.known import pieces
from reconciler.recovery.scanning.known.comparing import pairs
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.scanning.known.overtaken import Overtaken, unless_read_since
from reconciler.recovery.scanning.known.pieces import Begun, Unfinished

#: Where everything is to be read, what was read longer ago than this is read again.
FRESH = timedelta(days=7)


class Own:
    """The earlier runs of a scan; their files are there as long as `folder`."""

    def __init__(
        self,
        repository: Repository,
        unfinished: Unfinished | None,
        overtaken: Overtaken | None,
        folder: Path,
    ) -> None:
        """Take the pieces of runs that were ended, or what the run itself read before.

        Raises `RepositoryError`. Pieces that are damaged are left out.
        """
        runs = unfinished.runs if unfinished else ()
        self._runs = [(run, pieces.series(repository, run, folder)) for run in runs]
        #: Paths that they have found gone.
        self.gone = set[bytes]().union(*(pieces.gone(repository, run, folder) for run in runs))
        #: Whether they are shards: side by side, of which none has seen what another one has read.
        read = [run for run in runs if run.pieces]
        self.are_shards = bool(read) and all(run.begun.shard for run in read)
        self._overtaken = overtaken
        self._handed_out: list[tuple[Begun, Earlier]] = []
        self._part: Path | None = None

    def earlier(self, last: Last | None, agreeing: Sequence[str], since: int) -> list[Earlier]:
        """Return what they have read, the newest first; of what was read before `since` no hash.

        That is in whole seconds since 1970.
        """
        found = []
        for run, series in self._runs:
            rows = merge.joined([_rows(paths) for paths in series])
            clock = run.begun.clock_ns
            earlier = Earlier(rows, clock=clock, agreeing=agreeing, own=True, since=since)
            found.append((run.begun, earlier))
        if self._overtaken:
            found.append((self._overtaken.begun, self._overtaken.earlier(last, agreeing)))
        self._handed_out = found
        return [earlier for _, earlier in reversed(found)]

    def rows(self) -> list[Iterator[pa.RecordBatch]]:
        """Return what they have read, from the first row on, with the columns of `SCANNED`."""
        found = [_rows(paths) for _, series in self._runs for paths in series]
        if self._overtaken:
            found.append(read.scanned(*(part.path for part in self._overtaken.parts)))
        return found

    @property
    def counted(self) -> tuple[int, int]:
        """How many of their hashes were taken, and how many were not for their age alone."""
        each = [earlier for _, earlier in self._handed_out]
        return sum(one.taken for one in each), sum(one.aged for one in each)

    def begun(self, now: Begun) -> Begun:
        """Return how the first of all runs began, of those of which anything counts.

        Only once all was listed it is known which ones those are.
        """
        _, aged = self.counted
        each = (begun for begun, earlier in self._handed_out if earlier.taken or not aged)
        return next(each, now)

    def part(self, last: Last | None, folder: Path) -> Path | None:
        """Write what they have read, in `folder`: of each file once, before it was rotten.

        None if there was no earlier run of which it is known that it read the storage. Raises
        `SnapshotError`.
        """
        streams = [] if self._part else self._streams()
        if streams:
            others = contents_of(last.contents) if last else None
            with PartWriter(folder, CONTENTS) as writer:
                for batch in merge.joined(streams, chosen=pairs.unless_rotten):
                    writer.write(unless_read_since(batch, others))
                self._part = writer.finish().path
        return self._part

    def _streams(self) -> list[Iterator[pa.RecordBatch]]:
        """Return the contents of what was read, the oldest run first."""
        each = (series for run, series in self._runs if not run.doubted)
        parts = [_rows(paths) for series in each for paths in series]
        if self._overtaken:
            parts.append(read.batches(self._overtaken.parts[0].path, CONTENTS))
        return [map(_read, part) for part in parts]


def _rows(paths: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from read.batches(path, SCANNED)


def _read(batch: pa.RecordBatch) -> pa.RecordBatch:
    ours = pc.and_(pairs.has_bytes(batch), pc.equal(batch["proof"], READ))
    return batch.select(CONTENTS.names).filter(ours)
