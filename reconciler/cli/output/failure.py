"""What becomes of a command that fails: a message, a report where `-o` wants one, an exit code."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Sequence
from contextlib import suppress

from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import JSON, MARKDOWN
from reconciler.errors import ERROR, ManifestError, ReconcilerError, UsageError
from reconciler.masking import masked_in
from reconciler.printable import shown
from reconciler.report import text
from reconciler.report.formats import report_in
from reconciler.report.style import PLAIN

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
    wanted = wanted_output(argv)
    if wanted in (JSON, MARKDOWN) and not streams.told:
        _report(streams, error, code, wanted)
    streams.note(_text(error))
    if str(error) != _GONE and _folder_is_gone():
        streams.note(f"Note: {_GONE}")
    return code


def wanted_output(argv: Sequence[str]) -> str | None:
    """Return which format the words of a command line ask for, also where they make no sense."""
    wanted = None
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        if word == "--":
            break
        found = _OUTPUT.fullmatch(word)
        if found:
            wanted = found["value"] or following
    return wanted


def _report(streams: Streams, error: Exception, code: int, wanted: str) -> None:
    report = report_in(wanted)
    if isinstance(error, ManifestError):
        told = report.problems(error.problems, PLAIN)
    else:
        told = report.failure(_message(error), code, PLAIN)
    with suppress(ReconcilerError):  # a full disk, which may be the very error that is told
        streams.document(told)


def _text(error: Exception) -> str:
    if isinstance(error, ManifestError):
        return text.problems(error.problems)
    return f"Error: {_message(error)}"


def _message(error: Exception) -> str:
    if isinstance(error, ReconcilerError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory"

    kind = type(error).__name__
    told = shown(masked_in(f"{kind}: {error}" if str(error) else kind))
    if isinstance(error, OSError):
        return told
    return f"reconciler has a bug: {told}; run again with --debug for details"


def _folder_is_gone() -> bool:
    try:
        return not os.path.isdir(os.getcwd())  # noqa: PTH109, PTH112 - cheap, on the way in
    except OSError:
        return True
