"""`/metrics`: numbers for Prometheus, without any name or token."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from reconciler.server.calls.request import Answer, Request
from reconciler.server.store.store import Store

#: The status of requests whose client did not wait for the answer.
_GONE = "gone"
#: Method and route of requests that were refused before either was known.
_UNKNOWN = "other"

# When a counter was made is of no use to Prometheus, which notices by itself that one starts anew.
disable_created_metrics()  # type: ignore[no-untyped-call]


class _Platform(Collector):
    """Reads from the store what it holds, when it is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: that would read the store at start."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read the numbers."""
        yield GaugeMetricFamily("reconciler_storages", "Live storages.", self._store.count())
        yield GaugeMetricFamily(
            "reconciler_revision", "Revision of the platform.", self._store.revision()
        )


class Metrics:
    """Counts requests, and tells of the store."""

    def __init__(self, store: Store) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Platform(store))
        self._requests = Counter(
            "reconciler_http_requests",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "reconciler_http_request_seconds",
            "How long requests took, by method and route.",
            ("method", "route"),
            registry=self._registry,
        )

    def count(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests.labels(method, route, _GONE if status is None else str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def count_refusal(self, status: int) -> None:
        """Count a request that was refused on the wire, without a method, route or beginning."""
        self._requests.labels(_UNKNOWN, _UNKNOWN, str(status)).inc()

    def show(self, request: Request) -> Answer:
        """Return all numbers in Prometheus's text format."""
        request.query()
        return Answer(200, generate_latest(self._registry), CONTENT_TYPE_LATEST)
