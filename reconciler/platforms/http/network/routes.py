"""Sockets for httpcore, on which no call lasts longer than its budget.

httpcore limits how long it waits for the next byte, and so takes one byte a minute for ever.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import httpcore

from reconciler.platforms.http.network.budget import Budget, Wait

#: Bytes that are handed to a socket at once, so that time is looked at in between.
_PIECE = 64 * 1024


class HandshakeError(httpcore.ConnectError):
    """TLS with `host` did not come about; its cause says why."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"no TLS with {host}")


class Stream(httpcore.NetworkStream):
    """A connection, plain or with TLS, for one call after the other."""

    def __init__(self, inner: httpcore.NetworkStream, layers: int, wait: Wait) -> None:
        """Wrap a stream; `layers` of TLS are still to come before it leads to the server."""
        self._inner = inner
        self._layers = layers
        #: For whoever names no time: httpcore's SOCKS does not.
        self._wait = wait

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, or comes in time."""
        wait = self._own(timeout)
        began = time.monotonic()
        data = self._inner.read(max_bytes, wait.seconds(httpcore.ReadTimeout))
        wait.budget.spend(time.monotonic() - began, len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        wait = self._own(timeout)
        for at in range(0, len(buffer), _PIECE):
            piece = buffer[at : at + _PIECE]
            seconds = wait.seconds(httpcore.WriteTimeout)
            if not self._layers:
                wait.budget.sent = True
            began = time.monotonic()
            self._inner.write(piece, seconds)
            wait.budget.spend(time.monotonic() - began, len(piece))

    def close(self) -> None:
        """Hang up."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        """Speak TLS from now on; raises `HandshakeError`."""
        wait = self._own(timeout)
        began = time.monotonic()
        try:
            inner = self._inner.start_tls(
                ssl_context, server_hostname, wait.seconds(httpcore.ConnectTimeout)
            )
        except httpcore.ConnectError as error:
            raise HandshakeError(server_hostname or "") from error
        wait.budget.spend(time.monotonic() - began, 0)
        return Stream(inner, self._layers - 1, wait)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own
        """Return what is known of what lies below."""
        return self._inner.get_extra_info(info)

    def _own(self, timeout: float | None) -> Wait:
        if isinstance(timeout, Wait):
            self._wait = timeout
        return self._wait


class Backend(httpcore.NetworkBackend):
    """Makes connections, of which each has `layers` of TLS before it leads to the server."""

    def __init__(self, layers: int) -> None:
        self._layers = layers
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Connect to the first address of a host that takes it, all within one time."""
        wait = timeout if isinstance(timeout, Wait) else _unlimited(timeout)
        until = time.monotonic() + wait.seconds(httpcore.ConnectTimeout)
        addresses = _resolved(host, port, until - time.monotonic())
        for tried, address in enumerate(addresses):
            # So that an address that swallows everything leaves time for the next one.
            share = (until - time.monotonic()) / (len(addresses) - tried)
            try:
                inner = self._inner.connect_tcp(
                    address, port, max(share, 0.001), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses) - 1:
                    raise
            else:
                wait.budget.made = inner
                return Stream(inner, self._layers, wait)
        raise httpcore.ConnectError(f"{host} has no address")


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """Look up the addresses of a host, on a thread: nothing else limits how long that takes."""
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result(list(dict.fromkeys(str(info[4][0]) for info in infos)))
        except BaseException as error:
            found.set_exception(error)

    if _is_literal(host):
        look_up()
    else:
        threading.Thread(target=look_up, name="look up", daemon=True).start()
    try:
        return found.result(seconds)
    except FutureTimeoutError:
        raise httpcore.ConnectTimeout(f"{host} was not looked up in time") from None
    except (OSError, UnicodeError) as error:  # the latter for what no name can be
        raise httpcore.ConnectError(str(error)) from error


def _is_literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _unlimited(timeout: float | None) -> Wait:
    seconds = 3600.0 if timeout is None else timeout
    return Budget(seconds, left=lambda: None).wait(seconds)
