"""What a plan says of one operation, and what has to happen before it.

A plan file may have been edited where its digest does not reach (names, changes, summary). So
everything here is told from what the digest covers: actions, before, after, steps.
"""

from __future__ import annotations

from functools import cached_property

from reconciler.plan.document import REMOVE, Change, Operation, Plan, Step, changed, steps
from reconciler.printable import quoted


def name_of(operation: Operation) -> str:
    """Name the storage of an operation: as it will be, or for a removal as it is."""
    values = operation.after or operation.before
    return values.name if values else operation.name


def old_name(operation: Operation) -> str | None:
    """Return the name that an update takes away; None if it keeps the name."""
    before, after = operation.before, operation.after
    return before.name if before and after and before.name != after.name else None


def changes_of(operation: Operation) -> tuple[Change, ...]:
    """Return the fields that an update changes, in the order in which they are declared."""
    before, after = operation.before, operation.after
    return changed(before, after) if before and after else ()


def files_of(operation: Operation) -> str:
    """Return what a removal does to the platform's records of files."""
    if operation.holds_files is None:
        return "MAY HOLD FILES: nobody could tell"
    if operation.holds_files:
        return "HOLDS FILES: the platform's records of these files will be lost"
    return "holds no files"


class Order:
    """The steps of one plan, to be looked up by key."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @cached_property
    def _steps(self) -> dict[str, tuple[Operation, Step]]:
        return {step.key: (operation, step) for operation, step in steps(self._plan)}

    def phrases(self, operation: Operation) -> list[str]:
        """Return the steps of an operation, one phrase each; empty if there is nothing to tell."""
        several = len(operation.steps) > 1
        told = []
        for number, step in enumerate(operation.steps, 1):
            waits = self._waits(operation, step)
            if several:
                told.append(f"step {number}: {_does(operation, step)}{waits}")
            elif waits:
                told.append(waits.removeprefix(", "))
        return told

    def _waits(self, operation: Operation, step: Step) -> str:
        others = [
            _happened(*self._steps[key])
            for key in step.after_steps
            if key in self._steps and self._steps[key][0] is not operation
        ]
        return f", after {' and '.join(others)}" if others else ""


def _does(operation: Operation, step: Step) -> str:
    does = []
    if step.name is not None:
        kind = "temporary name" if _aside(operation, step) else "name"
        does.append(f"take the {kind} {quoted(step.name)}")
    if step.label is not None:
        does.append(f"take the label {quoted(step.label)}")
    return " and ".join(does) or step.call


def _happened(operation: Operation, step: Step) -> str:
    if operation.action == REMOVE:
        return f"{quoted(name_of(operation))} is removed"
    # Names are waited for, so the other step gives one up: it is an update that takes a new one.
    before = old_name(operation) or name_of(operation)
    return f"{quoted(before)} has become {quoted(step.name or before)}"


def _aside(operation: Operation, step: Step) -> bool:
    return operation.after is not None and step.name != operation.after.name
