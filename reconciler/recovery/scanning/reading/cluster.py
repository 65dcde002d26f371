"""Workers of a Dask cluster as what reads tasks: the one module that knows Dask.

The scheduler and its workers are somebody else's, who starts and ends them. How they are reached,
certificates among it, Dask's own configuration says.
"""

from __future__ import annotations

import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any, NamedTuple, ParamSpec, TypeVar

# Imported with this module, which is imported only if a cluster is asked for.
from dask import config
from dask.utils import parse_timedelta
from distributed import Client, Worker, get_worker

from reconciler.errors import ClusterError, ReconcilerError, UnreachableError
from reconciler.masking import masked_in, quoted_url
from reconciler.printable import quoted
from reconciler.version import __version__

P = ParamSpec("P")
T = TypeVar("T")

#: A worker that declares this before the name of a storage is where that one is read.
RESOURCE = "storage:"
#: How often a task is tried again that has failed by itself, beside what was lost with its worker.
_RETRIES = 2
#: Seconds in which a connection is closed; the scheduler may be gone.
_CLOSING = 2.0
#: Seconds between two looks whether somebody is there who reads; and without one after which tasks
#: are given up: a worker that was killed is started again by its nanny within some of them.
_LOOK, _PATIENCE = 5.0, 60.0
_LOGS = ("distributed", "tornado", "asyncio")
_AGAIN = "what was read is kept: run it again when it is there, and it goes on"


class _Facts(NamedTuple):
    """What is to be known of a worker."""

    release: str
    resources: dict[str, float]
    threads: int


class _Failed(NamedTuple):
    """What a task comes to that failed for a reason of ours: not to be tried again."""

    error: ReconcilerError
    worker: str


class Cluster:
    """A scheduler that answers, and its workers."""

    def __init__(self, client: Client, address: str) -> None:
        self._client = client
        self._address = address
        self._known: dict[str, _Facts] = {}
        self._reading: _Workers | None = None
        #: When somebody was there last who could read.
        self._seen = math.inf
        #: How many tasks the workers read at once.
        self.threads = sum(worker.threads for worker in self._workers())

    def executor(self, storage: str) -> Executor:
        """Return what reads a storage: the workers that declare it, or any if none does.

        Raises `ClusterError`.
        """
        resource = f"{RESOURCE}{storage}"
        declared = any(resource in worker.resources for worker in self._workers())
        wanted = {"resources": {resource: 1}} if declared else {}
        dask = self._client.get_executor(retries=_RETRIES, pure=False, **wanted)
        self._seen = math.inf
        self._reading = _Workers(dask, self._address, storage, declared=declared)
        return self._reading

    def look(self, now: float) -> None:
        """Give up the tasks that are waited for if nobody has been there for long who reads them.

        `now` is in seconds, by a clock that only goes on.
        """
        if self._reading is None:
            return
        there = set(self._client.nthreads())
        if came := there - self._known.keys():
            self._known |= self._client.run(_facts, workers=list(came))
        if any(self._reading.is_one(self._known[name]) for name in there & self._known.keys()):
            self._seen = now
        elif now - self._seen > _PATIENCE:
            self._reading.give_up()
        else:
            self._seen = min(self._seen, now)

    def watch(self, ended: Event) -> None:
        """Look again and again, until it is `ended`."""
        while not ended.wait(_LOOK):
            with suppress(Exception):  # a scheduler that is gone cancels all tasks itself
                self.look(time.monotonic())

    def _workers(self) -> list[_Facts]:
        try:
            found: dict[str, _Facts] = self._client.run(_facts)
        except Exception as error:
            raise _unfit(self._address, error) from error
        if not found:
            raise ClusterError(
                f"{quoted_url(self._address)} has no workers: start some, and scan then"
            )
        for worker, facts in sorted(found.items()):
            if facts.release != __version__:
                raise ClusterError(
                    f"the worker {worker} has release {facts.release}, and this is {__version__}: "
                    "install the same one everywhere"
                )
        self._known = found
        return list(found.values())


