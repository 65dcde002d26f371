"""What a command is: where it stands, what its help says, which options it takes, what it does."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Mapping

from reconciler.cli import TYPE_CHECKING
from reconciler.cli.settings import COMMON_OPTIONS, FORMATS

if TYPE_CHECKING:
    from typing import Any

    from reconciler.cli.context import Context


class Command:
    """What a command's own module says of it.

    `options` is a `Namespace` that names the values of the arguments that `add_arguments` adds,
    with their types; `run` gets it filled in, and gives the exit code. `details`
    follow the summary, in paragraphs; `examples` are command
    lines that work (a test runs them), each with what it is good for. `takes` names those of the
    global options in `LIMITED_OPTIONS` that mean something for the command; the others are
    taken as well, so that they can be given to every command alike, and change nothing.
    `formats` are those of `-o`; it refuses others. `tells_events` says that it tells more to
    `--events` than how it ends. `repository` names those of its options that may name a repository,
    in whose storages no file is written. `actions` are the words that the first argument may be,
    each with what its own help says; the help of an option of one of them begins with its name and
    a colon.
    """

    def __init__(
        self,
        *,
        details: str,
        examples: tuple[tuple[str, str], ...],
        run: Callable[[Context, Any], int],
        add_arguments: Callable[[ArgumentParser], object] = lambda _: None,
        options: type[Namespace] = Namespace,
        takes: Collection[str] = tuple(COMMON_OPTIONS),
        formats: tuple[str, ...] = FORMATS,
        tells_events: bool = False,
        repository: tuple[str, ...] = (),
        actions: Mapping[str, str] | None = None,
    ) -> None:
        self.paragraphs = tuple(details.split("\n\n"))
        self.examples = examples
        self.takes = takes
        self.formats = formats
        self.tells_events = tells_events
        self.repository = repository
        self.actions = actions or {}
        self.add_arguments = add_arguments
        self.options = options
        self.run = run


class Row:
    """A command as the table of commands has it: all that `reconciler --help` needs to know."""

    def __init__(self, name: str, summary: str, *, group: str = "") -> None:
        self.name = name
        self.summary = summary
        self._module = f"reconciler.cli.commands.{group}{name}"

    @property
    def command(self) -> Command:
        """What its module says of it; nothing is imported before somebody asks."""
        __import__(self._module)  # `importlib` would be imported for nothing else
        command: Command = sys.modules[self._module].COMMAND
        return command
