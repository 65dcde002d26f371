"""One run: under the lease, with a journal, carried out, and live read again at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from reconciler.applying.hold import Hold, Waiting, held
from reconciler.applying.tally import Tally
from reconciler.environment.origin import Origin
from reconciler.errors import INTERRUPTED, ReconcilerError
from reconciler.executor.events import OperationEvent
from reconciler.journal.records import ended, planned, started
from reconciler.journal.write import Journal
from reconciler.plan.document import Plan
from reconciler.platform import Platform
from reconciler.reconcile import STOPPED, Applied, Request, apply_plan
from reconciler.retry.limits import Limits
from reconciler.version import __version__

_T = TypeVar("_T")
Observe = Callable[[OperationEvent], None]
#: Entered once the lease is held and the journal begun: whoever follows what happens.
Following = Callable[[], AbstractContextManager[Observe]]


class Confirmed(NamedTuple):
    """What of a job is known better once its lease is held."""

    #: The same one, opened anew for the audit to be told of the other origin.
    platform: Platform
    origin: Origin


def _still_agreed() -> None:
    """Ask nobody again."""


class Job(NamedTuple):
    """A plan that was agreed to, and where it is to be applied."""

    plan: Plan
    platform: Platform
    #: What the plan was made for; None for a saved plan: `holds` is then about its operations.
    request: Request | None
    #: Asked once the lease is held, before anything is written: it raises `ReconcilerError` if the
    #: plan is not to be applied any more, and returns what is known better by then.
    confirm: Callable[[], Confirmed | None] = _still_agreed


class Terms(NamedTuple):
    """How a job is carried out."""

    #: Which run this is, and whose.
    origin: Origin
    #: The folder in which journals lie.
    journal: Path
    parallelism: int = 10
    fail_fast: bool = False
    #: Seconds to wait while another run holds the platform's lease.
    lock_timeout: float = 120.0


class Ending(Waiting, Protocol):
    """What may end a run before its time: a signal, or a limit. Asked from any thread."""

    @property
    def interrupted(self) -> bool:
        """Whether somebody asked for an end."""

    def reason(self) -> str | None:
        """Return why nothing more may be started; None if it may."""

    def overdue(self) -> str | None:
        """Return why a call that has not answered is not waited for any more; None to wait."""

    def undisturbed(self, tell: Callable[[_T], None]) -> Callable[[_T], None]:
        """Put an enforced end, a `KeyboardInterrupt`, off until something is told."""

    def settle(self) -> None:
        """From now on enforce nothing: what was done must not go untold."""


class Told(NamedTuple):
    """Where a run tells people what no event says: warnings, which come always, and notes."""

    warning: Callable[[str], None]
    note: Callable[[str], None]


class Run:
    """Carries one job out, once."""

    def __init__(self, job: Job, terms: Terms, ending: Ending, told: Told) -> None:
        self._job = job
        self._terms = terms
        self._ending = ending
        self._told = told
        #: What came of it, as soon as that is known.
        self.applied: Applied | None = None

    def carry_out(self, following: Following) -> Applied:
        """Hold the lease, keep a journal, apply the plan, and read live again.

        Raises `ReconcilerError` and `KeyboardInterrupt` only where nothing was begun: what a run
        did is in what it gives back, however it ended; or in `applied`, if the lease can't be
        given up.
        """
        job, terms = self._job, self._terms
        journal = Journal(terms.journal, terms.origin.run, warn=self._told.warning)
        with (
            closing(journal),
            held(
                job.platform,
                job.plan.lock,
                terms.origin,
                wait=terms.lock_timeout,
                ending=self._ending,
                note=self._told.note,
            ) as hold,
        ):
            if (confirmed := job.confirm()) is not None:
                self._job = job._replace(platform=confirmed.platform)
                self._terms = terms._replace(origin=confirmed.origin)
            with self._recorded(journal, hold):
                with following() as follow:
                    applied = self.applied = self._apply(hold, journal, follow)
                statuses = [outcome.status for outcome in applied.result.outcomes]
                last = ended(applied.exit_code, statuses, interrupted=applied.result.interrupted)
                journal.end(last)
        return applied

    @contextmanager
    def _recorded(self, journal: Journal, hold: Hold) -> Iterator[None]:
        """Begin a journal, and end it also if the run fails before it has a result."""
        plan = self._job.plan
        first = started(plan, self._terms.origin, hold.fence, __version__)
        journal.begin(first, list(planned(plan)))
        try:
            yield
        except ReconcilerError as error:
            journal.end(ended(error.exit_code, (), interrupted=False))
            raise
        except KeyboardInterrupt:
            journal.end(ended(INTERRUPTED, (), interrupted=True))
            raise

    def _apply(self, hold: Hold, journal: Journal, follow: Observe) -> Applied:
        job, terms, ending = self._job, self._terms, self._ending
        tally = Tally(job.plan)

        def observe(event: OperationEvent) -> None:
            tally.observe(event)
            # The journal first: it is what remains if we are killed.
            journal.observe(event)
            follow(event)

        limits = Limits(
            terms.parallelism,
            terms.fail_fast,
            ending.reason,
            overdue=ending.overdue,
            lost=hold.lost,
        )

        def carried_out() -> Applied:
            return apply_plan(
                job.plan,
                job.platform,
                limits,
                ending.undisturbed(observe),
                request=job.request,
                wait=terms.lock_timeout,
                lease=hold.lease,
            )

        return _marked(_settled(carried_out, tally, ending), ending)


def _settled(carried_out: Callable[[], Applied], tally: Tally, ending: Ending) -> Applied:
    """Carry a plan out, after which nothing is enforced: what it did must not go untold."""
    try:
        try:
            return carried_out()
        finally:
            ending.settle()
    except KeyboardInterrupt:
        ending.settle()  # the signal may have come just before the other time
        result = tally.result()
        if result is None:
            raise
        return Applied(tally.plan, result, holds=None, unread=STOPPED)


def _marked(applied: Applied, ending: Ending) -> Applied:
    """Note that it was a signal for which something was not done, or live not read again."""
    if not ending.interrupted or not (applied.result.undone or applied.holds is None):
        return applied
    return replace(applied, result=replace(applied.result, interrupted=True))
