"""What has to happen before what, in words: for operations that take several steps, or wait."""

from __future__ import annotations

from functools import cached_property

from reconciler.plan.document import REMOVE, Operation, Plan, Step, steps
from reconciler.printable import quoted
from reconciler.report.said.words import name_of, old_name


class Order:
    """The steps of one plan, to be looked up by key."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @cached_property
    def _steps(self) -> dict[str, tuple[Operation, Step]]:
        return {step.key: (operation, step) for operation, step in steps(self._plan)}

    def phrases(self, operation: Operation) -> list[str]:
        """Tell the steps of an operation, one phrase each; empty if there is nothing to tell."""
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
