"""One server, and a pool of connections to it: calls go out here, and answers come in."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import httpx
from msgspec import Struct

from reconciler import __version__
from reconciler.credentials import Secret
from reconciler.errors import PlatformError, UsageError
from reconciler.platforms.http.address import Address
from reconciler.platforms.http.answers import (
    JSON,
    LONGEST_ANSWER,
    PROBLEM,
    Introduction,
    Problem,
    Speaks,
    UntrustedError,
    decode,
)
from reconciler.platforms.http.errors import API, Refusal, Words

#: Connections at most; more threads than that wait for each other.
CONNECTIONS = 100
#: Seconds that an idle connection is kept. Less than the 5 s after which servers hang up: a
#: request that meets a server hanging up has an outcome that nobody knows.
KEPT = 3.0
VERSION_HEADER = "Reconciler-Version"
#: What our server answers where all went well.
_SUCCESSES = (200, 201, 204)
_T = TypeVar("_T")


class Patience(Struct, frozen=True):
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


_USUAL = Patience()
_TAG = re.compile(r'(?:W/)?"(?P<tag>[^"]+?)(?:(?:--|[-;:+])(?:x-)?(?:gzip|br|deflate|zstd))?"')


class Call(Struct, frozen=True):
    """One request."""

    method: str
    #: From `/v1` on, percent-encoded.
    path: str
    #: Whether its outcome matters: then a lost answer is an unknown outcome.
    writes: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | Iterable[bytes] | None = None
    #: Codes of problems that the caller deals with itself.
    handles: tuple[str, ...] = ()
    #: How long the answer may be, bytes.
    longest: int = LONGEST_ANSWER
    #: Whether the answer needs a lot of work first.
    is_work: bool = False
    #: Whether the answer may tell of many things.
    is_long: bool = False


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

    def must_be(self, media_type: str) -> None:
        """Raise `UntrustedError` unless the body is said to be of this type."""
        if _media_type(self.headers) != media_type:
            raise UntrustedError(f"its answer is not {media_type}")

    def etag(self) -> str:
        """Give the mark by which a later write says what it relies on."""
        # The server's marks are all strong and bare. A proxy that packs an answer weakens them, or
        # hangs on how it was packed.
        found = _TAG.fullmatch(self.headers.get("ETag", ""))
        if not found:
            raise self.untrusted("its answer lacks an ETag, which a proxy may have taken away")
        return f'"{found["tag"]}"'

    def untrusted(self, what: str) -> PlatformError:
        """Say that this answer is not what it should be."""
        return self.words.untrusted(what, writes=self.call.writes)


class Connection:
    """Sends calls, from any thread. Whatever goes wrong is raised as one of our errors."""

    def __init__(
        self,
        address: Address,
        token: Secret | None,
        patience: Patience = _USUAL,
        connections: int = CONNECTIONS,
    ) -> None:
        """Prepare; nothing is sent yet. Raises `UsageError` if the environment makes no sense."""
        self.words = Words(address.text, has_token=token is not None)
        self._address = address
        self._token = token
        self._patience = patience
        self._client = _client(address, connections)
        self._meeting = threading.Lock()
        self._met: Introduction | None = None

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
        if met.platform_id in ("", "new"):
            raise answer.untrusted("it does not say which platform it is")
        self.words.role = met.role
        self._met = met
        return met

    def ask(self, call: Call) -> Answer:
        """Make one call and take in the whole answer."""
        self._meet()
        return self._ask(call)

    @contextmanager
    def stream(self, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Make one call and take in the answer piece by piece, if it is a success."""
        self._meet()
        with self._exchange(call) as response:
            if response.status_code in _SUCCESSES and VERSION_HEADER in response.headers:
                answer = Answer(response.headers, b"", "", Problem(), call, self.words)
                try:
                    _check_packing(response)
                except UntrustedError as error:
                    raise answer.untrusted(str(error)) from None
                yield answer, response.iter_bytes()
            else:
                yield self._answer(call, response), iter(())

    def _meet(self) -> None:
        if self._met is None:
            with self._meeting:
                if self._met is None:
                    self.introduce()

    def _ask(self, call: Call) -> Answer:
        with self._exchange(call) as response:
            return self._answer(call, response)

    @contextmanager
    def _exchange(self, call: Call) -> Iterator[httpx.Response]:
        try:
            response = self._client.send(self._request(call), stream=True)
            try:
                yield response
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise self.words.lost(error, writes=call.writes) from None

    def _answer(self, call: Call, response: httpx.Response) -> Answer:
        status, headers = response.status_code, response.headers
        if status not in _SUCCESSES:
            problem = _problem(response)
            if problem is None or problem.code not in call.handles:
                raise self.words.refused(Refusal(status, headers, problem), writes=call.writes)
            return Answer(headers, b"", problem.code, problem, call, self.words)
        if VERSION_HEADER not in headers:
            raise self.words.not_ours(status, headers, writes=call.writes)
        try:
            body = _body(response, call.longest)
        except UntrustedError as error:
            raise self.words.untrusted(str(error), writes=call.writes) from None
        return Answer(response.headers, body, "", Problem(), call, self.words)

    def _packs(self, call: Call) -> bool:
        """Say whether packing the answer saves more than it costs.

        It does not for what stays on the machine. Nor for a single storage, and proxies that pack
        its answer are those that change its ETag.
        """
        return call.is_long and not self._address.is_loopback

    def _request(self, call: Call) -> httpx.Request:
        headers = [
            ("Accept-Encoding", "gzip" if self._packs(call) else "identity"),
            ("User-Agent", f"reconciler/{__version__}"),
            *call.headers,
        ]
        if self._token is not None:
            headers.append(("Authorization", f"Bearer {self._token.reveal()}"))
        wait = self._patience
        timeout = {
            "connect": wait.connect,
            "read": wait.work if call.is_work else wait.read,
            "write": wait.write,
            "pool": wait.pool,
        }
        return httpx.Request(
            call.method,
            self._address.text + call.path,
            headers=headers,
            content=call.content,
            extensions={"timeout": timeout},
        )


