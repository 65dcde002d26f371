"""`--on`: the cluster whose workers read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from reconciler.cli.context import Context
from reconciler.cli.options.extras import imported
from reconciler.errors import UsageError
from reconciler.masking import quoted_url

_MODULE = "reconciler.recovery.scanning.reading.cluster"
_SCHEMES = ("tcp", "tls")
#: Seconds for which a scheduler is waited for; and at least, though the time is over.
_PATIENCE, _LEAST = 10.0, 0.1


class Cluster(Protocol):
    """What reads on other machines (`recovery.scanning.reading.cluster`)."""

    threads: int

    def executor(self, storage: str) -> Executor:
        """Return what reads a storage; raises `ClusterError`."""


class Wish(Protocol):
    """What is asked for: the options of `scan`."""

    on: str | None
    #: Bytes a second.
    limit_rate: int | None


@contextmanager
def read_on(context: Context, wish: Wish) -> Iterator[Cluster | None]:
    """Give the cluster at the address in `wish`, as long as entered; None if none is given.

    Its scheduler is waited for as long as `--timeout` leaves, and a few seconds at most.

    Raises `UsageError` for what is no address, for a limit of bytes a second, which nobody could
    keep to there, or without the extra; `ClusterError`.
    """
    address = wish.on
    if address is None:
        yield None
        return
    where = urlsplit(address)
    if where.scheme not in _SCHEMES or not where.netloc:
        raise UsageError(
            f"--on {quoted_url(address)} is no address of a scheduler: write tcp://HOST:8786, or "
            "tls://HOST:8786"
        )
    if wish.limit_rate is not None:
        raise UsageError(
            "--limit-rate counts what this process reads, and with --on others read: leave "
            "--limit-rate out. --workers N has at most N tasks read at once"
        )
    left = context.limit.left()
    patience = _PATIENCE if left is None else min(_PATIENCE, max(left, _LEAST))
    cluster = imported("--on", "dask", _MODULE, "distributed")  # which takes a second
    context.note(f"Asking the scheduler at {quoted_url(address)}, for {patience:.3g} s at most.")
    with cluster.connected(address, patience) as there:
        yield there
