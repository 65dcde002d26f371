"""`--listen`: what a watch tells over HTTP. Its libraries are in an extra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.context import Context
from reconciler.cli.watching.bell import Inbox
from reconciler.environment.secret_values import read_secret
from reconciler.environment.timestamps import utc_now
from reconciler.errors import UsageError
from reconciler.report.metrics import Measured, metrics
from reconciler.report.watching.numbers import numbers
from reconciler.server.watching.admission import TOKEN_VARIABLE, Admission
from reconciler.server.watching.app import Sources
from reconciler.server.watching.run import served
from reconciler.server.wire.listen import open_socket, read_address, url_of
from reconciler.watching.status import Status

#: Characters of a token that nobody guesses.
_SHORTEST = 20


@contextmanager
def listening(
    context: Context,
    address: str,
    status: Callable[[], Status],
    measured: Callable[[], Measured | None],
    inbox: Inbox,
) -> Iterator[None]:
    """Answer at an address while entered.

    Raises `UsageError` for what is no address, or where strangers could read without a token;
    `ReconcilerError` if it can't be listened on.
    """
    where = read_address(address)
    token = read_secret(context.environ, TOKEN_VARIABLE)
    if token is not None and len(token.reveal()) < _SHORTEST:
        raise UsageError(
            f"{TOKEN_VARIABLE} is shorter than {_SHORTEST} characters, so that it could be "
            "guessed: `openssl rand -hex 32` makes one"
        )
    if not where.is_loopback:
        if token is None:
            raise UsageError(
                f"without a token, everybody who can reach {where.ip} could read how things stand: "
                f"set {TOKEN_VARIABLE} or {TOKEN_VARIABLE}_FILE, or listen on 127.0.0.1"
            )
        context.streams.note(
            "Warning: without TLS, the token crosses the network for everybody on the way to read: "
            "put a proxy with TLS before it"
        )

    def told() -> str:
        known = measured()
        return numbers(status()) + (metrics(known, utc_now().timestamp()) if known else "")

    admission = Admission(token)
    sources = Sources(status, told, inbox.poke)
    verbose = context.settings.verbosity > 0
    with open_socket(where) as taken, served(sources, admission, taken, verbose=verbose):
        context.streams.note(f"Listening on {url_of(taken, tls=False)}")
        yield
