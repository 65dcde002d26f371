"""Shards that are merged: the scan that makes one record of what all of them have read."""

from __future__ import annotations

from contextlib import ExitStack

from reconciler.recovery.scanning import outcome, reasons
from reconciler.recovery.scanning.known import pieces, record
from reconciler.recovery.scanning.known.comparing.kept_hashes import Compared
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import Brought
from reconciler.recovery.scanning.sharding import agreed
from reconciler.recovery.scanning.sharding.agreed import FinishedError
from reconciler.recovery.scanning.storage import StorageScan
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Scan, Target


class MergingScan(StorageScan):
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
        except FinishedError:
            if not self._is_finished():
                self._end(outcome.UNFINISHED, reasons.SHARD_OVERTAKEN)
        else:
            if self.overtaken and self._is_finished():
                self.overtaken = None

    def _unfinished(self, after: str) -> pieces.Unfinished | None:
        found = agreed.unfinished(self._repository, self._target.place, after=after)
        if found is None or found.id != self._scan:  # another scan has ended since the shard has
            raise FinishedError
        return found

    def _estimate(self, last: Scan | None, root: Root) -> None:
        """Say nothing: the shard has."""

    def _share(self, compared: Compared) -> Compared:
        """Read what no shard has, as it came since; nothing where another run was quicker.

        That one has removed what the shards have left, so that nothing would seem to be read.
        """
        if len(compared.wanted) and self._record() is not None:
            raise FinishedError
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
            self._end(outcome.INCOMPLETE, reasons.incomplete(scan, 0, Brought()))
        return True
