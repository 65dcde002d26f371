"""Why a request did not even begin to reach its server: who stands in the way, and what helps."""

from __future__ import annotations

import socket
import ssl

import httpcore
from msgspec import Struct

from reconciler.platforms.http.address import Address
from reconciler.platforms.http.network.proxies import Proxy
from reconciler.platforms.http.network.routes import HandshakeError
from reconciler.platforms.http.network.trust import distrusted, is_unknown
from reconciler.printable import shown

#: What a proxy answers that will answer otherwise later.
_PASSING = ("408", "429")
#: How looking up a name fails.
_NO_NAME = (socket.gaierror, UnicodeError)


class Obstacle(Struct, frozen=True):
    """What stands in the way."""

    text: str
    #: Whether it will still do so later.
    lasting: bool = False


def obstacle(error: Exception, address: Address, proxy: Proxy | None) -> Obstacle:
    """Return what stood in the way of a request of which nothing was sent."""
    if isinstance(error, httpcore.PoolTimeout):
        return Obstacle("too many calls at once: lower --parallelism")
    if isinstance(error, httpcore.LocalProtocolError | httpcore.UnsupportedProtocol):
        return Obstacle("the request can't be sent", lasting=True)
    causes = _causes(error)
    if proxy is not None and isinstance(error, httpcore.ProxyError):
        return _not_through(str(error), address, proxy)
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return Obstacle(_no_tls(cause, causes, proxy), lasting=True)
    if proxy is None or any(isinstance(cause, HandshakeError) for cause in causes):
        return Obstacle(_direct(causes))
    return Obstacle(
        f"the proxy {proxy.shown} can't be used ({_why(error, causes)}): mend {proxy.origin}, or "
        f"put {address.host} into NO_PROXY if it can be reached without"
    )


def wants_login(proxy: Proxy) -> str:
    """Return that a proxy wants to know who we are, and what to do."""
    if proxy.login is None:
        return (
            f"the proxy {proxy.shown} wants a user name and password: write them into "
            f"{proxy.origin} as {proxy.scheme}://USER:PASSWORD@HOST:PORT"
        )
    return f"the proxy {proxy.shown} does not accept the user name and password that are there"


def refusing_alert(error: Exception) -> str | None:
    """Return the alert by which the other side ended TLS, if that is what happened."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            return shown(cause.reason).lower().replace("_", " ")
    return None


def _not_through(told: str, address: Address, proxy: Proxy) -> Obstacle:
    """Understand what httpcore tells of a proxy that has answered: a status, or words of SOCKS."""
    status = told[:3] if told[:3].isdigit() else ""
    if status == "407" or told == "Invalid username/password" or told.startswith("Requested "):
        return Obstacle(wants_login(proxy), lasting=True)
    why = f"HTTP {status}" if status else shown(told).rstrip(".")
    text = (
        f"the proxy {proxy.shown} does not let us through to {address.host}:{address.port} ({why}):"
        f" have that allowed, or put {address.host} into NO_PROXY if it can be reached without"
    )
    forbidden = status[:1] == "4" and status not in _PASSING
    return Obstacle(text, lasting=forbidden or "not allowed" in told)


def _no_tls(error: ssl.SSLError, causes: list[BaseException], proxy: Proxy | None) -> str:
    """Return why TLS did not come about, and with whom."""
    with_proxy = proxy is not None and _is_of_proxy(causes, proxy)
    if not isinstance(error, ssl.SSLCertVerificationError):
        where = f"at the proxy {proxy.shown}" if proxy and with_proxy else "there"
        return f"there is no TLS {where} that we can speak: check https:// and the port"
    if proxy and with_proxy:
        return f"the proxy {proxy.shown} is in the way: its {distrusted(error)}"
    text = f"its {distrusted(error)}"
    if proxy and is_unknown(error):
        text += f". Or the proxy {proxy.shown} reads along, with an authority of its own"
    return text


def _is_of_proxy(causes: list[BaseException], proxy: Proxy) -> bool:
    """Return whether it was TLS with the proxy itself that went wrong."""
    hosts = [cause.host for cause in causes if isinstance(cause, HandshakeError)]
    return proxy.scheme == "https" and proxy.host.strip("[]") in hosts


def _direct(causes: list[BaseException]) -> str:
    if any(isinstance(cause, _NO_NAME) for cause in causes):
        return "the name of its host can't be resolved: check the address"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "nothing listens there: is the server running?"
    return "no connection: check the address, and whether it is running"


def _why(error: Exception, causes: list[BaseException]) -> str:
    if any(isinstance(cause, _NO_NAME) for cause in causes):
        return "its name can't be resolved"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "nothing listens there"
    if isinstance(error, httpcore.TimeoutException):
        return "it does not answer in time"
    return "it hangs up"


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
