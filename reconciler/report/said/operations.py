"""One operation of a plan as lines for a terminal."""

from __future__ import annotations

from reconciler.plan.document import CREATE, REMOVE, UPDATE, Operation, Plan
from reconciler.printable import quoted, shown
from reconciler.report.layout import lines
from reconciler.report.said import words
from reconciler.report.said.order import Order
from reconciler.report.style import Style

_COLOURS = {CREATE: "green", UPDATE: "yellow", REMOVE: "red"}


class Printer:
    """Prints the operations of one plan."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self._order = Order(plan)
        self._style = style

    def head(self, action: str, name: str) -> str:
        """Give the first line of an operation: its symbol and a name."""
        return self._style.paint(f"{words.SYMBOLS[action]} {words.bare(name)}", _COLOURS[action])

    def operation(self, operation: Operation) -> list[str]:
        """Give all lines of an operation."""
        head = self.head(operation.action, words.name_of(operation))
        old = words.old_name(operation)
        told = [f"{head} (was {words.bare(old)})" if old is not None else head]
        values = operation.after or operation.before
        if values and (operation.action != UPDATE or self._style.verbose):
            told += self._lines([shown(values.type), "at", words.address(values.default_url)])
        if operation.action == REMOVE:
            told += self._losses(operation)
        for phrase in self._details(operation):
            told += self._lines(phrase)
        return told

    def _lines(self, phrase: str | list[str]) -> list[str]:
        return lines(phrase, self._style.width, "    ", "      ")

    def _details(self, operation: Operation) -> list[str | list[str]]:
        told: list[str | list[str]] = []
        if operation.action == CREATE and operation.after:
            told.append(["label:", quoted(operation.after.label)])
        told += _changes(operation)
        if self._style.verbose and operation.id:
            told.append(["id:", shown(operation.id)])
        told += self._order.phrases(operation)
        if operation.action == REMOVE or self._style.verbose:
            told.append(f"why: {shown(operation.reason)}")
        return told

    def _losses(self, operation: Operation) -> list[str]:
        told = self._lines(words.files_of(operation))
        if operation.holds_files is False:
            return told
        return [self._style.paint(line, "alarm") for line in told]


def _changes(operation: Operation) -> list[list[str]]:
    """Tell what an update changes; a new name is in its first line already."""
    told = []
    for change in words.changes_of(operation):
        if change.field != "name":
            show = words.value(change.field)
            told.append([f"{change.field}:", show(change.before), "->", show(change.after)])
    return told
