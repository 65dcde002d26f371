"""The state server's database, as `serve` and `token` are told of it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli import TYPE_CHECKING
from reconciler.cli.settings import given_text

if TYPE_CHECKING:
    from reconciler.cli.context import Context
    from reconciler.server.store.contract import (
        Store,
    )

VARIABLE = "RECONCILER_DATABASE"
_SQLITE = "sqlite:///"


def add_database(parser: ArgumentParser) -> None:
    """Add the option that names the database."""
    parser.add_argument(
        "--database",
        type=given_text,
        metavar="URL",
        help="sqlite:///server.db, or postgresql://user@host/database; a URL with a password "
        f"belongs into {VARIABLE}, or into a file that {VARIABLE}_FILE names",
    )


@contextmanager
def opened(context: Context, given: str | None, *, make: bool) -> Iterator[Store]:
    """Open the database, and close it at the end; a new one is made only if `make`.

    What a store refuses becomes an error for the user.
    """
    from reconciler.errors import ReconcilerError
    from reconciler.server.store import open_store
    from reconciler.server.store.refusals import (
        StoreError,
    )

    url = _chosen(context, given)
    if not make:
        _check_exists(url)
    store = open_store(url)
    try:
        yield store
    except StoreError as error:
        raise ReconcilerError(str(error)) from error
    finally:
        store.close()


def _chosen(context: Context, given: str | None) -> str:
    from reconciler.credentials import read_secret
    from reconciler.errors import UsageError

    secret = read_secret(context.environ, VARIABLE)
    if given is None:
        if secret is None:
            raise UsageError(
                f"no database was given: use --database {_SQLITE}server.db, or set {VARIABLE} or "
                f"{VARIABLE}_FILE"
            )
        return secret.reveal()
    if _has_password(given):
        context.streams.note(
            "Warning: everybody on this machine can see the password in --database, in the list "
            f"of processes; put the URL into {VARIABLE}, or into a file that {VARIABLE}_FILE names"
        )
    return given


def _has_password(url: str) -> bool:
    from urllib.parse import parse_qs, urlsplit

    if url.lower().startswith("sqlite:"):
        return False
    try:
        parts = urlsplit(url)
        return parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        return False


def _check_exists(url: str) -> None:
    """Refuse a file that is not there: a typo must not look like a database without tokens."""
    import os

    from reconciler.errors import UsageError
    from reconciler.names import quoted

    path = url[len(_SQLITE) :]
    if url.lower().startswith(_SQLITE) and not os.path.lexists(path):
        raise UsageError(f"there is no database {quoted(path)}: see --database")
