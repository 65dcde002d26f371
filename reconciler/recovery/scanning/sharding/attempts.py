"""Which scan is made of a storage: of a shard, the one that merges them, or of all of it."""

from __future__ import annotations

from contextlib import ExitStack

from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.sharding.merging import MergingScan
from reconciler.recovery.scanning.sharding.share import ShardScan
from reconciler.recovery.scanning.storage import StorageScan
from reconciler.recovery.source import Source
from reconciler.recovery.values import Target


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
        return MergingScan(before.finishes, target, source, means, opened, result)
    if before is None and means.wish.shard is not None:
        return ShardScan(means.wish.shard, target, source, means, opened, result)
    result.notes += [reasons.AGAIN] if before else []
    overtaken = before.overtaken if before else None
    return StorageScan(target, source, means, opened, result, overtaken)


def is_over(one: StorageScan) -> bool:
    """Return whether no other attempt has to follow one that was made."""
    finishes = isinstance(one, ShardScan) and one.finishes
    return one.overtaken is None and not finishes
