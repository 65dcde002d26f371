"""What came of an apply, for scripts."""

from __future__ import annotations

from reconciler.errors import ReconcilerError
from reconciler.executor import Outcome
from reconciler.reconcile import Applied, Verdict
from reconciler.report import text
from reconciler.report.sentences.runs import doubts


class Result:
    """What an apply did, and whether live was as planned when it was read again."""

    def __init__(self, run: str, applied: Applied) -> None:
        """For `Plan.apply`."""
        self._run = run
        self._applied = applied

    @property
    def run(self) -> str:
        """The id of the run, for `reconciler history`; empty if there was nothing to do."""
        return self._run

    @property
    def verdict(self) -> Verdict:
        """How it ended as a whole; `as_planned` in all that `apply` returns."""
        return self._applied.verdict

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """How each operation of the plan ended, in its order."""
        return self._applied.result.outcomes

    @property
    def left(self) -> tuple[str, ...]:
        """In words what differs from the plan, or why nobody read it again; empty as planned."""
        return tuple(doubts(self._applied))

    def __repr__(self) -> str:
        """Name the run and its verdict."""
        return f"Result(run={self.run!r}, verdict={self.verdict!r})"


class NotAsPlannedError(ReconcilerError):
    """An apply has ended, and live is not as planned, or was not read again: `result` says how.

    Its text is what the command prints; `exit_code` is 5 if something was written, 4 if nothing was
    because live is not what the plan relied on, 130 after Ctrl-C, else 1.
    """

    def __init__(self, run: str, applied: Applied) -> None:
        """For `Plan.apply`."""
        self.result = Result(run, applied)
        self.exit_code = applied.exit_code
        super().__init__(text.applied(applied).rstrip("\n"))
