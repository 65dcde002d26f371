"""From a request to an operation and back: method, token, content, thread, answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing

import anyio
import anyio.to_thread
from starlette.types import Receive, Scope, Send

from reconciler.server.auth import Gate, check_role
from reconciler.server.calls import ADMITTED, Answer, Call, Identity, Operation, problem_answer
from reconciler.server.exchange import Exchange, Gone
from reconciler.server.headers import check_content
from reconciler.server.problems import Problem, internal, of_store
from reconciler.server.store.refusals import (
    StoreError,
)

#: Where the scope keeps the route's template: what metrics may tell of a URL.
TEMPLATE = "reconciler.template"
#: And whose request it is, once that is known.
ACCOUNT = "reconciler.account"
#: How many of each kind may run at once.
READS, WRITES, STREAMS, LEASES, WATCHES = 16, 16, 16, 4, 4

_log = logging.getLogger(__name__)


class Threads:
    """How many operations may run at once; the others wait for their turn.

    No kind keeps another one waiting: writes, which wait for each other, keep nobody from reading
    and from renewing a lease, and nothing keeps a load balancer from asking how we are.
    """

    def __init__(self) -> None:
        self._kinds = {
            "read": anyio.CapacityLimiter(READS),
            "write": anyio.CapacityLimiter(WRITES),
            "stream": anyio.CapacityLimiter(STREAMS),
            "lease": anyio.CapacityLimiter(LEASES),
            "watch": anyio.CapacityLimiter(WATCHES),
        }

    def of(self, operation: Operation) -> anyio.CapacityLimiter:
        """Give the limit that an operation falls under."""
        return self._kinds[operation.kind]


class Resource:
    """An ASGI application that answers for one URL template."""

    def __init__(
        self, template: str, operations: Mapping[str, Operation], gate: Gate, threads: Threads
    ) -> None:
        self.template = template
        self._operations = dict(operations)
        self._gate = gate
        self._threads = threads
        methods = {*operations, "OPTIONS"} | ({"HEAD"} if "GET" in operations else set())
        self._allow = (("Allow", ", ".join(sorted(methods))),)
        self._operations["OPTIONS"] = Operation(self._options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope[TEMPLATE] = self.template
        exchange = Exchange(scope, receive, send)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = self._operations.get(method)
        if operation is None:
            problem = Problem("method-not-allowed", "see the header Allow", headers=self._allow)
            await exchange.answer(problem_answer(problem))
        elif operation.kind == "stream":
            await self._stream(exchange, operation)
        else:
            await self._call(exchange, operation)

    async def _call(self, exchange: Exchange, operation: Operation) -> None:
        """Read the content, then do everything else in one go, in a thread if it may wait."""
        content: bytes | Problem = b""
        if operation.takes:
            try:
                content = await exchange.content()
            except Problem as problem:  # told only to those who may come in at all
                content = problem

        def run() -> Answer:
            return exchange.packed(self._run(exchange, operation, content))

        if operation.waits:
            answer = await anyio.to_thread.run_sync(run, limiter=self._threads.of(operation))
        else:
            answer = run()
        await exchange.answer(answer)

    async def _stream(self, exchange: Exchange, operation: Operation) -> None:
        """Do everything in one thread, which takes from and gives to the event loop."""

        def run() -> Answer | None:
            answer = self._run(exchange, operation)
            if answer.lines is None:
                return answer
            with closing(answer):
                exchange.stream(answer)
            return None

        async def in_thread() -> Answer | None:
            return await anyio.to_thread.run_sync(run, limiter=self._threads.of(operation))

        if operation.takes:
            answer = await in_thread()
        else:
            async with exchange.watched():
                answer = await in_thread()
        if answer is not None:
            await exchange.answer(answer)

    def _run(
        self, exchange: Exchange, operation: Operation, content: bytes | Problem = b""
    ) -> Answer:
        """Run an operation; whatever goes wrong becomes an answer, but for `Gone`."""
        try:
            identity = self._admit(exchange, operation)
            return operation.run(_call_of(exchange, operation, identity, content))
        except Problem as problem:
            return problem_answer(problem)
        except StoreError as error:
            told = of_store(error)
            if told.status >= 500:
                _log.exception("failed: %s %s", exchange.scope["method"], self.template)
            return problem_answer(told)
        except Gone:
            raise
        except Exception:
            _log.exception("failed: %s %s", exchange.scope["method"], self.template)
            return problem_answer(internal())

    def _admit(self, exchange: Exchange, operation: Operation) -> Identity:
        if operation.role is None:
            return ADMITTED
        identity = self._gate.identify(exchange.headers)
        exchange.scope[ACCOUNT] = identity.account
        check_role(identity, operation.role)
        return identity

    def _options(self, _call: Call) -> Answer:
        return Answer(204, headers=self._allow)


def _call_of(
    exchange: Exchange, operation: Operation, identity: Identity, content: bytes | Problem
) -> Call:
    """Put a call together; raises `Problem` if there is one with its content."""
    if isinstance(content, Problem):
        raise content
    if operation.takes:
        check_content(exchange.headers, operation.takes)
    scope = exchange.scope
    query, path = scope["query_string"], scope["path_params"]
    return Call(identity, exchange.headers, query, path, content, exchange.chunks())