def _client(address: Address, connections: int) -> httpx.Client:
    """Make a client that takes proxies and authorities from the environment.

    It follows no redirect, which would carry the token elsewhere.
    """
    limits = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEPT
    )
    try:
        # Without TLS there is nobody to trust, and loading all authorities takes time.
        trust = True if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not address.is_loopback:
            return httpx.Client(verify=trust, limits=limits, follow_redirects=False)
        # A transport of one's own keeps proxies out: they can't reach this machine's loopback.
        transport = httpx.HTTPTransport(verify=trust, limits=limits)
        return httpx.Client(transport=transport, follow_redirects=False)
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise UsageError(
            f"no connection to {address.text} can be made with what the environment says "
            f"({type(error).__name__}): check SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, "
            "HTTP_PROXY and ALL_PROXY"
        ) from None


def _body(response: httpx.Response, longest: int) -> bytes:
    _check_packing(response)
    size = 0
    chunks = []
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > longest:
            raise UntrustedError(f"its answer is longer than {longest:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _check_packing(response: httpx.Response) -> None:
    """Refuse what was packed otherwise than asked for: packed twice, some KiB unpack to GiB."""
    if response.headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip"):
        raise UntrustedError("its answer is packed in a way that was not asked for")


def _problem(response: httpx.Response) -> Problem | None:
    """Read a problem as our server writes them; None if it is none of those, or not whole.

    One header is no proof: a proxy may have kept it, and put a page of its own in place of the
    content, or another status.
    """
    if VERSION_HEADER not in response.headers or _media_type(response.headers) != PROBLEM:
        return None
    try:
        problem = decode(_body(response, LONGEST_ANSWER), Problem)
    except (UntrustedError, httpx.HTTPError):
        return None
    own = problem.code and problem.type == f"urn:reconciler:problem:{problem.code}"
    return problem if own and problem.status == response.status_code else None


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()
