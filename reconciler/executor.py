"""Plan + writer -> result; the only caller of writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.errors import ConflictError, PlatformBusyError, ReconcilerError
from reconciler.model import Storage
from reconciler.names import quoted
from reconciler.plan.document import CREATE, REMOVE, Operation, Plan, Step, operation_of, steps
from reconciler.plan.expectation import Verdict, check
from reconciler.platform import Writer

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    _Running = dict[Future["_StepEnd"], tuple[Operation, Step]]

STARTED = "started"
DONE, FAILED, HALF_DONE, UNKNOWN, NOT_STARTED = (
    "done",
    "failed",
    "half_done",
    "unknown",
    "not_started",
)


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


class Result(Struct, frozen=True):
    """How a run ended: an outcome for every operation of the plan, in its order."""

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False


class Limits(Struct, frozen=True):
    """How a run is bounded."""

    parallelism: int = 10
    fail_fast: bool = False
    #: Asked before each step: a reason to start nothing more, or None to go on.
    stop: Callable[[], str | None] = lambda: None


#: Called as operations begin ("started") and end (their status); from any thread.
Observer = Callable[[str, str], None]


def execute(plan: Plan, writer: Writer, limits: Limits, observe: Observer) -> Result:
    """Carry out a ready plan. Never raises for a failed operation: the result names it."""
    run = _Run(plan, writer, limits, observe)
    most = writer.abilities.parallelism or limits.parallelism
    workers = max(1, min(limits.parallelism, most))
    try:
        if workers == 1:
            run.in_turn()
        else:
            run.at_once(workers)
    except KeyboardInterrupt:
        run.interrupted = True
    return run.result()


class _StepEnd(Struct, frozen=True):
    """How one step ended. `error` is empty if it is done."""

    error: str = ""
    stale: bool = False
    #: The request may or may not have had its effect.
    unknown: bool = False
    #: The platform was locked by another for as long as we may wait.
    busy: bool = False
    storage: Storage | None = None
    wrote: bool = False


class _Progress:
    """How far one operation has come."""

    __slots__ = ("end", "left", "storage", "writes")

    def __init__(self, operation: Operation) -> None:
        self.left = len(operation.steps)
        self.writes = 0
        self.storage: Storage | None = None
        self.end: _StepEnd | None = None


class _Run:
    """One run of a plan: which steps wait, which are ready, how each operation stands.

    Only the thread that called `execute` touches this object; workers get a step and give back
    its end.
    """

    def __init__(self, plan: Plan, writer: Writer, limits: Limits, observe: Observer) -> None:
        self._plan = plan
        self._writer = writer
        self._limits = limits
        self._observe = observe
        self.interrupted = False
        self._stopped = ""
        self._progress = {operation.key: _Progress(operation) for operation in plan.operations}
        self._consented = {c.id for c in plan.consents if c.kind == "holds_files"}
        self._waiting: dict[str, int] = {}
        self._dependents: dict[str, list[tuple[Operation, Step]]] = {}
        self._ready: deque[tuple[Operation, Step]] = deque()
        for operation, step in steps(plan):
            if step.after_steps:
                self._waiting[step.key] = len(step.after_steps)
                for key in step.after_steps:
                    self._dependents.setdefault(key, []).append((operation, step))
            else:
                self._ready.append((operation, step))

    def in_turn(self) -> None:
        """Carry out one step after the other, in this thread."""
        while item := self._next():
            operation, step = item
            self._progress[operation.key].end = _IN_FLIGHT
            self._settle(operation, step, self._carry_out(operation, step))

    def at_once(self, workers: int) -> None:
        """Carry out up to `workers` steps at a time, each in a thread."""
        from concurrent.futures import ThreadPoolExecutor

        running: _Running = {}
        try:
            with ThreadPoolExecutor(workers, thread_name_prefix="apply") as pool:
                self._keep_busy(pool, workers, running)
        finally:
            # After an interrupt the pool has waited for what was under way: how that ended counts.
            for future, item in running.items():
                if future.done() and future.exception() is None:
                    self._settle(*item, future.result())

    def _keep_busy(self, pool: ThreadPoolExecutor, workers: int, running: _Running) -> None:
        from concurrent.futures import FIRST_COMPLETED, wait

        while True:
            while len(running) < workers and (item := self._next()):
                operation, step = item
                self._progress[operation.key].end = _IN_FLIGHT
                running[pool.submit(self._carry_out, operation, step)] = item
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                self._settle(*running.pop(future), future.result())

    def result(self) -> Result:
        """Give every operation its end."""
        outcomes = tuple(self._outcome(operation) for operation in self._plan.operations)
        return Result(outcomes, interrupted=self.interrupted)

    def _next(self) -> tuple[Operation, Step] | None:
        if not self._ready:
            return None
        if not self._stopped:
            self._stopped = self._limits.stop() or ""
        if self._stopped:
            return None
        operation, step = self._ready.popleft()
        if self._progress[operation.key].left == len(operation.steps):
            self._observe(operation.key, STARTED)
        return operation, step

    def _settle(self, operation: Operation, step: Step, end: _StepEnd) -> None:
        progress = self._progress[operation.key]
        progress.end = end
        progress.writes += end.wrote
        progress.storage = end.storage or progress.storage
        if end.error:
            self._observe(operation.key, self._status(progress))
            # On a locked platform, each of what is left would wait as long again.
            if self._limits.fail_fast or end.busy:
                self._stopped = self._stopped or f"stopped because {quoted(operation.name)} failed"
            return
        progress.left -= 1
        if not progress.left:
            self._observe(operation.key, DONE)
        for dependent in self._dependents.get(step.key, ()):
            key = dependent[1].key
            self._waiting[key] -= 1
            if not self._waiting[key]:
                self._ready.append(dependent)

    def _carry_out(self, operation: Operation, step: Step) -> _StepEnd:
        try:
            return self._attempt(operation, step)
        except ReconcilerError as error:
            stale, busy = (isinstance(error, kind) for kind in (ConflictError, PlatformBusyError))
            return _StepEnd(str(error), stale=stale, busy=busy)
        except Exception as error:
            # A bug, here or in a platform: the other operations still need their ends.
            what = type(error).__name__
            return _StepEnd(f"unexpected {what}; plan again to see what it did", unknown=True)

    def _attempt(self, operation: Operation, step: Step) -> _StepEnd:
        verdict = self._check(operation, step)
        if verdict.write:
            try:
                return self._write(operation, verdict)
            except ConflictError:
                # Somebody was quicker: it is done if they did the same.
                verdict = self._check(operation, step)
                if verdict.write:
                    raise
        return _StepEnd(verdict.stale, stale=bool(verdict.stale), storage=verdict.found)

    def _check(self, operation: Operation, step: Step) -> Verdict:
        return check(operation, step, self._writer.find(id=operation.id, name=step.name))

    def _write(self, operation: Operation, verdict: Verdict) -> _StepEnd:
        if operation.action == CREATE and operation.after is not None:
            return _StepEnd(storage=self._writer.create(operation.after), wrote=True)
        live = verdict.found
        assert live is not None  # noqa: S101 - `check` finds nothing to write on what is not there
        if operation.action == REMOVE:
            consented = live.id in self._consented
            if not consented and (at_stake := self._at_stake(live)):
                return _StepEnd(at_stake, stale=True, storage=live)
            self._writer.remove(live, holds_files=consented)
            return _StepEnd(storage=live, wrote=True)
        changed = self._writer.update(live, name=verdict.name, label=verdict.label)
        return _StepEnd(storage=changed, wrote=True)

    def _at_stake(self, live: Storage) -> str:
        """Say what a removal would lose that nobody knew of when the plan was made."""
        if any(True for _ in self._writer.inventory(live.id)):
            return f"{quoted(live.name)} holds files now; it did not when the plan was made"
        if self._writer.abilities.spaces and (spaces := self._writer.spaces_using(live.id)):
            return f"{quoted(live.name)} is used by {', '.join(map(quoted, spaces))} now"
        return ""

    def _outcome(self, operation: Operation) -> Outcome:
        progress = self._progress[operation.key]
        status, end = self._status(progress), progress.end
        error = end.error if end else ""
        if status in (NOT_STARTED, HALF_DONE) and not error:
            error = self._stopped or self._waited_for(operation)
        storage = progress.storage
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

    def _status(self, progress: _Progress) -> str:
        if not progress.left:
            return DONE
        if progress.end is not None and progress.end.unknown:
            return UNKNOWN
        if progress.writes:
            return HALF_DONE
        return FAILED if progress.end is not None and progress.end.error else NOT_STARTED

    def _waited_for(self, operation: Operation) -> str:
        undone = [
            by_key
            for step in operation.steps
            for key in step.after_steps
            if (by_key := operation_of(key)) != operation.key and self._progress[by_key].left
        ]
        if not undone:
            return "interrupted before it began"
        return f"waits for {', '.join(sorted(set(undone)))}, which is not done"


_IN_FLIGHT = _StepEnd("interrupted while the request was under way", unknown=True)
