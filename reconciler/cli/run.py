"""Parse, wire, run; `failure` says what becomes of whatever goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import Shown, parse
from reconciler.cli.output.streams import Streams
from reconciler.errors import SUCCESS, USAGE


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code. Only `KeyboardInterrupt` gets out."""
    streams = Streams()
    try:
        try:
            settings, row, options = parse(argv, COMMANDS)
        except Shown as shown:
            if not shown.asked:
                streams.note(shown.text)
                return USAGE
            streams.result(shown.text)
            return SUCCESS
        from reconciler.cli.wiring import run_command  # what `--help` can do without

        return run_command(streams, settings, row, options)
    except Exception as error:
        from reconciler.cli.failure import failed  # most commands do not fail

        return failed(streams, error, argv)