@contextmanager
def connected(address: str, patience: float) -> Iterator[Cluster]:
    """Give the cluster whose scheduler is at an address, as long as entered.

    `patience` is for how many seconds the scheduler is waited for, if Dask's own configuration
    (`distributed.comm.timeouts.connect`) does not say fewer. Raises `ClusterError` if it does not
    answer, or its workers can't read for us.
    """
    _hush()
    configured = parse_timedelta(config.get("distributed.comm.timeouts.connect"))
    patience = min(patience, configured)
    try:
        client = Client(address, set_as_default=False, name="reconciler", timeout=patience)
    except Exception as error:
        raise ClusterError(
            f"{quoted_url(address)}: no scheduler of Dask answers there within {patience:g} s "
            f"({_reason(error)}). Check the address and, where it wants TLS, that it begins with "
            "tls:// and that Dask's configuration (`distributed.comm.tls`) names your certificate "
            "and its authority"
        ) from error
    ended = Event()
    try:
        cluster = Cluster(client, address)
        threading.Thread(target=cluster.watch, args=[ended], name="cluster", daemon=True).start()
        yield cluster
    finally:
        ended.set()
        with suppress(Exception):
            client.close(timeout=_CLOSING)


class _Workers(Executor):
    """Hands tasks to workers, and says in our words what became of them."""

    def __init__(self, dask: Executor, address: str, storage: str, *, declared: bool) -> None:
        self._dask = dask
        self._address = address
        self._storage = storage
        self._declared = declared
        self._waited_for: set[Future[Any]] = set()

    def is_one(self, worker: _Facts) -> bool:
        """Return whether a worker is one of those that read."""
        return not self._declared or f"{RESOURCE}{self._storage}" in worker.resources

    def give_up(self) -> None:
        """Tell whoever waits for tasks that nobody does them."""
        what = f"that declares {quoted(RESOURCE + self._storage)} " if self._declared else ""
        for ours in list(self._waited_for):
            with suppress(InvalidStateError):  # it has just ended
                ours.set_exception(self._lost(f"no worker {what}is there any more"))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have something done by a worker."""
        try:
            theirs = self._dask.submit(_done_there, functools.partial(fn, *args, **kwargs))
        except Exception as error:
            raise self._lost(_reason(error)) from error
        ours: Future[T] = Future()
        self._waited_for.add(ours)
        ours.add_done_callback(self._waited_for.discard)
        ours.add_done_callback(lambda _: theirs.cancel())
        theirs.add_done_callback(functools.partial(self._hand_over, ours))
        return ours

    def _hand_over(self, ours: Future[Any], theirs: Future[Any]) -> None:
        if ours.cancelled():
            ours.set_running_or_notify_cancel()  # whoever waits for it is told only so
            return
        with suppress(InvalidStateError):  # it was just given up
            self._tell(ours, theirs)

    def _tell(self, ours: Future[Any], theirs: Future[Any]) -> None:
        if theirs.cancelled():
            ours.set_exception(self._lost("it was cancelled"))
        elif error := theirs.exception():
            ours.set_exception(self._lost(_reason(error)))
        elif isinstance(failed := theirs.result(), _Failed):
            ours.set_exception(self._failed(failed))
        else:
            ours.set_result(failed)

    def _lost(self, why: str) -> ClusterError:
        return ClusterError(
            f"A task was lost on {quoted_url(self._address)} ({why}). If the scheduler or workers "
            f"have gone, {_AGAIN}"
        )

    def _failed(self, failed: _Failed) -> ReconcilerError:
        if not isinstance(failed.error, UnreachableError) or self._declared:
            return failed.error
        return UnreachableError(
            f"{failed.error}: so says the worker {failed.worker}. If only some have it, declare "
            f"the resource {quoted(RESOURCE + self._storage)} on those",
            reason=failed.error.reason,
        )


def _hush() -> None:
    """Have Dask log nothing here: that is for those who run it, and our errors say what matters.

    A scheduler that goes leaves tracebacks of its event loop, too.
    """
    for name in (*logging.root.manager.loggerDict, *_LOGS):
        if name.partition(".")[0] in _LOGS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _facts(dask_worker: Worker) -> _Facts:
    state = dask_worker.state
    return _Facts(__version__, dict(state.total_resources), state.nthreads)


def _done_there(work: Callable[[], T]) -> T | _Failed:
    """Do it, on a worker: an error of ours is what came of it, and no reason to try it again."""
    try:
        return work()
    except ReconcilerError as error:
        return _Failed(error, get_worker().address)


def _unfit(address: str, error: Exception) -> ClusterError:
    if isinstance(error, ImportError | AttributeError):
        return ClusterError(
            f"the workers of {quoted_url(address)} can't read for us ({_reason(error)}): install "
            f"release {__version__} with the extras 'recovery' and 'dask' on each of them"
        )
    return ClusterError(f"{quoted_url(address)} does not answer any more ({_reason(error)})")


def _reason(error: BaseException) -> str:
    # Dask quotes addresses, and not as the user spelled them.
    text = masked_in(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
