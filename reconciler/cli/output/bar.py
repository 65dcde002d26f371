"""A bar on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from reconciler.cli.output.streams import Streams


@contextmanager
def open_bar(
    streams: Streams, what: str, total: int, *, colour: bool
) -> Iterator[Callable[[int], None]]:
    """Show a bar on the terminal while entered, and yield what moves it on."""
    file = cast("IO[str]", _Bounded(streams, sys.stderr))
    console = Console(file=file, no_color=not colour)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda steps: bar.advance(task, steps)


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
