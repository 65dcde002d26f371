"""The state server as one ASGI application."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route, Router

from reconciler.server.calls.auth import Authentication
from reconciler.server.calls.headers import MERGE_PATCH
from reconciler.server.calls.request import JSON, NDJSON, Method
from reconciler.server.endpoint import Endpoint
from reconciler.server.middleware import Middleware, nothing_here
from reconciler.server.resources.audit import AuditResource
from reconciler.server.resources.inventory import InventoryResource
from reconciler.server.resources.lease import LeaseResource
from reconciler.server.resources.metrics import Metrics
from reconciler.server.resources.platform import PlatformResource
from reconciler.server.resources.storages import StoragesResource
from reconciler.server.store.store import Store
from reconciler.server.store.values import OPERATOR
from reconciler.server.wire.turns import ThreadLimits

_Methods = Mapping[str, Mapping[str, Method]]


def make_app(store: Store) -> Middleware:
    """Make the application that serves a store."""
    authentication, threads, metrics = Authentication(store), ThreadLimits(), Metrics(store)
    templates = {**_platform(store, metrics), **_storages(store), **_lease_and_audit(store)}
    routes = [
        Route(template, Endpoint(template, methods, authentication, threads))
        for template, methods in templates.items()
    ]
    return Middleware(Router(routes, redirect_slashes=False, default=nothing_here), metrics)


def _platform(store: Store, metrics: Metrics) -> _Methods:
    platform = PlatformResource(store)
    return {
        "/healthz": {"GET": Method(platform.health, role=None, waits=False)},
        "/readyz": {"GET": Method(platform.ready, role=None, kind="watch")},
        "/metrics": {"GET": Method(metrics.show, kind="watch")},
        "/v1/openapi.yaml": {"GET": Method(platform.interface, role=None, waits=False)},
        "/v1/platform": {"GET": Method(platform.about)},
    }


def _storages(store: Store) -> _Methods:
    storages, inventories = StoragesResource(store), InventoryResource(store)
    return {
        "/v1/storages": {
            "GET": Method(storages.list),
            "POST": Method(storages.create, OPERATOR, (JSON,), "write"),
        },
        "/v1/storages/{id}": {
            "GET": Method(storages.get),
            "PATCH": Method(storages.update, OPERATOR, (MERGE_PATCH, JSON), "write"),
            "DELETE": Method(storages.remove, OPERATOR, kind="write"),
        },
        "/v1/storages/{id}/inventory": {
            "GET": Method(inventories.get, kind="download"),
            "POST": Method(inventories.record, OPERATOR, (NDJSON,), "upload"),
        },
    }


def _lease_and_audit(store: Store) -> _Methods:
    lease, audit = LeaseResource(store), AuditResource(store)
    return {
        "/v1/lock": {
            "GET": Method(lease.get, kind="lease"),
            "POST": Method(lease.acquire, OPERATOR, (JSON,), "lease"),
            "PUT": Method(lease.renew, OPERATOR, (JSON,), "lease"),
            "DELETE": Method(lease.release, OPERATOR, kind="lease"),
        },
        "/v1/audit": {"GET": Method(audit.list)},
    }
