"""`/v1/platform`, `/healthz` and `/readyz`: what answers, and whether it is well."""

from __future__ import annotations

from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.schemas import schema_text
from reconciler.server.calls.request import Answer, Request, json_answer
from reconciler.server.store.store import Store
from reconciler.version import __version__

#: RFC 9512.
YAML = "application/yaml"
#: The versions of the API that this server speaks.
OLDEST_API, NEWEST_API = 1, 1
API = {"oldest": OLDEST_API, "newest": NEWEST_API}


class PlatformResource:
    """What a store is, and how it is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._platform_id = store.platform_id()
        self._interface = schema_text("openapi")

    def about(self, request: Request) -> Answer:
        """Return what answers, and what it takes the client for."""
        request.query()
        return json_answer(
            {
                "platform_id": self._platform_id,
                "account": request.identity.account,
                "role": request.identity.role,
                "version": __version__,
                "api": API,
                "clock": _now(),
                "revision": self._store.revision(),
            }
        )

    def interface(self, request: Request) -> Answer:
        """Return the OpenAPI document."""
        request.query()
        return Answer(200, self._interface, YAML)

    def health(self, _request: Request) -> Answer:
        """Return that the process lives."""
        return json_answer({"status": "ok"})

    def ready(self, _request: Request) -> Answer:
        """Return that the database answers; 503 if it does not."""
        self._store.ready()
        return json_answer({"status": "ok"})


def _now() -> str:
    return timestamp(utc_now(), "milliseconds")
