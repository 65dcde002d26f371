"""`serve`: the state server."""

from __future__ import annotations

import gc
import importlib.util
from argparse import ArgumentParser, Namespace

from reconciler.cli.commands.server.copying import copy_database
from reconciler.cli.context import Context
from reconciler.cli.options.command import Command
from reconciler.cli.options.database import COPY_FROM, add_database, opened
from reconciler.cli.options.extras import imported
from reconciler.cli.settings import TEXT
from reconciler.environment.extras import missing_extra
from reconciler.errors import SUCCESS, UsageError
from reconciler.server.wire.certificate import Tls
from reconciler.server.wire.listen import Address, open_socket, read_address

DEFAULT_LISTEN = "127.0.0.1:8080"
_LIBRARIES = ("httptools", "prometheus_client", "starlette", "uvicorn")


class ServeOptions(Namespace):
    """The options of `serve`."""

    database: str | None
    copy_from: str | None
    listen: str
    tls_cert: str | None
    tls_key: str | None


def _add_arguments(parser: ArgumentParser) -> None:
    add_database(parser)
    parser.add_argument(
        COPY_FROM,
        metavar="URL",
        help="copy a platform with all that belongs to it from this database into an empty one, "
        "and serve nothing; this one is closed for good",
    )
    parser.add_argument(
        "--listen",
        default=DEFAULT_LISTEN,
        metavar="HOST:PORT",
        help=f"address to listen on (default: {DEFAULT_LISTEN}); port 0 picks a free one",
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="certificate with its chain, PEM")
    parser.add_argument("--tls-key", metavar="FILE", help="private key of the certificate, PEM")


def _run(context: Context, options: ServeOptions) -> int:
    if options.copy_from is not None:
        copy_database(context, options.database, options.copy_from)
        return SUCCESS
    _check_libraries()
    serve = imported("`serve`", "server", "reconciler.server.run", _LIBRARIES[0]).serve
    gc.set_threshold(700)  # Python's own: what is garbage here must not wait for the end
    tls = _tls(options)
    address = read_address(options.listen)
    with opened(context, options.database, make=True) as (store, _):
        _check_safety(context, address, tls, has_tokens=store.has_tokens())
        with open_socket(address) as listening:
            serve(
                store,
                listening,
                tls=tls,
                verbose=context.settings.verbosity > 0,
                on_ready=lambda url: context.streams.note(f"Listening on {url}"),
            )
    context.note("Stopped.")
    return SUCCESS


def _check_libraries() -> None:
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(missing_extra(f"`serve` ({', '.join(missing)})", "server"))


def _tls(options: ServeOptions) -> Tls | None:
    if options.tls_cert is None and options.tls_key is None:
        return None
    if options.tls_cert is None or options.tls_key is None:
        raise UsageError("--tls-cert and --tls-key belong together: give both or none")
    return Tls(options.tls_cert, options.tls_key)


def _check_safety(context: Context, address: Address, tls: Tls | None, *, has_tokens: bool) -> None:
    """Refuse what would open the platform to everybody, and warn of what is risky."""
    if not has_tokens and not address.is_loopback:
        raise UsageError(
            f"without tokens, everybody who can reach {address.ip} could do everything: make one "
            "first (`reconciler token create --help`), or listen on 127.0.0.1"
        )
    if not has_tokens:
        context.streams.note(
            "Warning: there are no tokens, so everybody on this machine may do everything; "
            "`reconciler token create` makes one"
        )
    if tls is None and not address.is_loopback:
        context.streams.note(
            "Warning: without TLS, tokens cross the network for everybody on the way to read; "
            "give --tls-cert and --tls-key, or put a proxy with TLS before it"
        )


COMMAND = Command(
    details="Keeps a platform in a database, which is made at the first start. Several servers "
    "may share one PostgreSQL database.\n\n"
    "Without tokens it listens on this machine only, and everybody here may do everything; "
    "`reconciler token create` ends that at once. SIGTERM or Ctrl-C ends the server when all "
    "requests are answered, or after 20 seconds; a second one ends it at once, with exit code 130, "
    "and what was being written is undone. The log on standard error tells what "
    "went wrong; with -v also each request: method, path, status, account and milliseconds. It "
    "holds no tokens.\n\n"
    f"With {COPY_FROM}, a platform changes its database, from SQLite to PostgreSQL or in any other "
    "direction, and keeps its id, storages, file records, audit and tokens: all or nothing. "
    "Stop the servers of both first. "
    "What was copied is read again and compared, then the command ends.",
    examples=(
        ("reconciler serve --database sqlite:///server.db", "serve this machine"),
        (
            "reconciler serve --database sqlite:///server.db --listen 127.0.0.1:9090 -v",
            "on another port, and tell more",
        ),
    ),
    add_arguments=_add_arguments,
    options=ServeOptions,
    run=_run,
    takes=(),
    formats=(TEXT,),
)
