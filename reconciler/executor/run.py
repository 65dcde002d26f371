"""One run of a plan: hands out steps in order, and notes how they end."""

from __future__ import annotations

from functools import partial

from reconciler.executor.attempt import carry_out
from reconciler.executor.events import Observer, Retried
from reconciler.executor.ledger import Ledger
from reconciler.executor.outcomes import NOT_BEGUN, Result, StepEnd
from reconciler.executor.schedule import Item, Schedule
from reconciler.executor.shared import Shared
from reconciler.executor.workers import Ended, Workers
from reconciler.plan.document import Plan
from reconciler.platform import Writer
from reconciler.printable import quoted
from reconciler.retry.limits import Halt, Limits
from reconciler.retry.surroundings import Machine, Surroundings


def execute(
    plan: Plan,
    writer: Writer,
    limits: Limits,
    observe: Observer,
    *,
    surroundings: Surroundings | None = None,
) -> Result:
    """Carry out a ready plan. Never raises for a failed operation: the result names it.

    After a `KeyboardInterrupt` it does not wait for the calls that are under way: what nobody
    knows the end of is unknown.
    """
    run = _Run(plan, writer, limits, observe, surroundings or Machine())
    most = writer.abilities.parallelism or limits.parallelism
    at_a_time = max(1, min(limits.parallelism, most))
    interrupted = False
    try:
        if at_a_time == 1 and writer.abilities.bounded:
            run.in_turn()
        else:
            run.at_once(at_a_time)
    except KeyboardInterrupt:
        interrupted = True
    return run.result(interrupted=interrupted)


class _Run:
    """Steps, how each operation stands, and why the run may have to end.

    Only the thread that called `execute` touches this object; workers get a step and give back
    its end.
    """

    def __init__(
        self,
        plan: Plan,
        writer: Writer,
        limits: Limits,
        observe: Observer,
        surroundings: Surroundings,
    ) -> None:
        self._schedule = Schedule(plan)
        self._ledger = Ledger(plan, observe)
        self._observe = observe
        self._fail_fast = limits.fail_fast
        self._given_up = ""
        self._bounded = writer.abilities.bounded
        self._surroundings = surroundings
        self._halt = Halt(limits)
        shared = Shared(plan, writer, limits, self._halt, surroundings)
        self._carry_out = partial(carry_out, shared)

    def in_turn(self) -> None:
        """Carry out one step after the other, in this thread."""
        while item := self._next():
            self._settle(item, self._carry_out(item, self._observe))

    def at_once(self, most: int) -> None:
        """Carry out up to `most` steps at a time, each in a thread."""
        workers = Workers(self._carry_out, self._surroundings)
        try:
            while self._keep_busy(workers, most):
                news = workers.news(self._overdue)
                if news is None:
                    self._give_up(self._overdue())
                    break
                self._take(news)
        except BaseException:
            self._halt.write_nothing(NOT_BEGUN)
            raise
        finally:
            workers.dismiss()
            # What has ended by now counts, also after an interrupt; the rest is not waited for.
            for news in workers.gathered():
                if isinstance(news, Ended) and news.end is not None:
                    self._settle(news.item, news.end)

    def _give_up(self, reason: str) -> None:
        """Go without the ends of steps that run."""
        self._given_up = reason
        self._halt.write_nothing(reason)
        self._ledger.give_up(reason)

    def _overdue(self) -> str:
        """Return why to go without the ends of steps that run, where a call may never answer."""
        return "" if self._bounded else self._halt.overdue()

    def result(self, *, interrupted: bool) -> Result:
        """Return the end of every operation."""
        outcomes = self._ledger.close(self._halt.known)
        return Result(outcomes, interrupted=interrupted, overdue=self._given_up)

    def _keep_busy(self, workers: Workers, most: int) -> bool:
        while workers.busy < most and (item := self._next()):
            workers.give(item)
        return bool(workers.busy)

    def _next(self) -> Item | None:
        if not self._schedule or self._halt.reason():
            return None
        operation, step = self._schedule.take()
        self._ledger.begin(operation)
        return operation, step

    def _take(self, news: Retried | Ended) -> None:
        if isinstance(news, Retried):
            self._observe(news)
        elif news.end is not None:
            self._settle(news.item, news.end)
        elif news.error is not None:
            raise news.error

    def _settle(self, item: Item, end: StepEnd) -> None:
        operation, step = item
        self._ledger.end(operation, end)
        if not end.error:
            self._schedule.done(step)
        # On a locked platform, each of what is left would wait as long again.
        elif self._fail_fast or end.hopeless:
            self._halt.start_nothing(f"stopped because {quoted(operation.name)} failed")
