"""From a request to what answers it, and back: method, token, content, thread, answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from reconciler.server.calls.auth import check_role
from reconciler.server.calls.headers import check_content
from reconciler.server.calls.problems import Problem, internal, of_store
from reconciler.server.calls.request import (
    ADMITTED,
    Answer,
    Identity,
    Method,
    Request,
    problem_answer,
)
from reconciler.server.store.refusals import StoreError
from reconciler.server.wire.answer_buffer import AnswerBuffer, ClientGone
from reconciler.server.wire.exchange import Exchange
from reconciler.server.wire.scope import ACCOUNT, CONNECTION, TEMPLATE
from reconciler.server.wire.turns import ThreadLimits

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Authentication(Protocol):
    """Whoever finds out whom a request comes from."""

    def identify(self, headers: Headers) -> Identity:
        """Return whom a request comes from; raises `Problem` for those who may not come in."""


class Endpoint:
    """An ASGI application that answers for one URL template."""

    def __init__(
        self,
        template: str,
        methods: Mapping[str, Method],
        authentication: Authentication,
        threads: ThreadLimits,
    ) -> None:
        self.template = template
        self._methods = dict(methods)
        self._authentication = authentication
        self._threads = threads
        #: What `OPTIONS` and refusals tell.
        names = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        self._allow: tuple[tuple[str, str], ...] = (("Allow", ", ".join(sorted(names))),)
        if "PATCH" in methods:
            self._allow += (("Accept-Patch", ", ".join(methods["PATCH"].takes)),)
        self._methods["OPTIONS"] = Method(self._options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope[TEMPLATE] = self.template
        exchange = Exchange(scope, receive, send)
        method = self._methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if method is None:
            problem = Problem("method-not-allowed", "see the header Allow", headers=self._allow)
            await exchange.answer(problem_answer(problem))
        elif method.kind in self._threads.turns:
            await self._long(exchange, method)
        else:
            await self._short(exchange, method)

    async def _short(self, exchange: Exchange, method: Method) -> None:
        """Read the content, then do everything else in one go, in a thread if it may wait."""
        content: bytes | Problem = b""
        if method.takes and exchange.is_expecting:
            refusal = await self._before_content(exchange, method)
            if refusal is not None:
                await exchange.answer(refusal)
                return
        if method.takes:
            try:
                content = await exchange.content()
            except Problem as problem:  # told only to those who may come in at all
                content = problem

        def run() -> Answer:
            return exchange.packed(self._run(exchange, method, content))

        if method.waits:
            answer = await anyio.to_thread.run_sync(run, limiter=self._threads.of(method.kind))
        else:
            answer = run()
        await exchange.answer(answer)

    async def _before_content(self, exchange: Exchange, method: Method) -> Answer | None:
        """Refuse what can be refused before the client is told to send its content."""

        def check() -> None:
            self._admit(exchange, method)
            check_content(exchange.headers, method.takes)
            exchange.check_size()

        told = partial(self._told, exchange, check)
        return await anyio.to_thread.run_sync(told, limiter=self._threads.of("read"))

    async def _long(self, exchange: Exchange, method: Method) -> None:
        """Find out who asks, and wait for a turn of that account."""

        def admit() -> Identity | Answer:
            return self._told(exchange, lambda: self._admit(exchange, method))

        identity = await anyio.to_thread.run_sync(admit, limiter=self._threads.of("read"))
        if isinstance(identity, Answer):
            await exchange.answer(identity)
        elif method.kind == "upload":
            async with self._threads.turns["upload"].of(identity.account):
                run = partial(self._run, exchange, method, identity=identity)
                limiter = self._threads.of("upload")
                answer = await anyio.to_thread.run_sync(run, limiter=limiter)
            await exchange.answer(answer)
        else:
            with self._threads.on_the_way.joined(identity.account, exchange.scope[CONNECTION]):
                await self._download(exchange, method, identity)

    async def _download(self, exchange: Exchange, method: Method, identity: Identity) -> None:
        """Make an answer in a thread, while the client takes it at its own pace."""
        buffer = AnswerBuffer()

        def make() -> None:
            try:
                answer = self._run(exchange, method, identity=identity)
                with closing(answer):
                    exchange.fill(buffer, answer)
            finally:
                buffer.end()

        async def in_turn() -> None:
            async with self._threads.turns["download"].of(identity.account):
                await anyio.to_thread.run_sync(make, limiter=self._threads.of("download"))

        async with exchange.watched():
            making = asyncio.create_task(in_turn())
            try:
                answer = await buffer.head()
                if answer is not None and answer.lines is None:
                    await exchange.answer(answer)
                elif answer is not None:
                    await exchange.stream(answer, buffer)
            finally:
                buffer.close()
                await making

    def _run(
        self,
        exchange: Exchange,
        method: Method,
        content: bytes | Problem = b"",
        identity: Identity | None = None,
    ) -> Answer:
        """Run a method for somebody, who is to be found out if that was not done before."""

        def run() -> Answer:
            who = identity or self._admit(exchange, method)
            return method.run(_request_of(exchange, method, who, content))

        return self._told(exchange, run)

    def _told(self, exchange: Exchange, run: Callable[[], _T]) -> _T | Answer:
        """Do something; whatever goes wrong becomes an answer, but for `ClientGone`."""
        try:
            return run()
        except Problem as problem:
            return problem_answer(problem)
        except StoreError as error:
            told = of_store(error)
            if told.status >= 500:
                _log.exception("failed: %s %s", exchange.scope["method"], self.template)
            return problem_answer(told)
        except ClientGone:
            raise
        except Exception:
            _log.exception("failed: %s %s", exchange.scope["method"], self.template)
            return problem_answer(internal())

    def _admit(self, exchange: Exchange, method: Method) -> Identity:
        if method.role is None:
            return ADMITTED
        identity = self._authentication.identify(exchange.headers)
        exchange.scope[ACCOUNT] = identity.account
        check_role(identity, method.role)
        return identity

    def _options(self, _request: Request) -> Answer:
        return Answer(204, headers=self._allow)


def _request_of(
    exchange: Exchange, method: Method, identity: Identity, content: bytes | Problem
) -> Request:
    """Put a request together; raises `Problem` if there is one with its content."""
    if isinstance(content, Problem):
        raise content
    if method.takes:
        check_content(exchange.headers, method.takes)
    scope = exchange.scope
    query, path = scope["query_string"], scope["path_params"]
    return Request(identity, exchange.headers, query, path, content, exchange.chunks())
