"""Storages that a run knows of from its beginning: no file that it writes lies in one of them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.applying.apart import Lying, WithinStorageError, declared
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.options.extras import imported
from reconciler.errors import ReconcilerError, UsageError
from reconciler.manifest.files import is_stream


def declared_if_any(context: Context) -> Iterator[Lying]:
    """Yield where a manifest says that storages lie, also for commands that have no use for one.

    What is wrong with it is left to those that read it, and so is one that can be read only once.
    """
    if context.ahead.was_read:  # and so are its storages known
        return
    if any(file == "-" or is_stream(file) for file in context.settings.files):
        return
    try:
        context.ahead.manifest = read_manifest_if_any(context)
    except WithinStorageError:
        raise
    except (ReconcilerError, OSError):
        return
    yield from declared(context.ahead.manifest)


def kept(repository: str) -> Iterator[Lying]:
    """Yield where storages lie that the newest snapshot in a repository has."""
    try:
        recovery = imported("this", "recovery", "reconciler.cli.recovery.apart", "pyarrow")
    except UsageError:  # the command itself says what lacks
        return
    yield from recovery.kept(repository)
