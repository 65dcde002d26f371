"""A shard that is read: only its own files, with a mark at the end instead of a record."""

from __future__ import annotations

from contextlib import ExitStack

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.convert import values
from reconciler.recovery.rows import chosen
from reconciler.recovery.scanning import outcome, reasons
from reconciler.recovery.scanning.known import pieces, record
from reconciler.recovery.scanning.known.comparing.kept_hashes import Compared
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.scanning.sharding import agreed
from reconciler.recovery.scanning.sharding.agreed import FinishedError
from reconciler.recovery.scanning.storage import StorageScan
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Scan, Target


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
        except FinishedError:
            self._end(outcome.UNFINISHED, reasons.SHARD_OVERTAKEN)

    def _unfinished(self, after: str) -> pieces.Unfinished | None:
        """Return the scan that the shards make; none of them may have begun it."""
        self._after_scan = after
        self._common = agreed.unfinished(self._repository, self._target.place, after=after)
        found = self._common or super()._unfinished(after)
        return found and agreed.without_others(found, self._shard)

    def _proved(self, last: Scan | None, unfinished: pieces.Unfinished | None) -> Root:
        # What the others have read is not fetched to be kept, but must be here as well.
        root = super()._proved(last, self._common or unfinished)
        if self._common is not None:
            return root
        place, after = self._target.place, self._after_scan
        scan, begun = self._run, pieces.begun_at(self._started, root, self._past.listed_at)
        if unfinished is not None:  # an ordinary one, which the shards finish together
            scan, begun = unfinished.id, unfinished.runs[0].begun
        if agreed.agree(self._repository, place, scan, begun, after=after):
            self._common = pieces.Unfinished(scan, (pieces.Run("", begun, ()),))
            return root
        self._common = agreed.unfinished(self._repository, place, after=after)
        if self._common is None:  # it was begun and finished meanwhile
            raise FinishedError
        # Another shard was quicker: what it has proved must be what is here.
        return root if self._is_accepted else self._source.prove(self._common.runs[0].begun.root)

    def _begin(self, unfinished: pieces.Unfinished | None, root: Root) -> pieces.Begun:
        begun = super()._begin(self._common, root)
        if unfinished is None:  # it is just beginning
            self.result.went_on_from = ""
        return begun

    def _share(self, compared: Compared) -> Compared:
        """Leave the other shards what is theirs, and count what is its own."""
        mine = self._shard.among(compared.wanted.path)
        own = pa.array(self._shard.among(values(compared.settled["path"])), pa.int64())
        settled = compared.settled.take(own)
        return compared._replace(
            settled=settled,
            wanted=chosen(compared.wanted, mine),
            known=[compared.known[i] for i in mine],
            kept=pc.sum(compared.is_kept.take(own)).as_py() or 0,
            size=pc.sum(settled["size"]).as_py() or 0,
            alike=False,
            doubted=[path for path in compared.doubted if self._shard.has(path)],
            is_kept=compared.is_kept.take(own),
        )

    def _estimate(self, last: Scan | None, root: Root) -> None:
        """Say how much there is to do; how much of that is its own, nobody knows yet."""
        super()._estimate(last, root)
        self._means.tally.files = self._means.tally.bytes = 0

    def _keep(self, *_: object) -> None:
        """Keep that the shard was read, and say who is not through."""
        # An ordinary run that was ended has read what is of other shards as well.
        self.result.taken_over = min(self.result.taken_over, self.result.files_kept)
        place, repository = self._target.place, self._repository
        agreed.mark(repository, place, self._id, self._shard)
        left = agreed.left(repository, place, self._id, self._shard)
        newest = record.newest(repository, place)
        if newest not in (self._after, self._id):
            raise FinishedError
        if newest == self._id:  # and with the record, the marks have gone
            left = []
        told = reasons.shards_left(self._shard, left, follows=bool(self._after))
        self._end(outcome.SHARD_DONE, told)
        self.finishes = "" if left else self._id
