"""How an apply is followed: a bar on a terminal, lines with `-v`, otherwise nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.context import Context
from reconciler.cli.output.terminal import is_terminal
from reconciler.executor.events import Done, Failed, Observer, OperationEvent, Retried, Started
from reconciler.plan.document import Plan
from reconciler.printable import quoted


@contextmanager
def progress(context: Context, plan: Plan) -> Iterator[Observer]:
    """Tell on standard error how far an apply has come, while entered; yield what is told of it."""
    streams = context.streams
    if context.style.verbose:
        yield lambda event: streams.note(f"{event.action} {quoted(event.name)}: {_told(event)}")
    elif context.style.quiet or not is_terminal(sys.stderr):
        yield lambda _: None
    else:
        from reconciler.cli.output.bar import open_bar  # `rich` is dear, and pipelines need none

        colour = context.note_style.colour
        with open_bar(streams, "Applying", len(plan.operations), colour=colour) as advance:

            def observe(event: OperationEvent) -> None:
                if isinstance(event, Done | Failed):
                    advance(1)

            yield observe


def _told(event: OperationEvent) -> str:
    match event:
        case Started():
            return "started"
        case Done():
            return "done"
        case Retried(wait=wait, error=error):
            return f"trying again in {wait:.1f} s: {error}"
        case Failed(status=status):
            return status.replace("_", " ")
