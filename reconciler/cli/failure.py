"""What becomes of a command that fails: a message, a report where `-o` wants one, an exit code."""

from __future__ import annotations

import os
import re
import traceback
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.outputs import of_report
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import GITHUB_FILES, HTML, TEXT, Appended, Output, read_output
from reconciler.cli.telling import Teller, Told
from reconciler.errors import ERROR, ForbiddenFileError, ManifestError, ReconcilerError, UsageError
from reconciler.masking import has_secret_in, masked_in
from reconciler.printable import quoted, shown
from reconciler.report import text
from reconciler.report.formats import report_in
from reconciler.report.style import PLAIN
from reconciler.report.verdicts.manifests import of_failure, of_problems_in

#: Relative paths lead nowhere then, and the system only says that something does not exist.
_GONE = "the current folder was deleted: change to a folder that exists, and run this again"
#: `-o json`, `-ojson`, `--output=json`; the value may be the next word.
_OUTPUT = re.compile(r"(?:--output(?:=|\Z)|-o=?)(?P<value>.*)", re.DOTALL)


def failed(streams: Streams, error: Exception, argv: Sequence[str]) -> int:
    """Tell what went wrong, and return the exit code."""
    # The options may be what is wrong, so this is asked of the words themselves.
    if "--debug" in argv:
        streams.note(masked_in("".join(traceback.format_exception(error))))
    if isinstance(error, OSError) and _folder_is_gone():
        error = UsageError(_GONE)
    code = error.exit_code if isinstance(error, ReconcilerError) else ERROR
    if not streams.told:
        _report(streams, error, code, argv)
    streams.note(_text(error, argv))
    if str(error) != _GONE and _folder_is_gone():
        streams.note(f"Note: {_GONE}")
    return code


def wanted_outputs(argv: Sequence[str]) -> list[Output]:
    """Return what the words of a command line ask for, also where they make no sense otherwise."""
    wanted = []
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        if word == "--":
            break
        found = _OUTPUT.fullmatch(word)
        if found:
            with suppress(ArgumentTypeError):
                wanted.append(read_output(found["value"] or following))
    return wanted


def _report(streams: Streams, error: Exception, code: int, argv: Sequence[str]) -> None:
    """Write the failure in each form that `-o` asks for; text of it stands on standard error."""
    wanted = wanted_outputs(argv)
    # A closed output takes no report; that it is closed may be the very error that is told.
    printed = [one.format for one in wanted if one.file is None and streams.results is not None]
    # What a file may not be, no report of that is either.
    forbidden = isinstance(error, ForbiddenFileError)
    files = () if forbidden else tuple(_allowed(streams, wanted, argv))
    output = printed[-1] if printed and printed[-1] != TEXT else None
    if output is None and not files:
        return
    teller = Teller(streams, _around(error, argv), output, PLAIN, files)
    with suppress(ReconcilerError):  # a full disk, which may be the very error that is told
        teller.tell(_told(error, code, argv), code)


def _allowed(streams: Streams, wanted: Iterable[Output], argv: Sequence[str]) -> Iterator[Output]:
    """Yield reports in files that can be written; tells of those that replace what must stay."""
    for one in wanted:
        if one.file is None or not _is_there(one.format):
            continue
        if told := of_report(one.file, argv):
            streams.note(f"Error: {_masked(told, argv)}.")
        else:
            yield one


def _around(error: Exception, argv: Sequence[str]) -> dict[str, str]:
    """Return the environment without names of files to which nothing may be appended.

    Of one that only a manifest tells, that is what the error says; then the other may be no better.
    """
    around = dict(os.environ)
    files = {name: Appended(around[name]) for name in GITHUB_FILES if around.get(name)}
    is_meant = isinstance(error, ForbiddenFileError) and any(
        quoted(file) in str(error) for file in files.values()
    )
    for name, file in files.items():
        if is_meant or of_report(file, argv):
            del around[name]
    return around


def _is_there(format: str) -> bool:
    """Return whether what writes a format is installed, which may be the very error."""
    try:
        return format != HTML or bool(report_in(HTML))
    except UsageError:
        return False


def _told(error: Exception, code: int, argv: Sequence[str]) -> Told:
    command = next((word for word in argv if word in {row.name for row in COMMANDS}), "")
    if isinstance(error, ManifestError):
        problems = error.problems
        return Told(
            lambda report, style: report.problems(problems, style),
            lambda: of_problems_in(problems, command, code),
        )
    message = _message(error, argv)
    return Told(
        lambda report, style: report.failure(message, code, style),
        lambda: of_failure(message, command, code, _manifest(argv)),
    )


def _manifest(argv: Sequence[str]) -> str:
    """Return the first file that `-f` names; empty if that is none."""
    pairs = pairwise(argv)
    named = next((file for word, file in pairs if word in ("-f", "--file")), "")
    return named if os.path.isfile(named) else ""  # noqa: PTH113 - takes NUL and over-long names


def _text(error: Exception, argv: Sequence[str]) -> str:
    if isinstance(error, ManifestError):
        return text.problems(error.problems)
    return f"Error: {_message(error, argv)}"


def _message(error: Exception, argv: Sequence[str]) -> str:
    if isinstance(error, ReconcilerError):
        return _masked(str(error), argv)
    if isinstance(error, MemoryError):
        return "there is not enough memory"

    kind = type(error).__name__
    told = shown(masked_in(f"{kind}: {error}" if str(error) else kind))
    if isinstance(error, OSError):
        return told
    return f"reconciler has a bug: {told}; run again with --debug for details"


def _masked(message: str, argv: Sequence[str]) -> str:
    """Return a message that may quote the words of a line, as a path or name that one of them is.

    One may be an address with a secret. Where none is, what a message advises stays as it is.
    """
    return masked_in(message) if any(map(has_secret_in, argv)) else message


def _folder_is_gone() -> bool:
    try:
        return not os.path.isdir(os.getcwd())  # noqa: PTH109, PTH112 - cheap, on the way in
    except OSError:
        return True
