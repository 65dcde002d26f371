"""The address of a state server: understood once, and always written in one way."""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct

from reconciler.errors import AddressError
from reconciler.masking import has_user_info, quoted_url

#: Where the token for a server stands.
TOKEN_VARIABLE = "RECONCILER_TOKEN"  # noqa: S105 - the name of a variable

SCHEMES = ("http", "https")
_DEFAULT_PORT = {"http": 80, "https": 443}
_EXAMPLE = "write https://host, https://host/path or http://127.0.0.1:8080"
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]*))?"
    r"(?P<path>(?:/[a-z0-9._~!$&'()*+,;=:@%-]+)*)/?\Z",
    re.IGNORECASE,
)


class Address(Struct, frozen=True):
    """Where a state server is."""

    scheme: str
    #: In small letters; an IPv6 address in brackets, in its shortest form.
    host: str
    port: int
    #: What a reverse proxy puts before `/v1`; empty, or with a slash in front and none behind.
    path: str

    @property
    def text(self) -> str:
        """The full address, in the one way that we write it."""
        port = "" if self.port == _DEFAULT_PORT[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there never leaves this machine."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(text: str) -> Address:
    """Understand an address; raises `AddressError` that shows no password."""
    if has_user_info(text):
        raise AddressError(
            f"{quoted_url(text)} holds a user name or password: leave it out, and put the server's "
            "token into RECONCILER_TOKEN"
        )
    if "?" in text or "#" in text:
        raise AddressError(f"{quoted_url(text)} has a query or a fragment: {_EXAMPLE}")
    found = _ADDRESS.match(text)
    if not found or _has_dots(found["path"]):
        raise AddressError(f"{quoted_url(text)} is not the address of a state server: {_EXAMPLE}")
    scheme = found["scheme"].lower()
    port = int(found["port"] or _DEFAULT_PORT[scheme])
    if not 0 < port < 65536:
        raise AddressError(f"{quoted_url(text)} has a port that there is not: {_EXAMPLE}")
    return Address(scheme, _host(text, found["host"].lower()), port, found["path"])


def _host(text: str, host: str) -> str:
    if not host.startswith("["):
        return host
    try:
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    except ValueError:
        raise AddressError(f"{quoted_url(text)} holds no IPv6 address: {_EXAMPLE}") from None


def _has_dots(path: str) -> bool:
    return any(part in (".", "..") for part in path.split("/"))
