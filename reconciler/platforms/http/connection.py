"""One server, and a pool of connections to it: calls go out here, and answers come in."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import httpx
from msgspec import Struct

from reconciler.environment.secret_values import Secret
from reconciler.errors import PlatformError
from reconciler.model import NEW_PLATFORM
from reconciler.platform import Left, forever
from reconciler.platforms.http.address import Address
from reconciler.platforms.http.answers import (
    JSON,
    Introduction,
    Problem,
    Speaks,
    UntrustedError,
    decode,
)
from reconciler.platforms.http.call import Call
from reconciler.platforms.http.content import (
    SUCCESSES,
    VERSION_HEADER,
    check_packing,
    media_type,
    read_content,
    read_problem,
)
from reconciler.platforms.http.errors import API, Refusal, Words
from reconciler.platforms.http.network.budget import Budget
from reconciler.platforms.http.network.proxies import proxy_for
from reconciler.platforms.http.network.transport import NETWORK_ERRORS, make_client
from reconciler.platforms.http.network.trust import authorities
from reconciler.version import __version__

#: Connections at most; more threads than that wait for each other.
CONNECTIONS = 100
_T = TypeVar("_T")


class Timeouts(Struct, frozen=True):
    """How long to wait for what, in seconds."""

    #: For a connection.
    connect: float = 10.0
    #: For an answer to begin, or to go on.
    read: float = 60.0
    #: For an answer to what gives the server a lot of work after the request has come in.
    work: float = 1800.0
    #: For the server to take the next part of a request.
    write: float = 60.0
    #: For one of the pool's connections.
    pool: float = 60.0
    #: For all of a call but the work; a long transfer gets more, by what it brings.
    whole: float = 180.0


_USUAL = Timeouts()
_TAG = re.compile(r'(?:W/)?"(?P<tag>[^"]+?)(?:(?:--|[-;:+])(?:x-)?(?:gzip|br|deflate|zstd))?"')


class Answer(Struct, frozen=True):
    """A success, or a problem that the caller wanted to deal with."""

    headers: Mapping[str, str]
    body: bytes
    #: The problem's code; empty for a success.
    code: str
    problem: Problem
    call: Call
    words: Words

    def read(self, type: type[_T]) -> _T:
        """Read the body; raises `PlatformError` if it is something else."""
        try:
            self.must_be(JSON)
            return decode(self.body, type)
        except UntrustedError as error:
            raise self.untrusted(str(error)) from None

    def must_be(self, expected: str) -> None:
        """Raise `UntrustedError` unless the body is said to be of this type."""
        if media_type(self.headers) != expected:
            raise UntrustedError(f"its answer is not {expected}")

    def etag(self) -> str:
        """Return the mark by which a later write says what it relies on."""
        # The server's marks are all strong and bare. A proxy that packs an answer weakens them, or
        # hangs on how it was packed.
        found = _TAG.fullmatch(self.headers.get("ETag", ""))
        if not found:
            raise self.untrusted("its answer lacks an ETag, which a proxy may have taken away")
        return f'"{found["tag"]}"'

    def untrusted(self, what: str) -> PlatformError:
        """Return that this answer is not what it should be."""
        return self.words.untrusted(what, writes=self.call.writes)


class Connection:
    """Sends calls, from any thread. Whatever goes wrong is raised as one of our errors."""

    def __init__(
        self,
        address: Address,
        token: Secret | None,
        timeouts: Timeouts = _USUAL,
        connections: int = CONNECTIONS,
        left: Left = forever,
        met: Introduction | None = None,
    ) -> None:
        """Prepare; nothing is sent yet. Raises `UsageError` if the environment makes no sense.

        `left` gives the seconds until all that is asked is to be over, None without an end. A
        server that was `met` by another connection is not asked again who it is.
        """
        proxy = proxy_for(address)
        self.words = Words(address, proxy, has_token=token is not None)
        self._address = address
        self._token = token
        self._timeouts = timeouts
        self._left = left
        self._client = make_client(address, proxy, authorities, connections)
        self._meeting = threading.Lock()
        self._met = met
        if met is not None:
            self.words.role = met.role

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def introduce(self) -> Introduction:
        """Ask the server who it is, and make sure that we speak the same version."""
        answer = self._ask(Call("GET", "/v1/platform"))
        api = answer.read(Speaks).api
        if not api.oldest <= API <= api.newest:
            raise self.words.unsupported(api)
        met = answer.read(Introduction)
        if met.platform_id in ("", NEW_PLATFORM):
            raise answer.untrusted("it does not say which platform it is")
        self.words.role = met.role
        self._met = met
        return met

    @property
    def met(self) -> Introduction | None:
        """What the server has last said of itself; None if it was not asked yet."""
        return self._met

    def meet(self) -> Introduction:
        """Return what the server has said of itself; it is asked once."""
        if (met := self._met) is not None:
            return met
        with self._meeting:
            return self._met or self.introduce()

    def ask(self, call: Call) -> Answer:
        """Make one call and take in the whole answer."""
        self.meet()
        return self._ask(call)

    @contextmanager
    def stream(self, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Make one call and take in the answer piece by piece, if it is a success."""
        self.meet()
        with self._exchange(call) as response:
            if response.status_code in SUCCESSES and VERSION_HEADER in response.headers:
                answer = Answer(response.headers, b"", "", Problem(), call, self.words)
                try:
                    check_packing(response)
                except UntrustedError as error:
                    raise answer.untrusted(str(error)) from None
                yield answer, response.iter_bytes()
            else:
                yield self._answer(call, response), iter(())

    def _ask(self, call: Call) -> Answer:
        with self._exchange(call) as response:
            return self._answer(call, response)

    @contextmanager
    def _exchange(self, call: Call) -> Iterator[httpx.Response]:
        work = self._timeouts.work if call.is_work else 0.0
        seconds = self._timeouts.whole + work
        budget = Budget(seconds, earns=call.is_long or call.is_work, left=self._left)
        try:
            response = self._client.send(self._request(call, budget), stream=True)
            try:
                yield response
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, *NETWORK_ERRORS) as error:
            budget.abandon()
            raise self.words.lost(error, writes=call.writes, sent=budget.sent) from None

    def _answer(self, call: Call, response: httpx.Response) -> Answer:
        status, headers = response.status_code, response.headers
        if status not in SUCCESSES:
            problem = read_problem(response)
            if problem is None or problem.code not in call.handles:
                raise self.words.refused(Refusal(status, headers, problem), writes=call.writes)
            return Answer(headers, b"", problem.code, problem, call, self.words)
        if VERSION_HEADER not in headers:
            raise self.words.not_ours(status, headers, writes=call.writes)
        try:
            body = read_content(response, call.longest)
        except UntrustedError as error:
            raise self.words.untrusted(str(error), writes=call.writes) from None
        return Answer(response.headers, body, "", Problem(), call, self.words)

    def _packs(self, call: Call) -> bool:
        """Return whether packing the answer saves more than it costs.

        It does not for what stays on the machine. Nor for a single storage, and proxies that pack
        its answer are those that change its ETag.
        """
        return call.is_long and not self._address.is_loopback

    def _request(self, call: Call, budget: Budget) -> httpx.Request:
        headers = [
            ("Accept-Encoding", "gzip" if self._packs(call) else "identity"),
            ("User-Agent", f"reconciler/{__version__}"),
            *call.headers,
        ]
        if self._token is not None:
            headers.append(("Authorization", f"Bearer {self._token.reveal()}"))
        wait = self._timeouts
        timeout = {
            "connect": budget.wait(wait.connect),
            "read": budget.wait(wait.work if call.is_work else wait.read),
            "write": budget.wait(wait.write),
            "pool": min(wait.pool, max(budget.left(), 0.0)),
        }
        return httpx.Request(
            call.method,
            self._address.text + call.path,
            headers=headers,
            content=call.content,
            extensions={"timeout": timeout},
        )
