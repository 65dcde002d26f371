"""A scan of storages, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from reconciler.errors import UnreachableError
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.outcome import NOT_BEGUN, NOT_REACHABLE, Scanned, Tally, Wish
from reconciler.recovery.scanning.pace import Pace
from reconciler.recovery.scanning.storage import Here, Means, StorageScan
from reconciler.recovery.source import Source
from reconciler.recovery.values import Target

Opener: TypeAlias = Callable[[Target, Sequence[str]], Source]


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
) -> Iterator[Scanned]:
    """Scan storages, and yield how the scan of each ended.

    One that can't be reached does not stop the others. Whoever ends it early through `pace` gets
    what was finished. Raises `RepositoryError` if the repository fails; the next run goes on.
    """
    pace = pace or Pace()
    with _threads(executor, wish.workers, pace) as threads:
        means = Means(repository, wish, here, threads, pace, tally or Tally())
        for target in targets:
            if pace.stopping:
                yield Scanned(target.name, NOT_BEGUN, "The time was over before its turn came")
            else:
                yield _scanned(target, open_source, means)


def _scanned(target: Target, open_source: Opener, means: Means) -> Scanned:
    means.tally.begin(target.name, means.pace.count)
    result = Scanned(target.name)
    with ExitStack() as opened:
        try:
            source = open_source(target, means.wish.excluded)
            opened.callback(source.close)
            StorageScan(target, source, means, opened, result).run()
        except UnreachableError as error:
            result.status, result.reason = NOT_REACHABLE, str(error)
    return result


@contextmanager
def _threads(given: Executor | None, workers: int, pace: Pace) -> Iterator[Executor]:
    """Give what reads; if anything goes wrong, nothing goes on to be read."""
    pool = given or ThreadPoolExecutor(workers, "scan")
    try:
        yield pool
    except BaseException:
        pace.end()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    if given is None:
        pool.shutdown()
