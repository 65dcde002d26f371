"""What all steps of a run have in common."""

from __future__ import annotations

from reconciler.executor.circuit import Circuit
from reconciler.plan.document import Plan
from reconciler.platform import Writer
from reconciler.retry.limits import Halt, Limits
from reconciler.retry.persist import Patience, Told
from reconciler.retry.surroundings import Surroundings


class Shared:
    """The platform, how long it is tried, and what stops the run."""

    def __init__(
        self, plan: Plan, writer: Writer, limits: Limits, halt: Halt, surroundings: Surroundings
    ) -> None:
        self.writer = writer
        self.abilities = writer.abilities
        self.halt = halt
        self.surroundings = surroundings
        #: Ids of the storages whose file records may be lost.
        self.consented = frozenset(c.id for c in plan.consents if c.kind == "holds_files")
        #: Whether any step of this run has had its effect.
        self.wrote = False
        self.circuit = Circuit(surroundings, halt, limits.operation_timeout)
        self._operation_timeout = limits.operation_timeout

    def patience(self, told: Told) -> Patience:
        """Return what tries one step again, from now on."""
        return Patience(self.surroundings, self.halt, self._operation_timeout, told)
