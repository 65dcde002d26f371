"""`serve --copy-from`: a platform changes its database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.context import Context
from reconciler.cli.options.database import (
    COPY_FROM,
    check_exists,
    chosen,
    explained,
    warn_of_password,
)
from reconciler.cli.output.bar import open_bar
from reconciler.cli.output.terminal import is_terminal
from reconciler.errors import UsageError
from reconciler.server.store.copying import CopyEnd, check_ends, copy, how_much, told
from reconciler.server.store.opening import open_copy_end


def copy_database(context: Context, given: str | None, original: str) -> None:
    """Copy all of a platform into the database of `--database`, which is the platform then."""
    url = chosen(context, given)
    warn_of_password(context, original, COPY_FROM, "let PGPASSFILE name a file that has it")
    check_exists(original, COPY_FROM)
    with explained(), open_copy_end(original) as source, open_copy_end(url) as target:
        _check_apart(source, target)
        counts = _copied(context, source, target)
        context.note(f"Copied {told(counts)}. It was read again, and is equal.")
        context.note(f"The platform is in {target.name} now: serve that, without {COPY_FROM}.")
        context.note(f"{source.name} is not opened again: keep it as a backup.")


def _check_apart(source: CopyEnd, target: CopyEnd) -> None:
    if source.place() == target.place():
        raise UsageError(
            f"--database and {COPY_FROM} name one and the same database: {source.name}"
        )


def _copied(context: Context, source: CopyEnd, target: CopyEnd) -> dict[str, int]:
    for end in (source, target):
        end.begin()
    check_ends(source, target)
    # Every row is looked at twice: when it is carried over, and when it is read again.
    with _progress(context, 2 * how_much(source)) as moved:
        return copy(source, target, moved)


@contextmanager
def _progress(context: Context, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal."""
    if context.style.quiet or not is_terminal(sys.stderr):
        yield lambda _: None
        return
    colour = context.note_style.colour
    with open_bar(context.streams, "Copying", total, colour=colour) as advance:
        yield advance
