"""The state server as one ASGI application."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route, Router

from reconciler.server.calls.auth import Gate
from reconciler.server.calls.call import JSON, NDJSON, Operation
from reconciler.server.calls.headers import MERGE_PATCH
from reconciler.server.front import Front, nothing_here
from reconciler.server.resources.audit import Audit
from reconciler.server.resources.inventory import Inventories
from reconciler.server.resources.lease import Lock
from reconciler.server.resources.metrics import Metrics
from reconciler.server.resources.platform import PlatformResource
from reconciler.server.resources.resource import Resource, Threads
from reconciler.server.resources.storages import Storages
from reconciler.server.store.store import Store
from reconciler.server.store.values import OPERATOR

_Operations = Mapping[str, Mapping[str, Operation]]


def make_app(store: Store) -> Front:
    """Make the application that serves a store."""
    gate, threads, metrics = Gate(store), Threads(), Metrics(store)
    templates = {**_platform(store, metrics), **_storages(store), **_lock_and_audit(store)}
    routes = [
        Route(template, Resource(template, operations, gate, threads))
        for template, operations in templates.items()
    ]
    return Front(Router(routes, redirect_slashes=False, default=nothing_here), metrics)


def _platform(store: Store, metrics: Metrics) -> _Operations:
    platform = PlatformResource(store)
    return {
        "/healthz": {"GET": Operation(platform.health, role=None, waits=False)},
        "/readyz": {"GET": Operation(platform.ready, role=None, kind="watch")},
        "/metrics": {"GET": Operation(metrics.show, kind="watch")},
        "/v1/openapi.yaml": {"GET": Operation(platform.interface, role=None, waits=False)},
        "/v1/platform": {"GET": Operation(platform.about)},
    }


def _storages(store: Store) -> _Operations:
    storages, inventories = Storages(store), Inventories(store)
    return {
        "/v1/storages": {
            "GET": Operation(storages.list),
            "POST": Operation(storages.create, OPERATOR, (JSON,), "write"),
        },
        "/v1/storages/{id}": {
            "GET": Operation(storages.get),
            "PATCH": Operation(storages.update, OPERATOR, (MERGE_PATCH, JSON), "write"),
            "DELETE": Operation(storages.remove, OPERATOR, kind="write"),
        },
        "/v1/storages/{id}/inventory": {
            "GET": Operation(inventories.get, kind="download"),
            "POST": Operation(inventories.record, OPERATOR, (NDJSON,), "upload"),
        },
    }


def _lock_and_audit(store: Store) -> _Operations:
    lock, audit = Lock(store), Audit(store)
    return {
        "/v1/lock": {
            "GET": Operation(lock.get, kind="lease"),
            "POST": Operation(lock.acquire, OPERATOR, (JSON,), "lease"),
            "PUT": Operation(lock.renew, OPERATOR, (JSON,), "lease"),
            "DELETE": Operation(lock.release, OPERATOR, kind="lease"),
        },
        "/v1/audit": {"GET": Operation(audit.list)},
    }
