"""One process that plans and applies, with the real plan and executor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.executor import DONE, execute
from reconciler.executor.events import OperationEvent
from reconciler.plan.document import CREATE, Operation, Plan
from reconciler.reconcile import make_plan
from reconciler.retry.limits import Limits
from simulation.baton import Process, Surroundings
from simulation.client import Client
from simulation.model import Request

if TYPE_CHECKING:
    from simulation.runs import Story

#: Seconds for which the executor tries one step.
PATIENCE = 60.0


class Run:
    """One process that plans and applies."""

    def __init__(self, story: Story, name: str, fence: int) -> None:
        self.story = story
        self.name = name
        self.fence = fence
        self.process = Process(name)
        self.plan: Plan | None = None
        self.failure = ""
        self.began = story.platform.shown().moment
        self.ended = False
        #: Whether the run has been told that its lease is somebody else's.
        self.lost = False
        self.lost_reason: str | None = None
        self.stop_reason: str | None = None
        #: Why calls that do not answer are not waited for any more.
        self.overdue_reason: str | None = None
        self.claims: dict[str, str] = {}
        self.effects: Counter[str] = Counter()
        self.events: list[OperationEvent] = []

    def work(self) -> None:
        story, rng = self.story, self.story.rng
        limits = Limits(
            parallelism=rng.choice((1, 2, 3, 5)),
            fail_fast=rng.random() < 0.1,
            stop=lambda: self.stop_reason,
            operation_timeout=PATIENCE,
            overdue=lambda: self.overdue_reason,
            lost=self._is_lost,
        )
        client = Client(self)
        self.plan = plan = story.saved_plan() or self._make_plan(client)
        if plan is None:
            return
        surroundings = Surroundings(story.baton, self.process)
        result = execute(plan, client, limits, self._observe, surroundings=surroundings)
        self.ended = True
        self.claims = {outcome.key: outcome.status for outcome in result.outcomes}
        story.tell(self, f"ended: {self.claims}")
        story.rules.ended(self, result)
        story.outcomes.update(self.claims.values())

    def _make_plan(self, client: Client) -> Plan | None:
        story = self.story
        try:
            plan = make_plan(client, story.case.request, address="", now="")
        except (ReconcilerError, RuntimeError, KeyboardInterrupt) as error:
            self.failure = f"{type(error).__name__}: {error}"
            story.tell(self, f"could not plan: {self.failure}")
            return None
        if not plan.ready:
            self.failure = f"blocked: {[notice.code for notice in plan.blocked_by]}"
            story.tell(self, self.failure)
            return None
        story.think_over()
        return plan

    def operation(self, request: Request) -> Operation | None:
        """Give the operation that a request is part of, if it was planned."""
        for operation in self.plan.operations if self.plan else ():
            if operation.action != request.action:
                continue
            if request.action == CREATE and operation.after == request.values:
                return operation
            if request.expected is not None and operation.id == request.expected.id:
                names = (None, *(step.name for step in operation.steps))
                labels = (None, *(step.label for step in operation.steps))
                return operation if request.name in names and request.label in labels else None
        return None

    def over(self, operation: Operation) -> bool:
        """Say whether the run is no more, and has not claimed an operation to be done."""
        if self.process.dead:
            return True
        return self.ended and self.claims[operation.key] != DONE

    def _observe(self, event: OperationEvent) -> None:
        self.events.append(event)
        self.story.tell(self, str(event))

    def _is_lost(self) -> str | None:
        self.lost = self.lost or self.lost_reason is not None
        return self.lost_reason
