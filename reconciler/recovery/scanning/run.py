"""A scan of storages, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack

from reconciler.errors import ClusterError, RepositoryError, UnreachableError
from reconciler.location import bucket_of
from reconciler.recovery.cloud.attesting import AttestedSource
from reconciler.recovery.cloud.lists import BucketList
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.objects.source import BucketSource
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.means import Here, Means
from reconciler.recovery.scanning.outcome import (
    NOT_BEGUN,
    NOT_REACHABLE,
    UNFINISHED,
    Scanned,
    Tally,
    Wish,
)
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.reading.tasks import Opener
from reconciler.recovery.scanning.reading.threads import threads_of
from reconciler.recovery.scanning.sharding.attempts import attempt_after, is_over
from reconciler.recovery.scanning.storage import StorageScan
from reconciler.recovery.source import Source
from reconciler.recovery.values import Target

#: How often a storage is listed, if each time another scan of it ends meanwhile.
_ATTEMPTS = 4


def scan(
    targets: Sequence[Target],
    repository: Repository,
    wish: Wish,
    here: Here,
    *,
    open_source: Opener,
    pace: Pace | None = None,
    tally: Tally | None = None,
    executor: Executor | None = None,
    sums: Sums | None = None,
    lists: Mapping[str, BucketList] | None = None,
    catch_up: Callable[[str], None] = lambda _place: None,
) -> Generator[Scanned]:
    """Scan storages, and yield how the scan of each ended.

    An `executor` is one of other processes or machines, which open the storages themselves. What
    `sums` attest of a storage's objects need not be read; what lies in a bucket that one of `lists`
    is of, by its name, is taken from that. Before anything is read, `catch_up` keeps what scans
    of that place have found that were killed. One that can't be reached does not stop the others.
    Whoever ends it early through `pace` gets what was finished. Raises `RepositoryError` if the
    repository fails, once what was found until then is told; the next run goes on.
    """
    pace = pace or Pace()
    with threads_of(executor, wish.workers, pace) as threads:
        elsewhere = open_source if executor else None
        by = repository, wish, here, threads, pace, tally or Tally(), elsewhere
        means = Means(*by, sums, lists or {}, catch_up)
        for target in targets:
            if pace.stopping:
                yield Scanned(target.name, NOT_BEGUN, "The run was ended before its turn came")
            else:
                ended = _scanned(target, open_source, means)
                yield ended
                if ended.failure is not None:
                    raise ended.failure


def _scanned(target: Target, open_source: Opener, means: Means) -> Scanned:
    means.tally.begin(target.name, means.pace.files, means.pace.count)
    result = Scanned(target.name, place=target.place, repository=means.repository.address)
    one: StorageScan | None = None
    files = size = 0
    rotten: list[tuple[Content, Content]] = []
    with ExitStack() as opened:
        try:
            source = _opened(open_source(target, means.wish.excluded), target, means)
            opened.callback(source.close)
            for _ in range(_ATTEMPTS):
                files, size = files + result.files_read, size + result.bytes_read
                rotten = [*rotten, *result.rotten]
                result = Scanned(
                    target.name, place=target.place, repository=means.repository.address
                )
                means.tally.begin(target.name, means.pace.files, means.pace.count)
                one = attempt_after(one, target, source, means, opened, result)
                one.run()
                if is_over(one):
                    break
            else:
                result.status, result.reason = UNFINISHED, reasons.OVERTAKEN
            result.notes += source.notes if isinstance(source, AttestedSource) else []
        except UnreachableError as error:
            # What was read may not have been this storage at all.
            result.status, result.reason, result.rotten = NOT_REACHABLE, str(error), []
        except ClusterError as error:  # its pieces are kept, and others may be read
            result.status, result.reason = UNFINISHED, str(error)
        except RepositoryError as error:
            if not (rotten or result.rotten):
                raise
            # What was read is lost, but for what was found damaged: it may never be read so again.
            result.status, result.reason, result.failure = UNFINISHED, str(error), error
    # What earlier attempts have read, the last one has taken over: it is told as read.
    ours = min(files, result.taken_over)
    result.taken_over, result.files_kept = result.taken_over - ours, result.files_kept - ours
    result.files_read, result.bytes_read = files + result.files_read, size + result.bytes_read
    # What an earlier run of the scan has read stands in no record: only this one can tell of it.
    if result.scan and not result.went_on_from:
        result.rotten = []
    result.rotten = [*rotten, *result.rotten]
    return result


def _opened(source: Source, target: Target, means: Means) -> Source:
    """Return a source with what a cloud tells of it in files."""
    listed, bucket = means.list_of(target), bucket_of(target.type, target.url)
    if listed is not None and isinstance(source, BucketSource):
        source.listed_by(listed.everything)
    if means.sums is None or bucket is None or bucket.name not in means.sums.buckets:
        return source
    return AttestedSource(source, means.sums, bucket, means.wish.excluded)
