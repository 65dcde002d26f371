"""The state server's database, as `serve` and `token` are told of it."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing, contextmanager

from reconciler.cli.context import Context
from reconciler.environment.secret_values import URL, read_secret
from reconciler.errors import ReconcilerError, UsageError
from reconciler.printable import quoted
from reconciler.server.store.opening import name_of, open_store
from reconciler.server.store.refusals import StoreError
from reconciler.server.store.store import Store

VARIABLE = "RECONCILER_DATABASE"
OPTION = "--database"
_SQLITE = "sqlite:///"
#: The option of `serve` that names a database to copy.
COPY_FROM = "--copy-from"
#: Where PostgreSQL's library reads one; to it, `?` and `#` before the `@` are part of it.
_PASSWORD = re.compile(r"\A[^:/]*://[^/@:]*:[^/@]*@|[?&](?:ssl)?password=")


def add_database(parser: ArgumentParser) -> None:
    """Add the option that names the database."""
    parser.add_argument(
        OPTION,
        metavar="URL",
        help="sqlite:///server.db, or postgresql://user@host/database; a URL with a password "
        f"belongs into {VARIABLE}, or into a file that {VARIABLE}_FILE names",
    )


@contextmanager
def opened(context: Context, given: str | None, *, make: bool) -> Iterator[tuple[Store, str]]:
    """Open the database, and close it at the end; a new one is made only if `make`.

    Yields the name by which messages call it too, without a password. What a store refuses
    becomes an error for the user.
    """
    url = chosen(context, given)
    if not make:
        check_exists(url, OPTION)
    with explained(), closing(open_store(url)) as store:
        yield store, name_of(url)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a store refuses into an error for the user."""
    try:
        yield
    except StoreError as error:
        raise ReconcilerError(str(error)) from error


def chosen(context: Context, given: str | None) -> str:
    """Return the URL of the database that the command line or the environment names."""
    secret = read_secret(context.environ, VARIABLE, URL)
    if given is None:
        if secret is None:
            raise UsageError(
                f"no database was given: use --database {_SQLITE}server.db, or set {VARIABLE} or "
                f"{VARIABLE}_FILE"
            )
        return secret.reveal()
    way = f"put the URL into {VARIABLE}, or into a file that {VARIABLE}_FILE names"
    warn_of_password(context, given, OPTION, way)
    return given


def warn_of_password(context: Context, url: str, option: str, way: str) -> None:
    """Warn of a password on the command line; `way` is the better one."""
    if not url.lower().startswith("sqlite:") and _PASSWORD.search(url) is not None:
        context.streams.note(
            f"Warning: everybody on this machine can see the password in {option}, in the list "
            f"of processes; {way}"
        )


def check_exists(url: str, option: str) -> None:
    """Refuse a file that is not there: a typo must not look like a database without tokens."""
    path = url[len(_SQLITE) :]
    if url.lower().startswith(_SQLITE) and not os.path.lexists(path):
        raise UsageError(f"there is no database {quoted(path)}: see {option}")
