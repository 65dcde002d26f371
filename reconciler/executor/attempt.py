"""One step, carried out until its outcome is known: expectation, write, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    PlatformLostError,
    ReconcilerError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.executor.events import Retried
from reconciler.executor.outcomes import StepEnd
from reconciler.executor.schedule import Item
from reconciler.executor.shared import Shared
from reconciler.executor.unanswered import LOOKS, may_repeat
from reconciler.executor.workers import Tell
from reconciler.model import Storage
from reconciler.plan.document import CREATE, REMOVE
from reconciler.plan.expectation import Seen, as_planned, check, otherwise
from reconciler.printable import quoted

_LATE, _UNSEEN, _UNANSWERED, _REFUSED = "late", "unseen", "unanswered", "refused"
#: How often one step meets with the same before that counts; docs/decisions/0006 has the table.
_MOST = {
    #: Live is stale, where a list may lag: then it is.
    _LATE: LOOKS,
    #: A write that must not be repeated has had no effect: then nobody knows whether it will.
    _UNSEEN: LOOKS,
    #: A write without effect got no answer that says so: then none will.
    _UNANSWERED: 6,
    #: A write was refused as live was changed at that very moment: then it is stale.
    _REFUSED: 3,
}
#: Seconds between two looks at live, at least, where a list may lag.
_LOOK_EVERY = 1.0
_NOT_SHOWN = "the platform says that it is done, but live does not show it"
_T = TypeVar("_T")
#: What a write asks for: a name and a label, None to leave it.
_Asked = dict[str, str | None]


def carry_out(shared: Shared, item: Item, tell: Tell) -> StepEnd:
    """Carry out a step. Raises nothing but what must end the whole run."""
    return _Attempts(shared, item, tell).carry_out()


class _Attempts:
    """All attempts at one step."""

    def __init__(self, shared: Shared, item: Item, tell: Tell) -> None:
        self._shared = shared
        self._operation, self._step = item
        self._tell = tell
        self._patience = shared.patience(self._told)
        self._made = 0
        #: How often the step has met with what may pass.
        self._met: Counter[str] = Counter()
        #: What came instead of an answer, the last time.
        self._unsettled = ""
        #: Whether the platform says that it is done, where only live can prove it.
        self._said_done = False
        #: Whether a write is under way, or got no answer.
        self._in_doubt = False
        keyed = self._operation.action == CREATE and shared.abilities.idempotency_key
        self._key = shared.surroundings.key() if keyed else None

    def carry_out(self) -> StepEnd:
        """Try until the outcome is known, or nothing more can be done."""
        try:
            end = self._patience.persist(self._once)
        except (LeaseLostError, PlatformLostError) as error:
            self._shared.halt.write_nothing(str(error))
            end = StepEnd(str(error))
        except UnavailableError as error:
            end = StepEnd(f"{error}; {self._why_no_more()}")
        except ReconcilerError as error:
            stale, busy = (isinstance(error, kind) for kind in (ConflictError, PlatformBusyError))
            end = StepEnd(str(error), stale=stale, hopeless=busy)
        except Exception as error:
            # A bug, here or in a platform: the other operations still need their ends.
            end = StepEnd(f"unexpected {type(error).__name__}; plan again to see what it did")
        return end.in_doubt() if end.error and self._in_doubt else end

    def _once(self) -> StepEnd:
        """Make an attempt, at once again after a refusal that tells of nothing new.

        Raises `UnavailableError` if there should be another after a pause.
        """
        while True:
            self._made += 1
            seen = self._look() if self._must_look() else as_planned(self._operation, self._step)
            if seen.stale and self._may_be_late():
                raise UnavailableError(seen.stale, retry_after=_LOOK_EVERY)
            if not seen.write:
                return self._without_write(seen)
            repeats = may_repeat(self._operation, self._step, self._shared.abilities)
            if self._said_done or (self._in_doubt and not repeats):
                return self._look_on()
            try:
                return self._write(seen)
            except UnknownOutcomeError as error:
                return self._settle(error)
            except ConflictError as error:
                if end := self._refused(error):
                    return end

    def _is_enough(self, what: str) -> bool:
        """Count what the step has met with; say whether it counts from now on."""
        self._met[what] += 1
        return self._met[what] >= _MOST[what]

    def _must_look(self) -> bool:
        """Return whether live is read before the write, or the write carries all that it relies on.

        Only the first write of an operation can: the plan does not know what others left of it.
        """
        relied_on = self._shared.abilities.conditional_write and len(self._operation.steps) == 1
        return self._in_doubt or bool(self._met[_REFUSED]) or not relied_on

    def _may_be_late(self) -> bool:
        """Return whether to look again: a lagging list lacks what this run has written."""
        lags = not self._shared.abilities.conditional_write and self._shared.wrote
        return not self._is_enough(_LATE) and lags

    def _look(self) -> Seen:
        writer, operation, step = self._shared.writer, self._operation, self._step
        found = self._read(lambda: writer.find(id=operation.id, name=step.name))
        return check(operation, step, found)

    def _read(self, question: Callable[[], _T]) -> _T:
        try:
            return self._shared.circuit.call(question, self._patience.deadline)
        except (UnavailableError, PlatformLostError):
            raise
        except PlatformError as error:
            if not self._in_doubt:
                raise
            # To give up now would leave unknown what the next reading may tell.
            raise UnavailableError(str(error)) from error

    def _without_write(self, seen: Seen) -> StepEnd:
        """End a step that finds nothing to write: it is done, or stale."""
        if seen.stale:
            return StepEnd(seen.stale, stale=True, storage=seen.found)
        # In doubt, it is our own request, as far as anybody can know, that has done it.
        return StepEnd(storage=seen.found, wrote=self._in_doubt)

    def _settle(self, error: UnknownOutcomeError) -> StepEnd:
        """Read live at once after a write that got no answer."""
        seen = self._look()
        if not seen.write:
            return self._without_write(seen)
        self._unsettled = str(error)
        enough = self._is_enough(_UNANSWERED)
        # Elsewhere it would have been refused by now. Here nobody says what a failure means, and
        # one that comes again and again, while live can be read, will come every time.
        stubborn = error.lasting or not self._shared.abilities.conditional_write
        if stubborn and enough:
            times = self._met[_UNANSWERED]
            return StepEnd(f"{error}; the same {times} times, and live is as it was")
        raise UnavailableError(str(error), retry_after=error.retry_after) from error

    def _look_on(self) -> StepEnd:
        """Look a few times whether a request that must not be repeated comes after all."""
        if not self._is_enough(_UNSEEN):
            told = "no answer came, and the request has not taken effect yet"
            told = _NOT_SHOWN if self._said_done else told
            raise UnavailableError(told, retry_after=_LOOK_EVERY)
        unsettled = f"{self._unsettled}; it has not taken effect as far as live shows"
        error = _NOT_SHOWN if self._said_done else unsettled
        if self._operation.action == CREATE:
            error += ": it is not made again, as there might then be two; look before you apply"
        return StepEnd(error)

    def _refused(self, error: ConflictError) -> StepEnd | None:
        """Read live after a refusal: somebody was quicker, and perhaps has done the same.

        None if live still is as it was.
        """
        seen = self._look()
        if not seen.write:
            return self._without_write(seen)
        if self._is_enough(_REFUSED):
            raise error
        return None

    def _write(self, seen: Seen) -> StepEnd:
        writer, live, after = self._shared.writer, seen.found, self._operation.after
        if self._operation.action == CREATE and after is not None:
            asked: _Asked = {"name": after.name, "label": after.label}
            return self._ended(self._send(lambda: writer.create(after, key=self._key)), asked)
        assert live is not None  # noqa: S101 - `check` finds nothing to write on what is not there
        if self._operation.action == REMOVE:
            return self._remove(live)
        asked = {"name": seen.name, "label": seen.label}
        return self._ended(self._send(lambda: writer.update(live, **asked)), asked)

    def _ended(self, made: Storage, asked: _Asked) -> StepEnd:
        """End a step by what its write gives back, where that can be believed."""
        if not self._shared.abilities.conditional_write:
            return self._confirmed(made, asked)
        return StepEnd(otherwise(self._operation, made, **asked), storage=made, wrote=True)

    def _remove(self, live: Storage) -> StepEnd:
        writer, consented = self._shared.writer, live.id in self._shared.consented
        # Who consented to a plan that showed no files did not consent to lose any.
        files = consented and self._operation.holds_files is True
        if at_stake := self._at_stake(live, files=files, spaces=consented):
            return StepEnd(at_stake, stale=True, storage=live)
        self._send(lambda: writer.remove(live, holds_files=files))
        if not self._shared.abilities.conditional_write:
            return self._confirmed(live, {})
        return StepEnd(storage=live, wrote=True)

    def _confirmed(self, made: Storage, asked: _Asked) -> StepEnd:
        """Read in live what a write says it did.

        Nobody knows what stands behind a platform without conditional writes, so that its word
        is no proof: it may have done nothing, or something else than it gives back. Lists may
        lag: live is looked at again, but the write, which was taken, is not made again.
        """
        doubted, self._in_doubt, self._said_done = self._in_doubt, True, True
        operation, step = self._operation, self._step
        id = operation.id or made.id
        found = self._read(lambda: self._shared.writer.find(id=id, name=step.name))
        seen = check(operation, step, found)
        if not (seen.write or seen.stale):
            return StepEnd(storage=seen.found or made, wrote=True)
        live = next((item for item in found if item.id == id), None)
        # As before; a new storage may be there under another name.
        unchanged = seen.write and operation.action != CREATE
        if live is None or unchanged or operation.action == REMOVE:
            raise UnavailableError(_NOT_SHOWN, retry_after=_LOOK_EVERY)
        error = otherwise(operation, live, **asked)
        if error and operation.action != CREATE and error != otherwise(operation, made, **asked):
            raise UnavailableError(_NOT_SHOWN, retry_after=_LOOK_EVERY)
        self._in_doubt = doubted
        # What was written over a change that others made at that moment is not as planned.
        stale = "" if error else check(operation, step, (live,)).stale
        return StepEnd(error or stale, stale=bool(stale), storage=live, wrote=True)

    def _at_stake(self, live: Storage, *, files: bool, spaces: bool) -> str:
        """Return what a removal would lose without consent: `files` and `spaces` have one."""
        writer = self._shared.writer
        # Otherwise the removal itself is refused for a storage that holds files.
        look = self._must_look() and not files
        if look and self._read(lambda: any(True for _ in writer.inventory(live.id))):
            return f"{quoted(live.name)} holds files now; it did not when the plan was made"
        if spaces or not self._shared.abilities.spaces:
            return ""
        if users := self._read(lambda: writer.spaces_using(live.id)):
            return f"{quoted(live.name)} is used by {', '.join(map(quoted, users))} now"
        return ""

    def _send(self, write: Callable[[], _T]) -> _T:
        """Make a write. It is in doubt until an answer came that says how it ended."""

        def make() -> _T:
            # Only now: its turn may have come late.
            self._shared.halt.check_write()
            return write()

        doubted, self._in_doubt = self._in_doubt, True
        try:
            answer = self._shared.circuit.call(make, self._patience.deadline)
        except UnknownOutcomeError:
            raise
        except PlatformError:
            self._in_doubt = doubted
            raise
        self._in_doubt = doubted
        self._shared.wrote = True
        return answer

    def _why_no_more(self) -> str:
        if self._shared.halt.reason():
            return "not tried again, as the run was stopped"
        return f"given up after {self._made} attempts"

    def _told(self, attempt: int, wait: float, error: UnavailableError) -> None:
        operation = self._operation
        key, action, name = operation.key, operation.action, operation.name
        self._tell(Retried(key, action, name, attempt, wait, str(error)))
