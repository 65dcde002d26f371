"""`--on`: the cluster whose workers read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from reconciler.cli.options.extras import imported
from reconciler.errors import UsageError
from reconciler.masking import quoted_url

_MODULE = "reconciler.recovery.scanning.reading.cluster"
_SCHEMES = ("tcp", "tls")


class Cluster(Protocol):
    """What reads on other machines (`recovery.scanning.reading.cluster`)."""

    threads: int

    def executor(self, storage: str) -> Executor:
        """Return what reads a storage; raises `ClusterError`."""


@contextmanager
def read_on(address: str | None, rate: int | None) -> Iterator[Cluster | None]:
    """Give the cluster at an address, as long as entered; None if no address is given.

    Raises `UsageError` for what is no address, for a `rate` in bytes a second, which nobody could
    keep to there, or without the extra; `ClusterError`.
    """
    if address is None:
        yield None
        return
    where = urlsplit(address)
    if where.scheme not in _SCHEMES or not where.netloc:
        raise UsageError(
            f"--on {quoted_url(address)} is no address of a scheduler: write tcp://HOST:8786, or "
            "tls://HOST:8786"
        )
    if rate is not None:
        raise UsageError(
            "--limit-rate counts what this process reads, and with --on others read: leave one of "
            "them out. Fewer workers in the cluster read less at once"
        )
    # It takes a second to import.
    with imported("--on", "dask", _MODULE, "distributed").connected(address) as cluster:
        yield cluster
