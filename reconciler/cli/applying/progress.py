"""How an apply is followed: a bar on a terminal, lines with `-v`, otherwise nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType

from reconciler.cli.context import Context
from reconciler.cli.output.terminal import is_terminal
from reconciler.executor.events import Done, Failed, OperationEvent, Retried, Started
from reconciler.plan.document import Plan
from reconciler.printable import quoted


class Progress:
    """Tells on standard error how far an apply has come, while entered."""

    def __init__(self, context: Context, plan: Plan) -> None:
        self._streams = context.streams
        self._operations = len(plan.operations)
        self._lines = context.style.verbose
        self._bar = not (self._lines or context.style.quiet) and is_terminal(sys.stderr)
        self._context = context
        self._advance: Callable[[], None] = lambda: None
        self._close: Callable[[], None] = lambda: None

    def __enter__(self) -> Progress:
        """Begin to tell."""
        if self._bar:
            self._open_bar()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Wipe the bar."""
        self._close()

    def observe(self, event: OperationEvent) -> None:
        """Take note of what happened to an operation."""
        if isinstance(event, Done | Failed):
            self._advance()
        if self._lines:
            self._streams.note(f"{event.action} {quoted(event.name)}: {_told(event)}")

    def _open_bar(self) -> None:
        from reconciler.cli.output.bar import open_bar  # `rich` is dear, and pipelines need none

        advance, self._close = open_bar(
            self._streams, "Applying", self._operations, colour=self._context.note_style.colour
        )
        self._advance = lambda: advance(1)


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
