"""The address that a server listens on."""

from __future__ import annotations

import ipaddress
import os
import re
import socket

from msgspec import Struct

from reconciler.errors import ReconcilerError, UsageError
from reconciler.printable import quoted

_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/@\s]+)):(?P<port>[0-9]{1,5})", re.ASCII
)
_EXAMPLE = "write HOST:PORT, such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8443"
#: Connections that wait to be taken.
_BACKLOG = 2048


class Address(Struct, frozen=True):
    """Where to listen: an IP address and a port; port 0 is a free one."""

    family: socket.AddressFamily
    ip: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.ip.partition("%")[0]).is_loopback


def read_address(text: str) -> Address:
    """Understand HOST:PORT; a name stands for the first address that it has.

    Raises `UsageError`.
    """
    found = _ADDRESS.fullmatch(text)
    if not found or int(found["port"]) > 65535:
        raise UsageError(f"{quoted(text)} is no address to listen on: {_EXAMPLE}")
    host, port = found["six"] or found["host"], int(found["port"])
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UsageError(
            f"{quoted(host)} is no address of this machine and no name that it knows: {_EXAMPLE}"
        ) from None
    family, _, _, _, address = infos[0]
    return Address(family, str(address[0]), port)


def open_socket(address: Address) -> socket.socket:
    """Begin to listen. Raises `ReconcilerError` if that is not possible."""
    both = address.ip == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            (address.ip, address.port),
            family=address.family,
            backlog=_BACKLOG,
            dualstack_ipv6=both,
        )
    except OSError as error:
        shown = f"[{address.ip}]" if ":" in address.ip else address.ip
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ReconcilerError(
            f"can't listen on {shown}:{address.port}: {reason}; choose another with --listen"
        ) from None


def url_of(listening: socket.socket, *, tls: bool) -> str:
    """Return the URL at which a socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"
