"""Parse, wire, run; `failure` says what becomes of whatever goes wrong."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.command import Row
from reconciler.cli.options.parser import Shown, parse
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings, unheeded
from reconciler.errors import SUCCESS, USAGE


def run(argv: Sequence[str]) -> int:
    """Run a command line and give its exit code. Only `KeyboardInterrupt` gets out."""
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
        return _run(streams, settings, row, options)
    except Exception as error:
        from reconciler.cli.output.failure import failed

        return failed(streams, error, argv)


def _run(streams: Streams, settings: Settings, row: Row, options: Namespace) -> int:
    from reconciler.cli.context import Context

    command = row.command
    context = Context.of(settings, streams, os.environ)
    ignored = unheeded(settings, command.takes)
    if ignored:
        context.note(f"Note: {', '.join(ignored)} changes nothing for `{row.name}`.")
    if settings.events is None or command.tells_events:
        return command.run(context, options)
    from reconciler.cli.applying.events import event_stream

    with event_stream(context) as events:
        code = command.run(context, options)
        events.end(code)
    return code
