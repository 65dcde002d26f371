"""Parse, wire, run; and what becomes of whatever goes wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence

from reconciler.cli.exits import ERROR, SUCCESS
from reconciler.cli.parser import Shown, parse
from reconciler.cli.streams import Streams


def run(argv: Sequence[str]) -> int:
    """Run a command line and give its exit code. Only `KeyboardInterrupt` gets out."""
    streams = Streams()
    try:
        try:
            settings, command = parse(argv)
        except Shown as shown:
            streams.result(shown.text)
            return SUCCESS
        from reconciler.cli.context import Context

        return command(Context.of(settings, streams, os.environ))
    except Exception as error:
        # The options may be what is wrong, so this is asked of the words themselves.
        return _failed(streams, error, debug="--debug" in argv)


def _failed(streams: Streams, error: Exception, *, debug: bool) -> int:
    from reconciler.errors import ManifestError, ReconcilerError, UsageError

    if debug:
        import traceback

        streams.note("".join(traceback.format_exception(error)))
    if isinstance(error, ManifestError):
        from reconciler.report import text

        streams.note(text.problems(error.problems))
        return error.exit_code
    if isinstance(error, ReconcilerError):
        streams.note(f"Error: {error}")
        if _folder_is_gone():
            streams.note(f"Note: {_GONE}")
        return error.exit_code
    if isinstance(error, OSError):
        if _folder_is_gone():
            streams.note(f"Error: {_GONE}")
            return UsageError.exit_code
        streams.note(f"Error: {_told(error)}")
        return ERROR
    if isinstance(error, MemoryError):
        streams.note("Error: there is not enough memory")
        return ERROR
    streams.note(f"Error: reconciler has a bug: {_told(error)}; run again with --debug for details")
    return ERROR


#: Relative paths lead nowhere then, and the system only says that something does not exist.
_GONE = "the current folder was deleted: change to a folder that exists, and run this again"


def _folder_is_gone() -> bool:
    try:
        return not os.path.isdir(os.getcwd())  # noqa: PTH109, PTH112 - cheap, on the way in
    except OSError:
        return True


def _told(error: Exception) -> str:
    from reconciler.names import shown

    return shown(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
