"""What a running command has at hand: its settings, its streams, and how results are to look."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TextIO

from msgspec.structs import replace

from reconciler.applying.apart import Apart
from reconciler.cli import TYPE_CHECKING
from reconciler.cli.output.streams import Streams
from reconciler.cli.output.terminal import has_colour, is_terminal, width
from reconciler.cli.settings import GITHUB, HTML, STDOUT, TEXT, Settings, appended
from reconciler.environment.here import origin_here
from reconciler.environment.origin import Origin
from reconciler.errors import SUCCESS, ReconcilerError, UsageError
from reconciler.model import Notice
from reconciler.printable import shown
from reconciler.report.formats import Report, report_in
from reconciler.report.style import UNBOUNDED, Style
from reconciler.retry.limits import TimeLimit

if TYPE_CHECKING:
    from reconciler.manifest import Manifest


class Ahead:
    """A manifest that was read before its command asks for it: for the first who does."""

    def __init__(self) -> None:
        """Begin with none."""
        self.manifest: Manifest | None = None
        #: Whether anybody has read it, ahead or not.
        self.was_read = False

    def take(self) -> Manifest | None:
        """Return it, if it was read ahead and nobody has taken it."""
        self.was_read = True
        manifest, self.manifest = self.manifest, None
        return manifest


class Context(NamedTuple):
    """Made once, where a command is wired; handed to all that needs it."""

    settings: Settings
    streams: Streams
    environ: Mapping[str, str]
    #: How results on standard output, and notes on standard error, are to look.
    style: Style
    note_style: Style
    #: Which run this is, and who runs it.
    origin: Origin
    #: How long the command may take.
    limit: TimeLimit
    #: What keeps its files out of storages.
    apart: Apart
    #: The manifest, if it was read ahead.
    ahead: Ahead

    @classmethod
    def of(cls, settings: Settings, streams: Streams, environ: Mapping[str, str]) -> Context:
        """Wire a command: find out what the terminal is like.

        Raises `UsageError` if two documents are to go to standard output, or if what writes the
        wanted format is not installed.
        """
        if settings.events == STDOUT:
            if settings.output != TEXT:
                raise UsageError(
                    f"--events - and -o {settings.output} both want standard output: give --events "
                    "a file"
                )
            streams.spare_output()
        if HTML in {settings.output, *(one.format for one in settings.output_files)}:
            report_in(HTML)  # before anything is done of which nobody could be told then
        return cls(
            settings,
            streams,
            environ,
            _style(settings, environ, streams.results),
            _style(settings, environ, sys.stderr),
            origin_here(environ),
            TimeLimit(settings.timeout),
            Apart(_files(settings, environ)),
            Ahead(),
        )

    def anew(self) -> Context:
        """Return the same for another round of a command that goes on and on."""
        return self._replace(apart=self.apart.anew(), ahead=Ahead())

    @property
    def is_text(self) -> bool:
        """Whether results are written for people."""
        return self.settings.output == TEXT

    @property
    def files(self) -> tuple[str, ...]:
        """The files and folders of the manifest; this and what follows is what a run is `Given`."""
        return self.settings.files

    @property
    def env_files(self) -> tuple[str, ...]:
        """Files with variables for the manifest."""
        return self.settings.env_files

    @property
    def platform(self) -> str | None:
        """The address of the platform, whatever else says one."""
        return self.settings.platform

    @property
    def scope(self) -> tuple[str, ...]:
        """Names and globs that narrow the scope."""
        return self.settings.scope

    @property
    def journal(self) -> str | None:
        """The folder of journals; None for the default one."""
        return self.settings.journal

    def report(self) -> Report:
        """Return what writes results in the wanted format."""
        return report_in(self.settings.output)

    def result(self, text: str) -> None:
        """Write a result to standard output."""
        write = self.streams.result if self.is_text else self.streams.document
        write(text.removesuffix("\n") + "\n")

    def outcome(self, text: str, code: int) -> int:
        """Write a result, and return the exit code of what came of it.

        What was found matters more than that nobody could read it here; raises `ReconcilerError`
        where nothing was.
        """
        try:
            self.result(text)
        except ReconcilerError as error:
            if code == SUCCESS:
                raise
            self.streams.note(f"Error: {error}.")
        return code

    def note(self, text: str) -> None:
        """Tell something beside the result, on standard error; not with `--quiet`."""
        if not self.style.quiet:
            self.streams.note(text)

    def warn(self, warnings: Iterable[Notice]) -> None:
        """Tell warnings on standard error, where the report has no place for them."""
        if self.settings.output == GITHUB:  # it has them as annotations, in the same log
            return
        for notice in warnings:
            self.note(f"Warning: {shown(notice.message)}")


def _files(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the files that options of every command name, and these options.

    What GitHub reads comes first: if that is refused, nothing is told there of what else is.
    """
    yield from appended(settings, environ)
    if settings.events not in (None, STDOUT):
        yield "--events", str(settings.events)
    for one in settings.output_files:
        yield "-o", one.file or ""


def asking(style: Style) -> Style:
    """Return the style of a plan that somebody has to agree to: never a short one."""
    return replace(style, verbosity=max(style.verbosity, 0))


def _style(settings: Settings, environ: Mapping[str, str], stream: TextIO | None) -> Style:
    people = is_terminal(stream)
    return Style(
        colour=not settings.no_color and has_colour(environ, stream),
        width=width(environ, stream) if people else UNBOUNDED,
        verbosity=settings.verbosity,
        records=not people,
    )
