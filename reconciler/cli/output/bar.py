"""A bar on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from reconciler.cli.output.streams import Streams


def open_bar(
    streams: Streams, what: str, total: int, *, colour: bool
) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Show a bar on the terminal; give what moves it on, and what wipes it."""
    file = cast("IO[str]", _Bounded(streams, sys.stderr))
    console = Console(file=file, no_color=not colour)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    bar = Bar(*columns, console=console, transient=True)
    task = bar.add_task("", total=total)
    bar.start()
    return (lambda steps: bar.advance(task, steps)), bar.stop


class _Bounded:
    """A terminal for the bar, which gives it up like all else does if nobody reads it."""

    def __init__(self, streams: Streams, terminal: TextIO) -> None:
        self._streams = streams
        self._terminal = terminal

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._streams.put(self._terminal, self._terminal.write, text)

    def flush(self) -> None:
        """Do nothing: what is written is there already."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._terminal, name)
