"""How much there is to do, told before it begins: from the last scan, or from a listing."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from reconciler.recovery.rows import ATTESTED, FILE
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Estimate, Tally, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Scan

#: Objects that one request of a listing gives.
_PAGE = 1_000
#: Files that are listed and compared in a second, at least; and bytes read, where nothing says how
#: many it will be.
_LISTED = 20_000
ASSUMED_RATE = 100 << 20


def told(storage: str, last: Scan | None, source: Source, root: Root, means: Means) -> Estimate:
    """Say how much there is to do on a storage, and return it; raises `UnreachableError`."""
    if last:
        much = from_scan(last, means.wish)
    else:
        much = from_listing(source, root, means.wish, means.tally, means.pace)
    means.tally.files, means.tally.bytes = much.files, much.bytes
    means.here.estimated(storage, much)
    return much


def from_scan(scan: Scan, wish: Wish) -> Estimate:
    """Say it from the record of an earlier scan."""
    counts = scan.counts
    files = counts.kinds.get(FILE, 0)
    seconds = (_moment(scan.ended_at) - _moment(scan.started_at)).total_seconds()
    # A scan that read little says nothing about how quickly the storage can be read.
    telling = seconds > 1 and 2 * counts.bytes_read > counts.bytes
    rate = counts.bytes_read / seconds if telling else float(ASSUMED_RATE)
    return Estimate(
        files,
        counts.bytes,
        scan.started_at,
        wish.full,
        _requests(scan.root, counts.rows, files),
        *_time(counts.rows, counts.bytes if wish.full else 0, rate, wish),
        rate_is_assumed=not telling,
        due=wish.every is not None,
        shards=_shards(wish),
    )


def from_listing(source: Source, root: Root, wish: Wish, tally: Tally, pace: Pace) -> Estimate:
    """Say it after listing all of it, without reading a file; raises `UnreachableError`.

    If the scan is to end before that, it says what it has seen.
    """
    rows = files = size = attested = attested_size = 0
    for listed in source.listing():
        if pace.stopping:
            break
        rows += len(listed)
        files += listed.kind.count(FILE)
        size += sum(
            n or 0 for n, kind in zip(listed.size, listed.kind, strict=True) if kind == FILE
        )
        known = [i for i, p in enumerate(listed.proof) if p == ATTESTED and listed.kind[i] == FILE]
        attested += len(known)
        attested_size += sum(listed.size[i] or 0 for i in known)
        tally.files, tally.bytes = files, size
    requests = _requests(root, rows, files - attested)
    time = _time(rows, size - attested_size, float(ASSUMED_RATE), wish)
    estimate = Estimate(files, size, "", True, requests, *time, shards=_shards(wish))
    return replace(estimate, attested=attested)


def _requests(root: Root, rows: int, files: int) -> int | None:
    if root.kind != "bucket":
        return None
    return -(-rows // _PAGE) + files


def _time(rows: int, size: int, rate: float, wish: Wish) -> tuple[float, float]:
    """Return how many seconds it takes, and at which rate."""
    rate = min(rate, wish.limit_rate or rate)
    return rows / _LISTED + size / _shards(wish) / rate, rate


def _shards(wish: Wish) -> int:
    return wish.shard.of if wish.shard else 1


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
