"""The way to one server: a pool of connections, straight or through a proxy."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import httpx

from reconciler.platforms.http.address import Address
from reconciler.platforms.http.network.proxies import Proxy
from reconciler.platforms.http.network.routes import Backend

#: Seconds that an idle connection is kept. Less than the 5 s after which servers hang up: a
#: request that meets a server hanging up has an outcome that nobody knows.
KEPT = 3.0
#: Whatever may go wrong on the way, as httpcore tells it.
NETWORK_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class Transport(httpx.BaseTransport):
    """httpx's way to a pool of httpcore, whose errors it does not translate."""

    def __init__(self, pool: httpcore.ConnectionPool, *, is_socks: bool) -> None:
        self._pool = pool
        self._is_socks = is_socks

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and take in the head of its answer."""
        url = request.url
        asked = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(asked)
        except NETWORK_ERRORS:
            raise
        except Exception as error:
            if not self._is_socks:
                raise
            # What httpcore makes of a proxy that does not speak SOCKS, or hangs up.
            raise httpcore.ProxyError("it does not answer as a SOCKS proxy does") from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The content of an answer, piece by piece."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def make_client(
    address: Address,
    proxy: Proxy | None,
    authorities: Callable[[], ssl.SSLContext],
    connections: int,
) -> httpx.Client:
    """Make a client that takes nothing from the environment, and follows no redirect.

    A redirect would carry the token elsewhere. `authorities` are asked for where there is TLS.
    """
    layers = [address.scheme == "https", proxy is not None and proxy.scheme == "https"]
    trust = authorities() if any(layers) else None  # loading them takes time
    pool = _pool(proxy, trust, connections, Backend(sum(layers)))
    transport = Transport(pool, is_socks=proxy is not None and proxy.is_socks)
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False)


def _pool(
    proxy: Proxy | None, trust: ssl.SSLContext | None, connections: int, backend: Backend
) -> httpcore.ConnectionPool:
    options: dict[str, Any] = {
        "ssl_context": trust,
        "max_connections": connections,
        "max_keepalive_connections": connections,
        "keepalive_expiry": KEPT,
        "network_backend": backend,
    }
    if proxy is None:
        return httpcore.ConnectionPool(**options)
    options["proxy_auth"] = proxy.login
    if proxy.is_socks:
        return httpcore.SOCKSProxy(proxy.url, **options)
    proxy_trust = trust if proxy.scheme == "https" else None
    return httpcore.HTTPProxy(proxy.url, proxy_ssl_context=proxy_trust, **options)
