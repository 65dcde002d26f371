"""What must never happen, whatever goes wrong; and what is only counted, where nothing can help.

A platform without conditional writes can't tell that a storage was changed by somebody else
between our last look at it and our write: such races are counted. So are the deeds of requests
that were still on their way when their run had ended, on platforms that can't refuse them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from reconciler.diff.temporary_names import resting
from reconciler.executor import DONE, FAILED, HALF_DONE, NOT_STARTED, Outcome, Result
from reconciler.model import Storage
from reconciler.names import matches
from reconciler.plan.document import CREATE, REMOVE, Operation
from reconciler.plan.expectation import as_wanted, on_the_way
from simulation.model import Effect, Live, Platform, Request, Violation

if TYPE_CHECKING:
    from simulation.applying import Run
    from simulation.cases import Case


class _Made(NamedTuple):
    """A storage that a run's request has made, and when it was there."""

    id: str
    run: str
    moment: int


class Rules:
    """Looks at every effect, every request and every result."""

    def __init__(self, case: Case, platform: Platform, run_of: Callable[[str], Run]) -> None:
        self._case = case
        self._platform = platform
        self._run_of = run_of
        self._conditional = case.abilities.conditional_write
        policy = case.request.desired.policy
        self._protected = (
            *policy.protect,
            *(item.name for item in case.request.desired.entries if item.protect),
        )
        #: Ids of what was made for each entry.
        self._made: dict[str, list[_Made]] = {}
        #: Which run's request moved each storage aside.
        self._moved_aside_by: dict[str, str] = {}
        #: Which run's request gave each storage the name that it has.
        self._named_by: dict[str, str] = {}
        #: What runs were told was made otherwise, of their operations.
        self._otherwise: set[tuple[str, str]] = set()
        #: How many requests for each operation took effect, of all runs.
        self._effects: Counter[str] = Counter()

    def sent(self, run: Run, request: Request) -> None:
        """Look at a request that is about to leave."""
        if run.lost:
            raise Violation(f"{request.subject} was sent though the lease was known to be lost")
        if run.ended:
            raise Violation(f"{request.subject} was sent though the run had ended")

    def made_otherwise(self, run: Run, request: Request) -> None:
        """Note that a write was answered with something else than it asked for."""
        operation = run.operation(request)
        assert operation is not None
        self._otherwise.add((run.name, operation.key))

    def took_effect(self, effect: Effect) -> None:
        """Look at what a request is about to change."""
        request, run = effect.request, self._run_of(effect.request.run)
        if self._case.abilities.lock and request.run != self._platform.holder:
            raise Violation(f"{request.subject} took effect under a lease that somebody else has")
        operation = run.operation(request)
        if operation is None:
            raise Violation(f"{request.subject} was not planned")
        self._check_claim(run, operation, effect)
        if not request.duplicate:
            run.effects[operation.key] += 1
            self._effects[operation.key] += 1
        if self._conditional and request.expected and request.expected != effect.before:
            raise Violation(f"{request.subject} took effect on what was not read")
        if request.action == CREATE:
            self._check_create(effect)
        elif request.action == REMOVE:
            self._check_remove(operation, effect)
        else:
            self._check_update(run, operation, effect)
        self._check_names(effect)

    def _check_create(self, effect: Effect) -> None:
        assert effect.after is not None
        name = effect.after.name
        earlier = self._made.setdefault(name, [])
        for made in earlier:
            live = self._platform.by_id.get(made.id)
            if live is None:
                continue
            if live.changed_by_others:
                self._platform.races["created anew after others renamed the first"] += 1
            elif self._is_avoidable(effect.request, made):
                raise Violation(f"{name} was created twice: {made.id} is {live.storage.name}")
            else:
                self._platform.races["created once more by another run, or by the network"] += 1
        earlier.append(_Made(effect.after.id, effect.request.run, self._platform.moment + 1))

    def _is_avoidable(self, request: Request, made: _Made) -> bool:
        """Say whether it was known, or could have been, that a storage is there already."""
        if self._case.abilities.unique_names:
            return True
        if request.duplicate:
            return False
        return request.run == made.run or request.seen is None or made.moment <= request.seen

    def _check_remove(self, operation: Operation, effect: Effect) -> None:
        live, request = effect.live, effect.request
        assert live is not None
        assert effect.before is not None
        assert operation.before is not None
        if live.storage.id not in self._case.consented:
            self._check_at_stake(live, request)
        if not as_wanted(operation.before, effect.before):
            self._race(effect, "removed what others changed just then", live.changed_by_others)

    def _check_at_stake(self, live: Live, request: Request) -> None:
        """No storage with files, or in use, is removed without consent."""
        name, seen = live.storage.name, request.seen_files
        if live.files:
            if self._conditional or seen is None or live.uploaded_at <= seen:
                raise Violation(f"{name} was removed with its files")
            self._platform.races["files lost that others uploaded just then"] += 1
        seen = request.seen_spaces
        if live.spaces and self._case.abilities.spaces:
            if seen is None or live.tied_at <= seen:
                raise Violation(f"{name} was removed, which a space uses")
            self._platform.races["a space lost what others tied to it just then"] += 1

    def _check_update(self, run: Run, operation: Operation, effect: Effect) -> None:
        live, before, after = effect.live, effect.before, effect.after
        assert live is not None
        assert before is not None
        assert after is not None
        assert operation.after is not None
        wanted = operation.after.name
        if not on_the_way(operation, before):
            self._race(effect, "wrote over what others changed just then", live.changed_by_others)
        elif before.name == wanted != after.name:
            self._check_taken_back(run, operation, effect)
        elif after.name != wanted:
            self._moved_aside_by[after.id] = run.name

    def _check_taken_back(self, run: Run, operation: Operation, effect: Effect) -> None:
        """A storage that has its last name steps aside again, for a request that came late."""
        assert effect.after is not None
        request = effect.request
        # It was another run's late request that this run took for its own.
        not_its_own = self._moved_aside_by.get(effect.after.id) != run.name
        if self._conditional or not (request.duplicate or run.over(operation) or not_its_own):
            raise Violation(f"{operation.name} lost its name again to {request.subject}")
        self._platform.races["a late request took a storage back"] += 1

    def _check_names(self, effect: Effect) -> None:
        """Nothing outside the scope is touched, nothing protected removed or renamed."""
        self._check_taken(effect)
        changed = self._changed(effect)
        before, after = _resting(effect.before), _resting(effect.after)
        if not all(self._case.scope.holds(name) for name in (before, after) if name is not None):
            self._race(effect, "touched what others moved out of scope just then", changed)
        if before is not None and after != before and matches(before, self._protected):
            self._race(effect, "took what others gave a protected name just then", changed)

    def _check_taken(self, effect: Effect) -> None:
        """Where names may be taken twice, nothing takes one that could be seen to be taken."""
        after, request = effect.after, effect.request
        if after is None or (effect.before is not None and effect.before.name == after.name):
            return
        for live in self._platform.by_id.values():
            if live.storage.name == after.name and live.storage.id != after.id:
                late = request.duplicate or self._run_of(request.run).process.dead
                own = self._named_by.get(live.storage.id) == request.run
                if not late and (own or request.seen is None or live.named_at <= request.seen):
                    raise Violation(f"{request.subject} took a name that was seen to be taken")
                self._platform.races["took a name that others took just then"] += 1
                self._platform.doubled = True
        self._named_by[after.id] = request.run

    def _race(self, effect: Effect, what: str, changed: int) -> None:
        """Count a race with others, if it was one that nothing could have prevented."""
        request = effect.request
        since = request.sent if request.action == CREATE else request.seen
        preventable = self._conditional and request.action != CREATE
        if preventable or since is None or changed <= since:
            raise Violation(f"{what}, but it could have been known: {request.subject}")
        self._platform.races[what] += 1

    def forget_names(self) -> None:
        """The platform went back in time: nobody knows who gave whom a name."""
        self._named_by.clear()

    # Claims

    def _check_claim(self, run: Run, operation: Operation, effect: Effect) -> None:
        """What a run has said of an operation must stay true."""
        claimed, request = run.claims.get(operation.key), effect.request
        if request.duplicate or claimed not in (FAILED, NOT_STARTED, HALF_DONE):
            return
        # Its mark fits what was put back, if that is just what the request was made for.
        fits = not self._conditional or claimed == HALF_DONE
        if fits and request.sent < self._platform.restored_at:
            self._platform.races["a late request met a platform that went back in time"] += 1
        elif claimed == HALF_DONE and request.sent < self._changed(effect):
            # A request that was repeated with success came after others had changed the storage.
            self._race(
                effect, "a late request wrote over what others changed", self._changed(effect)
            )
        else:
            raise Violation(f"{operation.key} was {claimed}, and then {request.subject}")

    def _changed(self, effect: Effect) -> int:
        return effect.live.changed_by_others if effect.live else 0

    def ended(self, run: Run, result: Result) -> None:
        """Look at what a run says of itself."""
        assert run.plan is not None
        if [outcome.key for outcome in result.outcomes] != [op.key for op in run.plan.operations]:
            raise Violation("an operation has no outcome, or two")
        ends = [
            event.key for event in run.events if hasattr(event, "id") or hasattr(event, "stale")
        ]
        if sorted(ends) != sorted(outcome.key for outcome in result.outcomes):
            raise Violation("an operation has no end event, or two")
        if run.story.undisturbed and set(run.claims.values()) - {DONE}:
            raise Violation(f"nothing was wrong but a list that lags a little: {run.claims}")
        for outcome, operation in zip(result.outcomes, run.plan.operations, strict=True):
            self._check_outcome(run, operation, outcome)

    def _check_outcome(self, run: Run, operation: Operation, outcome: Outcome) -> None:
        effects = run.effects[operation.key]
        if outcome.status == DONE and not self._held(run, operation):
            raise Violation(f"{operation.key} is said to be done, and never was")
        if outcome.status in (FAILED, NOT_STARTED) and effects:
            raise Violation(f"{operation.key} is said to be {outcome.status}, and had an effect")
        # Where two runs want the same, each may take what the other did for its own doing; and a
        # platform may make of a wish what is there already.
        otherwise = (run.name, operation.key) in self._otherwise
        if outcome.status == HALF_DONE and not (self._effects[operation.key] or otherwise):
            raise Violation(f"{operation.key} is said to be half done, and had no effect")

    def _held(self, run: Run, operation: Operation) -> bool:
        """Say whether live was, at any moment of the run, what an operation wants."""
        wanted = operation.after
        at_first = {
            id: storage for moment, id, storage in self._platform.history if moment <= run.began
        }
        later = [(id, s) for moment, id, s in self._platform.history if moment > run.began]
        states = [*at_first.items(), *later]
        if wanted is None:
            return operation.id not in at_first or any(
                id == operation.id and storage is None for id, storage in states
            )
        return any(
            storage is not None
            and as_wanted(wanted, storage)
            and (operation.id is None or operation.id == id)
            for id, storage in states
        )


def _resting(storage: Storage | None) -> str | None:
    return None if storage is None else resting(storage.name, storage.id)
