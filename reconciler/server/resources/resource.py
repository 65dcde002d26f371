"""From a request to an operation and back: method, token, content, thread, answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.types import Receive, Scope, Send

from reconciler.server.calls.auth import Gate, check_role
from reconciler.server.calls.call import (
    ADMITTED,
    Answer,
    Call,
    Identity,
    Kind,
    Operation,
    problem_answer,
)
from reconciler.server.calls.headers import check_content
from reconciler.server.calls.problems import Problem, internal, of_store
from reconciler.server.store.refusals import (
    StoreError,
)
from reconciler.server.wire.crowd import Crowd, Turns
from reconciler.server.wire.exchange import Exchange
from reconciler.server.wire.scope import ACCOUNT, LINE, TEMPLATE
from reconciler.server.wire.spool import Gone, Spool

#: How many of each kind may run at once. The store has connections for these uploads and downloads.
READS, WRITES, LEASES, WATCHES = 16, 16, 4, 4
UPLOADS, DOWNLOADS = 5, 3
#: How many uploads and downloads of one account may run; and how many downloads in all may be on
#: their way to clients that lag behind.
OF_ONE, ON_THE_WAY = 2, 64

_T = TypeVar("_T")
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
            "upload": anyio.CapacityLimiter(UPLOADS),
            "download": anyio.CapacityLimiter(DOWNLOADS),
            "lease": anyio.CapacityLimiter(LEASES),
            "watch": anyio.CapacityLimiter(WATCHES),
        }

        #: Of uploads and downloads, which take long.
        self.turns: Mapping[str, Turns] = {"upload": Turns(OF_ONE), "download": Turns(OF_ONE)}
        self.on_the_way = Crowd(ON_THE_WAY)

    def of(self, kind: Kind) -> anyio.CapacityLimiter:
        """Give the limit that operations of a kind fall under."""
        return self._kinds[kind]


class Resource:
    """An ASGI application that answers for one URL template."""

    def __init__(
        self, template: str, operations: Mapping[str, Operation], gate: Gate, threads: Threads
    ) -> None:
        self.template = template
        self._operations = dict(operations)
        self._gate = gate
        self._threads = threads
        #: What `OPTIONS` and refusals tell.
        methods = {*operations, "OPTIONS"} | ({"HEAD"} if "GET" in operations else set())
        self._allow: tuple[tuple[str, str], ...] = (("Allow", ", ".join(sorted(methods))),)
        if "PATCH" in operations:
            self._allow += (("Accept-Patch", ", ".join(operations["PATCH"].takes)),)
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
        elif operation.kind in self._threads.turns:
            await self._long(exchange, operation)
        else:
            await self._call(exchange, operation)

    async def _call(self, exchange: Exchange, operation: Operation) -> None:
        """Read the content, then do everything else in one go, in a thread if it may wait."""
        content: bytes | Problem = b""
        if operation.takes and exchange.is_expecting:
            refusal = await self._before_content(exchange, operation)
            if refusal is not None:
                await exchange.answer(refusal)
                return
        if operation.takes:
            try:
                content = await exchange.content()
            except Problem as problem:  # told only to those who may come in at all
                content = problem

        def run() -> Answer:
            return exchange.packed(self._run(exchange, operation, content))

        if operation.waits:
            answer = await anyio.to_thread.run_sync(run, limiter=self._threads.of(operation.kind))
        else:
            answer = run()
        await exchange.answer(answer)

    async def _before_content(self, exchange: Exchange, operation: Operation) -> Answer | None:
        """Refuse what can be refused before the client is told to send its content."""

        def check() -> None:
            self._admit(exchange, operation)
            check_content(exchange.headers, operation.takes)
            exchange.check_size()

        told = partial(self._told, exchange, check)
        return await anyio.to_thread.run_sync(told, limiter=self._threads.of("read"))

    async def _long(self, exchange: Exchange, operation: Operation) -> None:
        """Find out who asks, and wait for a turn of that account."""

        def admit() -> Identity | Answer:
            return self._told(exchange, lambda: self._admit(exchange, operation))

        identity = await anyio.to_thread.run_sync(admit, limiter=self._threads.of("read"))
        if isinstance(identity, Answer):
            await exchange.answer(identity)
        elif operation.kind == "upload":
            async with self._threads.turns["upload"].of(identity.account):
                run = partial(self._run, exchange, operation, identity=identity)
                limiter = self._threads.of("upload")
                answer = await anyio.to_thread.run_sync(run, limiter=limiter)
            await exchange.answer(answer)
        else:
            with self._threads.on_the_way.joined(identity.account, exchange.scope[LINE]):
                await self._download(exchange, operation, identity)

    async def _download(self, exchange: Exchange, operation: Operation, identity: Identity) -> None:
        """Make an answer in a thread, while the client takes it at its own pace."""
        spool = Spool()

        def make() -> None:
            try:
                answer = self._run(exchange, operation, identity=identity)
                with closing(answer):
                    exchange.fill(spool, answer)
            finally:
                spool.end()

        async def in_turn() -> None:
            async with self._threads.turns["download"].of(identity.account):
                await anyio.to_thread.run_sync(make, limiter=self._threads.of("download"))

        async with exchange.watched():
            making = asyncio.create_task(in_turn())
            try:
                answer = await spool.head()
                if answer is not None:
                    send = (
                        exchange.answer
                        if answer.lines is None
                        else partial(exchange.stream, spool=spool)
                    )
                    await send(answer)
            finally:
                spool.close()
                await making

    def _run(
        self,
        exchange: Exchange,
        operation: Operation,
        content: bytes | Problem = b"",
        identity: Identity | None = None,
    ) -> Answer:
        """Run an operation for somebody, who is to be found out if that was not done before."""

        def run() -> Answer:
            who = identity or self._admit(exchange, operation)
            return operation.run(_call_of(exchange, operation, who, content))

        return self._told(exchange, run)

    def _told(self, exchange: Exchange, run: Callable[[], _T]) -> _T | Answer:
        """Do something; whatever goes wrong becomes an answer, but for `Gone`."""
        try:
            return run()
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
