"""The threads that read: of our own, so that one which hangs holds nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

from reconciler.recovery.scanning.reading.pace import Pace

P = ParamSpec("P")
T = TypeVar("T")


class Threads(Executor):
    """Threads that do not keep the program from ending: a read on a dead mount never returns."""

    def __init__(self, count: int) -> None:
        """Start them; `shutdown` has them end."""
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
def threads_of(given: Executor | None, workers: int, pace: Pace) -> Iterator[Executor]:
    """Give what reads; if anything goes wrong, nothing goes on to be read."""
    pool = given or Threads(workers)
    try:
        yield pool
    except BaseException:
        pace.end()
        if given is None:
            pool.shutdown(wait=False)
        raise
    if given is None:
        pool.shutdown(wait=not pace.ended)
