"""Which proxy the environment puts before an address, by the rules of curl."""

from __future__ import annotations

import ipaddress
import os
import re
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from msgspec import Struct

from reconciler.environment.extras import missing_extra
from reconciler.errors import UsageError
from reconciler.platforms.http.address import Address

_SOCKS = ("socks5", "socks5h")
_DEFAULT_PORT = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+")
#: An entry of NO_PROXY: a host, perhaps with a port; an IPv6 address needs brackets for that.
_ENTRY = re.compile(r"\[(?P<inner>[^\]]*)\](?::(?P<a>[0-9]+))?|(?P<host>[^:]*):(?P<b>[0-9]+)")


class Proxy(Struct, frozen=True):
    """A proxy on the way to a server."""

    #: What names it: a variable of the environment, or the settings of the system.
    origin: str
    scheme: str
    host: str
    port: int
    #: User name and password, as they are sent.
    login: tuple[bytes, bytes] | None

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS, and not HTTP."""
        return self.scheme in _SOCKS

    @property
    def url(self) -> str:
        """Its address, without user name and password."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """Its address, fit to be printed, and what names it."""
        user = "" if self.login is None else "***@"
        return f"{self.scheme}://{user}{self.host}:{self.port} (of {self.origin})"


def proxy_for(address: Address) -> Proxy | None:
    """Return the proxy for an address; None if there is none, or NO_PROXY takes the address out.

    It is never used for this machine itself: it could not reach its loopback, and would see the
    token. Raises `UsageError` for one that can't be used.
    """
    known = getproxies()  # on some systems it also knows the settings of the desktop
    scheme = address.scheme if known.get(address.scheme) else "all"
    text = known.get(scheme, "")
    if not text or address.is_loopback or is_excluded(address, known.get("no", "")):
        return None
    return _proxy(text, _origin(scheme), address)


def is_excluded(address: Address, no_proxy: str) -> bool:
    """Return whether NO_PROXY takes an address out; what is not understood means nothing."""
    return any(_matches(entry, address) for entry in re.split(r"[,\s]+", no_proxy.lower()) if entry)


def _matches(entry: str, address: Address) -> bool:
    if entry == "*":
        return True
    scheme, gap, rest = entry.partition("://")
    if gap:
        if scheme not in ("all", address.scheme):
            return False
        entry = rest.strip("/")
    found = _ENTRY.fullmatch(entry)
    port = None
    if found:
        entry = found["host"] if found["inner"] is None else found["inner"]
        port = found["a"] or found["b"]
    if port is not None and int(port) != address.port:
        return False
    host = address.host.strip("[]")
    ip = _ip(host)
    if ip is not None:
        return _holds(entry, ip)
    name = entry.removeprefix("*").removeprefix(".").removesuffix(".")
    host = host.removesuffix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _holds(entry: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an entry is this address, or a network that it is in."""
    try:
        return ip in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _origin(scheme: str) -> str:
    """Return the variable that `getproxies` has read; small letters come first."""
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
        if os.environ.get(name):
            return name
    return "the system's settings"


def _proxy(text: str, origin: str, address: Address) -> Proxy:
    whole = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(whole)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise _malformed(origin) from None
    if scheme not in _DEFAULT_PORT:
        raise UsageError(
            f"{origin} names a proxy of another kind than http://, https:// and socks5://: "
            + _instead(origin, address)
        )
    host = f"[{host}]" if ":" in host else host
    # An @ further on is that of a password that was not escaped.
    if not _HOST.fullmatch(host) or "@" in parts.path + parts.query + parts.fragment:
        raise _malformed(origin)
    if scheme in _SOCKS and find_spec("socksio") is None:
        what = missing_extra(f"the SOCKS proxy that {origin} names", "socks")
        raise UsageError(f"{what} (or {_instead(origin, address)})")
    login = None
    if parts.username is not None:
        login = unquote(parts.username).encode(), unquote(parts.password or "").encode()
    return Proxy(origin, scheme, host, port or _DEFAULT_PORT[scheme], login)


def _malformed(origin: str) -> UsageError:
    return UsageError(
        f"{origin} does not hold the address of a proxy: write http://HOST:PORT, or "
        "http://USER:PASSWORD@HOST:PORT with special characters as %40, %2F and the like"
    )


def _instead(origin: str, address: Address) -> str:
    return f"name another proxy in {origin}, or put {address.host} into NO_PROXY"
