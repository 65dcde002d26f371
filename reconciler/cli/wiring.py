"""A command that was understood: given what it needs, and run."""

from __future__ import annotations

import os
from argparse import Namespace

from reconciler.cli.context import Context
from reconciler.cli.options.command import Row
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings, unheeded


def run_command(streams: Streams, settings: Settings, row: Row, options: Namespace) -> int:
    """Run a command and return its exit code."""
    command = row.command
    context = Context.of(settings, streams, os.environ)
    ignored = unheeded(settings, command.takes)
    if ignored:
        context.note(f"Note: {', '.join(ignored)} changes nothing for `{row.name}`.")
    if settings.events is None or command.tells_events:
        return command.run(context, options)
    # It imports all that applies, which hardly any of these commands needs.
    from reconciler.cli.applying.events import telling

    return telling(context, lambda _: command.run(context, options))
