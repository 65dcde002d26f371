"""How far each operation has come, and the events that tell of it."""

from __future__ import annotations

from msgspec import Struct

from reconciler.executor.events import Done, Failed, Observer, Started
from reconciler.executor.outcomes import (
    DONE,
    FAILED,
    HALF_DONE,
    IN_FLIGHT,
    NOT_BEGUN,
    NOT_STARTED,
    UNKNOWN,
    Outcome,
    StepEnd,
)
from reconciler.model import Storage
from reconciler.plan.document import Operation, Plan
from reconciler.plan.steps import operation_of


class _Progress(Struct):
    """How far one operation has come."""

    #: How many of its steps are not done.
    left: int
    writes: int = 0
    storage: Storage | None = None
    end: StepEnd | None = None
    told: bool = False

    def status(self) -> str:
        if not self.left:
            return DONE
        if self.end is not None and self.end.unknown:
            return UNKNOWN
        if self.writes:
            return HALF_DONE
        return FAILED if self.end is not None and self.end.error else NOT_STARTED


class Ledger:
    """Keeps how each operation of a plan stands; tells once that it began, and how it ended."""

    def __init__(self, plan: Plan, observe: Observer) -> None:
        self._plan = plan
        self._observe = observe
        self._progress = {
            operation.key: _Progress(len(operation.steps)) for operation in plan.operations
        }

    def begin(self, operation: Operation) -> None:
        """Note that a step is handed out; until its end is noted, nobody knows how it ended."""
        progress = self._progress[operation.key]
        progress.end = IN_FLIGHT
        if progress.left == len(operation.steps):
            self._observe(Started(operation.key, operation.action, operation.name))

    def end(self, operation: Operation, end: StepEnd) -> None:
        """Note how a step ended."""
        progress = self._progress[operation.key]
        progress.end = end
        progress.writes += end.wrote
        progress.storage = end.storage or progress.storage
        if not end.error:
            progress.left -= 1
        if end.error or not progress.left:
            self._tell(operation, "")

    def give_up(self, reason: str) -> None:
        """Note that the ends of steps that are under way are not waited for."""
        for progress in self._progress.values():
            if progress.end is IN_FLIGHT:
                progress.end = StepEnd(f"{reason}: nobody knows what it did", unknown=True)

    def close(self, stopped: str) -> tuple[Outcome, ...]:
        """Tell and return how every operation ended; `stopped` says why some were not begun.

        Also after a `KeyboardInterrupt` the end of each is told, before that is raised.
        """
        try:
            return self._ends(stopped)
        except KeyboardInterrupt:
            self._ends(stopped)
            raise

    def _ends(self, stopped: str) -> tuple[Outcome, ...]:
        return tuple(self._tell(operation, stopped) for operation in self._plan.operations)

    def _tell(self, operation: Operation, stopped: str) -> Outcome:
        outcome, progress = self._outcome(operation, stopped), self._progress[operation.key]
        if progress.told:
            return outcome
        progress.told = True
        key, action, name = outcome.key, outcome.action, outcome.name
        if outcome.status == DONE:
            self._observe(Done(key, action, name, outcome.id, outcome.writes))
        else:
            self._observe(Failed(key, action, name, outcome.status, outcome.error, outcome.stale))
        return outcome

    def _outcome(self, operation: Operation, stopped: str) -> Outcome:
        progress = self._progress[operation.key]
        status, end, storage = progress.status(), progress.end, progress.storage
        error = end.error if end else ""
        if status in (NOT_STARTED, HALF_DONE) and not error:
            error = stopped or self._waited_for(operation)
        return Outcome(
            key=operation.key,
            action=operation.action,
            name=operation.name,
            status=status,
            id=operation.id or (storage.id if storage and status == DONE else None),
            error=error,
            stale=bool(end and end.stale),
            found=storage if end and end.stale else None,
            writes=progress.writes,
        )

    def _waited_for(self, operation: Operation) -> str:
        undone = [
            by_key
            for step in operation.steps
            for key in step.after_steps
            if (by_key := operation_of(key)) != operation.key and self._progress[by_key].left
        ]
        if not undone:
            return NOT_BEGUN
        return f"waits for {', '.join(sorted(set(undone)))}, which is not done"
