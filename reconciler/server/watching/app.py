"""The ASGI application of a watch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.report.html.watching.lists import ALL
from reconciler.report.html.watching.overview import LONGEST, Wish, overview
from reconciler.report.html.watching.page import html, policy, tag_of
from reconciler.report.html.watching.rows import OPTIONS
from reconciler.report.watching.document import document
from reconciler.server.calls.headers import tags
from reconciler.server.calls.problems import malformed
from reconciler.server.calls.request import Answer, Method, Request, json_answer
from reconciler.server.endpoint import Endpoint
from reconciler.server.middleware import Middleware, nothing_here
from reconciler.server.watching.admission import HOLDER, TOKEN_VARIABLE, Admission, needs_token
from reconciler.server.wire.turns import ThreadLimits
from reconciler.watching.status import Status

_PAGE = "/"
_HTML = "text/html; charset=utf-8"
#: Of Prometheus's text format.
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
#: An answer is for whoever asked, and no page of anybody's may have it, show it or lead from it.
_STRICT = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
#: A watch whose last look that worked is so many intervals ago, and a minute, is not ready.
_INTERVALS = 3
_MINUTE = 60.0


class Sources(NamedTuple):
    """What a watch lets others ask; each is called from any thread."""

    status: Callable[[], Status]
    #: The numbers, in Prometheus's text format.
    metrics: Callable[[], str]
    poke: Callable[[], object]


class Uncounted:
    """Counts no request: the numbers are those of the watch."""

    def count(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count nothing."""

    def count_refusal(self, status: int) -> None:
        """Count nothing."""


def make_app(sources: Sources, admission: Admission) -> ASGIApp:
    """Make the application; `/healthz` and `/readyz` answer everybody, and tell nothing else."""
    threads, told = ThreadLimits(), _Told(sources)
    table = {
        "/healthz": {"GET": Method(told.health, role=None, waits=False)},
        "/readyz": {"GET": Method(told.ready, role=None, waits=False)},
        "/metrics": {"GET": Method(told.metrics, kind="watch")},
        "/v1/status": {"GET": Method(told.status)},
        _PAGE: {"GET": Method(told.page, kind="watch")},
        "/poke": {"POST": Method(told.poke, waits=False)},
    }
    routes = [
        Route(template, Endpoint(template, methods, _admitting(admission, template), threads))
        for template, methods in table.items()
    ]
    router = Router(routes, redirect_slashes=False, default=nothing_here)
    return _strictly(Middleware(router, Uncounted()))


def _admitting(admission: Admission, template: str) -> Admission:
    """Return who may ask for what: a browser that shows the page is to ask for the token."""
    return admission.of_browsers() if template == _PAGE else admission


def is_ready(status: Status, now: datetime) -> bool:
    """Return whether what a watch knows is as new as it should be."""
    if not status.rounds or not status.looked_at:
        return False
    age = (now - datetime.fromisoformat(status.looked_at)).total_seconds()
    return -_MINUTE <= age <= _INTERVALS * status.interval + _MINUTE  # a clock may be set back


class _Told:
    """The methods."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def health(self, _request: Request) -> Answer:
        """Return that the process lives."""
        return json_answer({"status": "ok"})

    def ready(self, _request: Request) -> Answer:
        """Return whether the last looks have worked; 503 if not."""
        if is_ready(self._sources.status(), utc_now()):
            return json_answer({"status": "ok"})
        return json_answer({"status": "not ready"}, 503)

    def status(self, request: Request) -> Answer:
        """Return how things stand."""
        request.query()
        return Answer(200, document(self._sources.status()))

    def page(self, request: Request) -> Answer:
        """Return the page; 304 if whoever asks shows just that already."""
        view = overview(self._sources.status(), utc_now(), _wish(request))
        tag = tag_of(view)
        # No browser keeps it: it would show it with the time at which it was made.
        headers = (
            ("ETag", f'"{tag}"'),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", policy()),
        )
        known = tags(request.headers, "If-None-Match")
        if known is not None and known.weakly(tag):
            return Answer(304, headers=headers)
        text = html(view, timestamp(utc_now(), "seconds"))
        return Answer(200, text.encode(), _HTML, headers)

    def metrics(self, request: Request) -> Answer:
        """Return the numbers."""
        request.query()
        return Answer(200, self._sources.metrics().encode(), _METRICS)

    def poke(self, request: Request) -> Answer:
        """Have the watch look now; only for who has the token, wherever they are."""
        request.query()
        if request.identity.account != HOLDER:
            raise needs_token(f"this needs the token that {TOKEN_VARIABLE} of the watch holds")
        self._sources.poke()
        return json_answer({"status": "poked"}, 202)


def _wish(request: Request) -> Wish:
    """Read what is searched for; raises `Problem` for what nobody can mean."""
    asked = request.query("words", "show", "page")
    show, page = asked.get("show", ALL), asked.get("page", "1")
    if show not in dict(OPTIONS):
        raise malformed(f"there is nothing to show that is called {show[:40]!r}")
    if not (page.isascii() and page.isdigit() and len(page) < 10):
        raise malformed("a page is a number")
    return Wish(asked.get("words", "")[:LONGEST], show, int(page))


def _strictly(app: ASGIApp) -> ASGIApp:
    """Add to each answer what keeps browsers from doing more with it than show it.

    A page has a policy of its own.
    """

    async def strict(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                more = [header for header in _STRICT if header[0] not in own]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await app(scope, receive, sending)

    return strict
