"""Which steps wait for which, and which are ready."""

from __future__ import annotations

from collections import deque

from reconciler.plan.document import Operation, Plan, Step, steps

Item = tuple[Operation, Step]


class Schedule:
    """The steps of a plan that were not handed out yet."""

    def __init__(self, plan: Plan) -> None:
        self._waiting: dict[str, int] = {}
        self._dependents: dict[str, list[Item]] = {}
        self._ready: deque[Item] = deque()
        for operation, step in steps(plan):
            if step.after_steps:
                self._waiting[step.key] = len(step.after_steps)
                for key in step.after_steps:
                    self._dependents.setdefault(key, []).append((operation, step))
            else:
                self._ready.append((operation, step))

    def __bool__(self) -> bool:
        """Whether a step is ready."""
        return bool(self._ready)

    def take(self) -> Item:
        """Return the next step that waits for nothing."""
        return self._ready.popleft()

    def done(self, step: Step) -> None:
        """Make ready what waited for this step alone."""
        for dependent in self._dependents.get(step.key, ()):
            key = dependent[1].key
            self._waiting[key] -= 1
            if not self._waiting[key]:
                self._ready.append(dependent)
