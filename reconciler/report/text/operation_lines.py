"""One operation of a plan as lines for a terminal."""

from __future__ import annotations

from reconciler.plan.document import CREATE, REMOVE, UPDATE, Operation, Plan
from reconciler.printable import quoted, shown
from reconciler.report.sentences.operations import Order, changes_of, files_of, name_of, old_name
from reconciler.report.sentences.terms import SYMBOLS, address, bare, value
from reconciler.report.style import Style
from reconciler.report.text.lines import lines

_COLOURS = {CREATE: "green", UPDATE: "yellow", REMOVE: "red"}


class Printer:
    """Prints the operations of one plan."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self._order = Order(plan)
        self._style = style

    def head(self, action: str, name: str) -> str:
        """Return the first line of an operation: its symbol and a name."""
        return self._style.paint(f"{SYMBOLS[action]} {bare(name)}", _COLOURS[action])

    def operation(self, operation: Operation) -> list[str]:
        """Return all lines of an operation."""
        head = self.head(operation.action, name_of(operation))
        old = old_name(operation)
        told = [f"{head} (was {bare(old)})" if old is not None else head]
        values = operation.after or operation.before
        if values and (operation.action != UPDATE or self._style.verbose):
            told += self._lines([shown(values.type), "at", address(values.default_url)])
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
        told = self._lines(files_of(operation))
        if operation.holds_files is False:
            return told
        return [self._style.paint(line, "alarm") for line in told]


def _changes(operation: Operation) -> list[list[str]]:
    """Return what an update changes; a new name is in its first line already."""
    told = []
    for change in changes_of(operation):
        if change.field != "name":
            show = value(change.field)
            told.append([f"{change.field}:", show(change.before), "->", show(change.after)])
    return told
