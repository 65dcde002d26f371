"""One scan made of several runs, each of which reads its shard of the storage: `--shard K/N`.

A shard is a scan that reads only its own files, and ends with a mark instead of a record. The one
that finds the marks of all others there makes the record: as any scan that goes on from what runs
before it have read, so that the result is that of one scan, whoever has read what. Of two that do
so at once one writes the record, and the other one finds it there.
"""

from __future__ import annotations

from contextlib import ExitStack

from reconciler.recovery.rows import Rows, chosen
from reconciler.recovery.scanning import outcome, reasons
from reconciler.recovery.scanning.known import pieces, record, shards
from reconciler.recovery.scanning.known.keeping import Compared
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import Brought
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.scanning.storage import StorageScan
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Scan, Target


class _FinishedError(Exception):
    """Another run has written the record of this scan, or a later one. Never leaves this module."""


class ShardScan(StorageScan):
    """The scan of a shard; `finishes` is the scan that is to be finished now, else empty."""

    finishes = ""

    def __init__(
        self,
        shard: Shard,
        target: Target,
        source: Source,
        means: Means,
        opened: ExitStack,
        result: Scanned,
    ) -> None:
        """Take the shard, and what a scan is to be done with."""
        super().__init__(target, source, means, opened, result)
        self._shard, self._label = shard, str(shard)
        self._after_scan = ""
        self._common: pieces.Unfinished | None = None

    def run(self) -> None:
        """Read the shard; raises what any scan does."""
        try:
            super().run()
        except _FinishedError:
            self._end(outcome.UNFINISHED, reasons.SHARD_OVERTAKEN)

    def _unfinished(self, after: str) -> pieces.Unfinished | None:
        """Return the scan that the shards make; none of them may have begun it."""
        self._after_scan = after
        self._common = shards.unfinished(self._repository, self._target.place, after=after)
        found = self._common or super()._unfinished(after)
        return found and shards.without_others(found, self._shard)

    def _proved(self, last: Scan | None, unfinished: pieces.Unfinished | None) -> Root:
        # What the others have read is not fetched to be kept, but must be here as well.
        root = super()._proved(last, self._common or unfinished)
        if self._common is not None:
            return root
        place, after = self._target.place, self._after_scan
        scan, begun = self._run, pieces.begun_at(self._started, root)
        if unfinished is not None:  # an ordinary one, which the shards finish together
            scan, begun = unfinished.id, unfinished.runs[0].begun
        if shards.agree(self._repository, place, scan, begun, after=after):
            self._common = pieces.Unfinished(scan, (pieces.Run("", begun, ()),))
            return root
        self._common = shards.unfinished(self._repository, place, after=after)
        if self._common is None:  # it was begun and finished meanwhile
            raise _FinishedError
        # Another shard was quicker: what it has proved must be what is here.
        return root if self._is_accepted else self._source.prove(self._common.runs[0].begun.root)

    def _begin(self, unfinished: pieces.Unfinished | None, root: Root) -> pieces.Begun:
        begun = super()._begin(self._common, root)
        if unfinished is None:  # it is just beginning
            self.result.went_on_from = ""
        return begun

    def _share(self, compared: Compared) -> Compared:
        """Leave the other shards what is theirs."""
        mine = self._shard.among(compared.wanted.path)
        wanted = chosen(compared.wanted, mine)
        tally = self._means.tally
        tally.settled_files += len(compared.wanted) - len(wanted)
        tally.settled_bytes += _size(compared.wanted) - _size(wanted)
        return compared._replace(wanted=wanted, known=[compared.known[i] for i in mine])

    def _keep(self, *_: object) -> None:
        """Keep that the shard was read, and say who is not through."""
        place, repository = self._target.place, self._repository
        shards.mark(repository, place, self._id, self._shard)
        left = shards.left(repository, place, self._id, self._shard)
        newest = record.newest(repository, place)
        if newest not in (self._after, self._id):
            raise _FinishedError
        if newest == self._id:  # and with the record, the marks have gone
            left = []
        told = reasons.shards_left(self._shard, left, follows=bool(self._after))
        self._end(outcome.SHARD_DONE, told)
        self.finishes = "" if left else self._id


class LastScan(StorageScan):
    """The scan that puts together what the shards have read."""

    def __init__(
        self,
        scan: str,
        target: Target,
        source: Source,
        means: Means,
        opened: ExitStack,
        result: Scanned,
    ) -> None:
        """Take the id of the scan that the shards have made, and what it is to be done with."""
        super().__init__(target, source, means, opened, result)
        self._scan = scan

    def run(self) -> None:
        """Finish the scan, unless another run has."""
        if self._is_finished():
            return
        try:
            super().run()
        except _FinishedError:
            if not self._is_finished():
                self._end(outcome.UNFINISHED, reasons.SHARD_OVERTAKEN)
        else:
            if self.overtaken and self._is_finished():
                self.overtaken = None

    def _unfinished(self, after: str) -> pieces.Unfinished | None:
        found = shards.unfinished(self._repository, self._target.place, after=after)
        if found is None or found.id != self._scan:  # another scan has ended since the shard has
            raise _FinishedError
        return found

    def _estimate(self, last: Scan | None, root: Root) -> None:
        """Say nothing: the shard has."""

    def _share(self, compared: Compared) -> Compared:
        """Read what no shard has, as it came since; nothing where another run was quicker.

        That one has removed what the shards have left, so that nothing would seem to be read.
        """
        if len(compared.wanted) and self._record() is not None:
            raise _FinishedError
        return compared

    def _record(self) -> Scan | None:
        return record.of(self._repository, self._target.place, self._scan)

    def _is_finished(self) -> bool:
        """Return whether another run has written the record; then it is this one's result."""
        scan = self._record()
        if scan is None:
            return False
        self.result.scan, self.result.went_on_from = scan, scan.started_at
        if not scan.complete:
            self._end(outcome.INCOMPLETE, reasons.incomplete(0, Brought()))
        return True


def attempt_after(
    before: StorageScan | None,
    target: Target,
    source: Source,
    means: Means,
    opened: ExitStack,
    result: Scanned,
) -> StorageScan:
    """Return the scan that is made now; `before` is the one that did not come to an end."""
    if isinstance(before, ShardScan):
        return LastScan(before.finishes, target, source, means, opened, result)
    if before is None and means.wish.shard is not None:
        return ShardScan(means.wish.shard, target, source, means, opened, result)
    result.notes += [reasons.AGAIN] if before else []
    overtaken = before.overtaken if before else None
    return StorageScan(target, source, means, opened, result, overtaken)


def is_over(one: StorageScan) -> bool:
    """Return whether no other attempt has to follow one that was made."""
    finishes = isinstance(one, ShardScan) and one.finishes
    return one.overtaken is None and not finishes


def _size(files: Rows) -> int:
    return sum(size or 0 for size in files.size)
