"""What holds for every answer: common headers, metrics, and an end to every error."""

from __future__ import annotations

import logging
import re
import time
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.server.calls.headers import COMMON_HEADERS
from reconciler.server.calls.problems import CODES, Problem, internal
from reconciler.server.calls.request import problem_answer
from reconciler.server.calls.tokens import parts_of
from reconciler.server.resources.platform import API
from reconciler.server.wire.answer_buffer import ClientGone
from reconciler.server.wire.exchange import Exchange
from reconciler.server.wire.framing import plain
from reconciler.server.wire.logs import log_request, owner
from reconciler.server.wire.scope import ACCOUNT, TEMPLATE

_API_PATH = re.compile(r"/v[0-9]+(?:/.*)?", re.ASCII | re.DOTALL)

_log = logging.getLogger(__name__)


class Counting(Protocol):
    """Whoever counts requests."""

    def count(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count a request that has ended."""

    def count_refusal(self, status: int) -> None:
        """Count a request that was refused on the wire, without a method, route or beginning."""


class Middleware:
    """An ASGI application before another one."""

    def __init__(self, app: ASGIApp, metrics: Counting) -> None:
        self._app = app
        self._metrics = metrics
        #: Counts a request that was refused before it got here, by its status.
        self.count_refusal = metrics.count_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        begun = time.perf_counter()
        scope["path"] = plain(scope["raw_path"])  # uvicorn decodes all of it, also `%2F`
        status: int | None = None

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *COMMON_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientGone:
            _log.info("the client went away: %s %s", scope["method"], _template(scope))
        except Exception:
            # Uncaught until here: while an answer was sent. Its end is left out, so that uvicorn
            # cuts the line and the client knows.
            _log.exception("failed: %s %s", scope["method"], _template(scope))
            if status is None:
                await Exchange(scope, receive, sending).answer(problem_answer(internal()))
        finally:
            seconds = time.perf_counter() - begun
            self._metrics.count(scope["method"], _template(scope), status, seconds)
            log_request(scope["method"], scope["raw_path"], status, _who(scope, status), seconds)


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Be the ASGI application for URLs that nothing else answers for."""
    path = scope["path"]
    if _API_PATH.fullmatch(path) and path.split("/")[1] != "v1":
        problem = Problem("unsupported-api", "this server speaks /v1", members={"api": API})
    else:
        problem = Problem("not-found", "there is no such URL; the API begins with /v1")
    await Exchange(scope, receive, send).answer(problem_answer(problem))


def _template(scope: Scope) -> str:
    template: str = scope.get(TEMPLATE, "other")
    return template


def _who(scope: Scope, status: int | None) -> str:
    """Return whom a request came from; of a token that was refused, its ID, which is no secret."""
    if status != CODES["unauthenticated"][0]:
        return owner(scope.get(ACCOUNT))
    parts = parts_of(Headers(scope=scope).get("Authorization", "").rpartition(" ")[2])
    return f"token {parts[0]}" if parts else owner(None)
