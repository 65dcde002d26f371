"""How an apply is followed: a bar on a terminal, lines with `-v`, otherwise nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.context import Context
from reconciler.cli.output.terminal import is_terminal
from reconciler.executor.events import Done, Failed, Observer, OperationEvent, Retried, Started
from reconciler.plan.document import Plan
from reconciler.printable import quoted


@contextmanager
def progress(context: Context, plan: Plan) -> Iterator[Observer]:
    """Tell on standard error how far an apply has come, while entered; yield what is told of it."""
    if context.style.verbose:
        note = context.streams.note
        yield lambda event: note(f"{event.action} {quoted(event.name)}: {_told(event)}")
    else:
        with bar(context, "Applying", len(plan.operations)) as advance:

            def observe(event: OperationEvent) -> None:
                if isinstance(event, Done | Failed):
                    advance(1)

            yield observe


@contextmanager
def bar(context: Context, what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while entered, if there is a terminal to show it on; yield what moves it on."""
    if context.style.quiet or not is_terminal(sys.stderr):
        yield lambda _: None
    else:
        from reconciler.cli.output.bar import open_bar  # `rich` is dear, and pipelines need none

        with open_bar(context.streams, what, total, colour=context.note_style.colour) as advance:
            yield advance


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
