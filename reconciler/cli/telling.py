"""What a command found out, in each form that `-o` asks for."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from msgspec.structs import replace

from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_appendable, write_whole
from reconciler.cli.options.outputs import NO_REPORT, holds_else
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import GITHUB, GITHUB_OUTPUT, GITHUB_SUMMARY, OF_VERDICTS, TEXT, Output
from reconciler.errors import ERROR, SUCCESS, ReconcilerError
from reconciler.masking import quoted_url
from reconciler.printable import commandless, commandless_quoted
from reconciler.report.formats import Report, report_in, signed
from reconciler.report.style import UNBOUNDED, Style
from reconciler.report.verdicts.verdict import Verdict

#: Bytes that GitHub takes of a step's summary; of a longer one it shows nothing at all.
_SUMMARY = 1 << 20
#: How a report in text looks in a file.
_IN_FILE = Style(width=UNBOUNDED, records=True)


class Told(NamedTuple):
    """What is to be told: as reports for people tell it, and as programs of others want it."""

    report: Callable[[Report, Style], str]
    verdict: Callable[[], Verdict]


class Teller(NamedTuple):
    """Writes one result in each form that is asked for: made once for a run."""

    streams: Streams
    environ: Mapping[str, str]
    #: What goes to standard output, and how text looks there; None: nothing does.
    output: str | None
    style: Style
    files: tuple[Output, ...] = ()

    def tell(self, told: Told, code: int) -> int:
        """Write all of it, and return the exit code of what came of it.

        What was found matters more than that it could not be written; where nothing was, a report
        that can't be written is an error. Raises `ReconcilerError` if standard output takes
        nothing, and nothing was found.
        """
        told = told._replace(verdict=_once(told.verdict, code, self.environ))
        for one in self.files:
            with _noting(self) as noted:
                self._write_file(str(one.file), one.format, told)
            code = code or noted.code
        if GITHUB in {self.output, *(one.format for one in self.files)}:
            for append in (self._append_outputs, self._append_summary):
                with _noting(self) as noted:
                    append(told)
                code = code or noted.code
        return code if self.output is None else self._print(self.output, told, code)

    def _print(self, output: str, told: Told, code: int) -> int:
        text = self._written(output, told, self.style)
        write = self.streams.result if output == TEXT else self.streams.document
        try:
            write(text)
        except ReconcilerError as error:
            if code == SUCCESS:
                raise
            self.streams.note(f"Error: {error}.")
        return code

    def _write_file(self, path: str, format: str, told: Told) -> None:
        if holds_else(path):  # which may have come meanwhile
            raise ReconcilerError(f"can't write {quoted_url(path)}: it {NO_REPORT}")
        write_whole(path, _encoded(signed(self._written(format, told, _IN_FILE), format), format))

    def _written(self, format: str, told: Told, style: Style) -> str:
        if format in OF_VERDICTS:
            text: str = _module(format).written(told.verdict())
            return text
        return told.report(report_in(format), style).removesuffix("\n") + "\n"

    def _append_outputs(self, told: Told) -> None:
        """Append what later steps on GitHub read, to the file that it names."""
        if path := self.environ.get(GITHUB_OUTPUT):
            _append(path, _module(GITHUB).outputs(told.verdict()))

    def _append_summary(self, told: Told) -> None:
        """Append what GitHub shows of a step after its end."""
        if path := self.environ.get(GITHUB_SUMMARY):
            text = told.report(report_in("markdown"), self.style)
            _append(path, commandless(text) + "\n", limit=_SUMMARY)


def tell_all(context: Context, told: Told, code: int) -> int:
    """Write a result in each form that is asked for, and return its exit code: see `Teller`."""
    settings = context.settings
    files = settings.output_files
    teller = Teller(context.streams, context.environ, settings.output, context.style, files)
    return teller.tell(told, code)


class _noting:  # noqa: N801 - reads as a word
    """Tells of a file that can't be written, and goes on; `code` is then that of an error."""

    def __init__(self, teller: Teller) -> None:
        self._streams = teller.streams
        self.code = SUCCESS

    def __enter__(self) -> _noting:
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> bool:
        if not isinstance(error, ReconcilerError):
            return False
        self._streams.note(f"Error: {error}.")
        self.code = ERROR
        return True


def _module(format: str) -> ModuleType:
    """Return what writes a verdict in a format; nothing of the other formats is imported."""
    module = f"reconciler.report.verdicts.{format.replace('-', '_')}"
    __import__(module)
    return sys.modules[module]


def _once(
    verdict: Callable[[], Verdict], code: int, environ: Mapping[str, str]
) -> Callable[[], Verdict]:
    """Make a verdict when it is first asked for, with its exit code and paths as others see them.

    Programs that show it count paths from the top of the repository.
    """
    made: list[Verdict] = []

    def get() -> Verdict:
        if not made:
            one, root = verdict(), _root(environ)
            findings = tuple(replace(f, file=_within(root, f.file)) for f in one.findings)
            file = _within(root, one.file)
            made.append(replace(one, exit_code=code, findings=findings, file=file))
        return made[0]

    return get


def _root(environ: Mapping[str, str]) -> Path:
    """Return the top of the repository that the current folder is in, or what a CI system says."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        given = environ.get(name)
        if given and here.is_relative_to(os.path.realpath(given)):
            return Path(os.path.realpath(given))
    return here


def _within(root: Path, file: str) -> str:
    """Return a path as it is called from the root; one that leads out of it is left absolute."""
    if not file:
        return file
    whole = Path(os.path.abspath(file))  # noqa: PTH100 - links stay, as Git sees them
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()


def _append(path: str, text: str, limit: int | None = None) -> None:
    """Append to a file that a CI system has made for this, all or nothing: `ReconcilerError`."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        check_appendable(path)
        if _ends_within_line(path):
            data = b"\n" + data
        with Path(path).open("ab", buffering=0) as file:
            known = os.fstat(file.fileno())
            if limit is not None and known.st_size + len(data) > limit:
                raise ReconcilerError(
                    f"{quoted_url(path)} has no room for this report: GitHub shows 1 MiB of a step"
                )
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                if stat.S_ISREG(known.st_mode):
                    file.truncate(known.st_size)
                raise
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ReconcilerError(f"can't write {quoted_url(path)}: {reason}") from error


def _ends_within_line(path: str) -> bool:
    """Return whether a file ends with half a line, which another step has written."""
    if not Path(path).is_file() or not Path(path).stat().st_size:
        return False
    with Path(path).open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def _encoded(text: str, format: str) -> bytes:
    safe = commandless if format == TEXT else commandless_quoted
    return safe(text).encode("utf-8", "surrogatepass")
