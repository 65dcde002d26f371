"""A command that was understood: given what it needs, and run."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence

from reconciler.applying.apart import Lying
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
    repositories = [given for name in command.repository if (given := getattr(options, name))]
    context.apart.know(_known(context, repositories))
    if settings.events is None or command.tells_events:
        return command.run(context, options)
    # It imports all that applies, which hardly any of these commands needs.
    from reconciler.cli.applying.events import telling

    return telling(context, lambda _: command.run(context, options))


def _known(context: Context, repositories: Sequence[str]) -> Iterator[Lying]:
    """Yield where storages lie of which the command knows without being run."""
    # It imports what reads manifests, which only a run needs that writes a file.
    from reconciler.cli.inputs.known import declared_if_any, kept

    yield from declared_if_any(context)
    for address in repositories:
        yield from kept(address)
