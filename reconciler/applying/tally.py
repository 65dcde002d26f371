"""What became of each operation, as far as it was told: for a run that could not say so itself."""

from __future__ import annotations

from reconciler.executor import DONE, NOT_STARTED, UNKNOWN, Outcome, Result
from reconciler.executor.events import Done, Failed, OperationEvent
from reconciler.executor.outcomes import NOT_BEGUN
from reconciler.plan.document import Operation, Plan


class Tally:
    """Follows a run, which a signal may end between the last write and its result."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        #: The last event of each operation, by its key.
        self._last: dict[str, OperationEvent] = {}

    def observe(self, event: OperationEvent) -> None:
        """Take note of what happened to an operation."""
        self._last[event.key] = event

    def result(self) -> Result | None:
        """Return an end for every operation of the plan, as that of an interrupted run.

        None if nothing was told at all: the run had not begun.
        """
        if not self._last:
            return None
        outcomes = tuple(self._outcome(operation) for operation in self.plan.operations)
        return Result(outcomes, interrupted=True)

    def _outcome(self, operation: Operation) -> Outcome:
        key, action, name = operation.key, operation.action, operation.name
        match self._last.get(key):
            case None:
                return Outcome(key, action, name, NOT_STARTED, error=NOT_BEGUN)
            case Done(id=id, writes=writes):
                return Outcome(key, action, name, DONE, id=id, writes=writes)
            case Failed(status=status, error=error, stale=stale):
                return Outcome(key, action, name, status, error=error, stale=stale)
            case _:
                why = "interrupted while it was carried out"
                return Outcome(key, action, name, UNKNOWN, error=why)
