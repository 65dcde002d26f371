"""How operations and whole runs end."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from reconciler.model import Storage

DONE, FAILED, HALF_DONE = "done", "failed", "half_done"
UNKNOWN, NOT_STARTED = "unknown", "not_started"
#: Why an operation is not started that a signal came before.
NOT_BEGUN = "interrupted before it began"


class Outcome(Struct, frozen=True):
    """How one operation ended."""

    key: str
    action: str
    name: str
    #: done, failed, half_done, unknown or not_started
    status: str
    #: The live storage, once it is known (a create learns its id here).
    id: str | None = None
    #: Why it is not done, for people; empty if it is.
    error: str = ""
    #: It failed because live is not what the plan relied on.
    stale: bool = False
    #: What was live instead, where a stale operation found something.
    found: Storage | None = None
    #: Calls that changed the platform; 0 for an operation that was already as wanted.
    writes: int = 0

    @property
    def may_have_written(self) -> bool:
        """Whether the operation changed the platform, or nobody knows that it did not."""
        return bool(self.writes) or self.status in (HALF_DONE, UNKNOWN)


class Result(Struct, frozen=True):
    """How a run ended: an outcome for every operation of the plan, in its order."""

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False
    #: Why steps that ran were not waited for; empty if all came to an end.
    overdue: str = ""

    @property
    def counts(self) -> Counter[str]:
        """How many operations ended in which way."""
        return Counter(outcome.status for outcome in self.outcomes)

    @property
    def undone(self) -> bool:
        """Whether an operation is not done."""
        return any(outcome.status != DONE for outcome in self.outcomes)

    @property
    def wrote(self) -> bool:
        """Whether the platform was changed, or may have been."""
        return any(outcome.may_have_written for outcome in self.outcomes)

    @property
    def stale(self) -> bool:
        """Whether operations failed, and all of them because live is not what they relied on."""
        failures = [outcome for outcome in self.outcomes if outcome.status == FAILED]
        return bool(failures) and all(outcome.stale for outcome in failures)


class StepEnd(Struct, frozen=True):
    """How one step ended. `error` is empty if it is done."""

    error: str = ""
    stale: bool = False
    #: A request may or may not have had its effect, or may still have it.
    unknown: bool = False
    #: What stopped this step would stop every other one too.
    hopeless: bool = False
    storage: Storage | None = None
    wrote: bool = False

    def in_doubt(self) -> StepEnd:
        """Make of an end that is not `done` what it is while a request got no answer.

        Also a stale one: the request may have had its effect before others changed the storage.
        """
        error = f"{self.error}; a request that got no answer may have taken effect, or still may"
        return StepEnd(error, unknown=True, hopeless=self.hopeless, storage=self.storage)


#: What counts for a step while it is carried out, should nobody live to tell how it ended.
IN_FLIGHT = StepEnd("interrupted while the request was under way", unknown=True)
