"""A scan of storages, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

from reconciler.errors import UnreachableError
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.outcome import NOT_BEGUN, NOT_REACHABLE, Scanned, Tally, Wish
from reconciler.recovery.scanning.pace import Pace
from reconciler.recovery.scanning.storage import Here, Means, StorageScan
from reconciler.recovery.scanning.tasks import Opener
from reconciler.recovery.values import Target

P = ParamSpec("P")
T = TypeVar("T")


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

    An `executor` is one of other processes or machines, which open the storages themselves. One
    that can't be reached does not stop the others. Whoever ends it early through `pace` gets
    what was finished. Raises `RepositoryError` if the repository fails; the next run goes on.
    """
    pace = pace or Pace()
    with _threads(executor, wish.workers, pace) as threads:
        elsewhere = open_source if executor else None
        means = Means(repository, wish, here, threads, pace, tally or Tally(), elsewhere)
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


class _Threads(Executor):
    """Threads that do not keep the program from ending: a read on a dead mount never returns."""

    def __init__(self, count: int) -> None:
        self._todo: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"scan-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have something done by the next thread that is free."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        self._todo.put(work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - as in `Executor`
        """Have the threads end when they have nothing to do; nobody may submit any more."""
        for _ in self._threads:
            self._todo.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (work := self._todo.get()) is not None:
            work()


@contextmanager
def _threads(given: Executor | None, workers: int, pace: Pace) -> Iterator[Executor]:
    """Give what reads; if anything goes wrong, nothing goes on to be read."""
    pool = given or _Threads(workers)
    try:
        yield pool
    except BaseException:
        pace.end()
        if given is None:
            pool.shutdown(wait=False)
        raise
    if given is None:
        pool.shutdown()
