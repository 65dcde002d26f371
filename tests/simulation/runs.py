"""One seed's story: runs of the real plan and executor, faults, and an end in peace."""

from __future__ import annotations

from collections import Counter
from random import Random

from msgspec.structs import replace

from reconciler.errors import LeaseLostError, PlatformError
from reconciler.executor import DONE
from reconciler.model import Storage
from reconciler.plan.document import Plan
from reconciler.reconcile import make_plan
from simulation.applying import PATIENCE, Run
from simulation.baton import Baton, Crash
from simulation.cases import draw
from simulation.client import Client
from simulation.faults import ANYWHERE, CALM, READ, WRITE, Others, weather
from simulation.model import Platform, Request, Violation
from simulation.rules import Rules

#: What time it is when a story begins: what is live then is so for longer than any list lags.
BEGINNING = 1000.0


class Story:
    """Everything that happens in one seed."""

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        self.rng = Random(seed)
        self.case = draw(self.rng)
        self.baton = Baton(self.rng)
        self.platform = Platform(self.case.abilities, lambda: self.baton.now)
        self.runs: dict[str, Run] = {}
        self.rules = Rules(self.case, self.platform, self.runs.__getitem__)
        self.platform.watch = self.rules.took_effect
        self.weather = weather(self.rng)
        self.others = Others(self.platform, self.rng)
        self.faults: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.trace: list[str] | None = [] if trace else None
        self._outage_until = 0.0
        self.disturbed = False
        #: How many storages were made in a file that was replaced.
        self.lost = 0
        for storage in self.case.live:
            self.platform.put(storage, files=int(storage.id in self.case.files))
        self.platform.begin()
        self.baton.now = BEGINNING

    @property
    def undisturbed(self) -> bool:
        """Whether nothing at all goes wrong, but that lists may lag a little."""
        calm = not (self.weather.faults or self.weather.others or self.disturbed)
        return calm and len(self.runs) == 1 and self.case.lag <= 3

    def play(self) -> None:
        """Go through the story; raises `Violation`."""
        self._tell_case()
        self.platform.lag = self.case.lag
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            run = self._begin()
            # Two at once, without a lease, are safe where writes carry their condition.
            if self.case.abilities.conditional_write and self.rng.random() < 0.2:
                self._begin()
            self._join(run)
        self.weather = CALM
        self.platform.lag = 0.0
        while self.platform.late:
            if self.rng.random() < 0.7:
                self._arrive_late()
            else:
                self.platform.late.pop()
        self.others.undo()
        self._end_in_peace()

    def think_over(self) -> None:
        """A plan is read by people; meanwhile others go on."""
        for _ in range(self.rng.choice((0, 0, 3)) if self.weather.others else 0):
            self.tell(None, self.others.act())
            self.disturbed = True

    def saved_plan(self) -> Plan | None:
        """Give an earlier run's plan, to be applied once more; None to make a new one."""
        plans = [run.plan for run in self.runs.values() if run.plan is not None]
        if self.weather is CALM or not plans or self.rng.random() < 0.7:
            return None
        return self.rng.choice(plans)

    def _end_in_peace(self) -> None:
        """Apply once more, with nothing going wrong; then there must be nothing to do."""
        run = self._begin()
        self._join(run)
        if run.failure:
            if not (self.disturbed or self.platform.doubled):
                raise Violation(f"it can't be mended by one more apply: {run.failure}")
            self.faults["(blocked by what others did)"] += 1
            return
        if set(run.claims.values()) - {DONE}:
            raise Violation(f"one more apply does not do all: {run.claims}")
        try:
            again = make_plan(Client(run), self.case.request, address="", now="")
        except PlatformError as error:
            if self.platform.doubled:
                self.faults["(blocked by what others did)"] += 1
                return
            raise Violation(f"it can't be planned any more: {error}") from error
        if not again.ready or again.operations:
            raise Violation(f"a second plan is not empty: {[op.key for op in again.operations]}")

    def _begin(self) -> Run:
        name = f"run {len(self.runs) + 1}"
        run = Run(self, name, self.platform.grant(name))
        self.runs[run.name] = run
        self.baton.start(run.process, run.work)
        return run

    def _join(self, run: Run) -> None:
        self.baton.join(run.process)
        for other in list(self.runs.values()):
            self.baton.join(other.process)

    # What happens at a boundary

    def boundary(self, run: Run) -> None:
        """Hand the baton on; meanwhile late requests arrive, and others act."""
        self.baton.boundary()
        self.baton.now += self.rng.random() * 0.2
        if self.platform.late and self.rng.random() < self.weather.arrival:
            self._arrive_late()
        if self.weather.others and self.rng.random() < self.weather.others:
            self.tell(None, self.others.act())
            self.disturbed = True
        for kind in ANYWHERE:
            if kind != "crash after" and self._strikes(kind):
                self._strike(kind, run)

    def after(self, run: Run) -> None:
        """A call has had its effect, and its answer has not come yet."""
        if self._strikes("crash after"):
            self._strike("crash after", run)
        self.baton.boundary()

    def _strikes(self, kind: str) -> bool:
        likely = self.weather.faults.get(kind)
        return likely is not None and self.rng.random() < likely

    def _strike(self, kind: str, run: Run) -> None:
        self.faults[kind] += 1
        self.tell(run, kind)
        if kind.startswith("crash"):
            self.baton.kill(run.process)
        elif kind == "outage":
            self._outage_until = self.baton.now + self.rng.choice((5.0, 40.0, 200.0))
        elif kind == "stop":
            run.stop_reason = "told to stop"
        elif kind == "interrupt" and not run.ended:
            self.baton.interrupt(run.process)
        elif kind == "lease lost":
            self._lose_lease(run)
        elif kind == "back in time":
            self._go_back()
        elif kind == "file replaced" and self.case.abilities.conditional_write:
            self.platform.inode += 1
            self._go_back()

    def _go_back(self) -> None:
        """Put a backup back; somebody may begin anew with it while others still run."""
        self.disturbed = True
        self.platform.restore(self.rng.choice(self.platform.past))
        self.rules.forget_names()
        if len(self.runs) < 6 and self.rng.random() < 0.5:
            self._begin()

    def _lose_lease(self, run: Run) -> None:
        if not self.case.abilities.lock or self.rng.random() < 0.5:
            run.lost_reason = "the lease was lost"
        if not self.case.abilities.lock:
            return
        if len(self.runs) < 6 and self.rng.random() < 0.5:
            self._begin()
        else:
            self.platform.grant("somebody else")
            self.disturbed = True
            self.tell(None, self.others.act())

    def fault(self, run: Run, what: str, side: str) -> str:
        """Draw what goes wrong with one call."""
        found = ""
        if self.baton.now < self._outage_until and self.weather is not CALM:
            found = "unavailable"
        elif side == "write":
            found = next((kind for kind in WRITE if self._strikes(kind)), "")
        else:
            found = next((kind for kind in READ if self._strikes(f"read: {kind}")), "")
        if found:
            self.faults[found if side == "write" else f"read: {found}"] += 1
        self.tell(run, f"{what}: {found or 'ok'}")
        return found

    def hang(self, run: Run) -> None:
        """Never come back; what waits for that gives up after a while."""

        def give_up() -> None:
            self.baton.wait(None, PATIENCE)
            run.overdue_reason = "no answer in time"

        self.baton.start(run.process, give_up)
        self.baton.wait(lambda: run.ended, None)
        raise Crash  # the command ends, and with it what hangs

    def slow(self) -> float:
        return PATIENCE * self.rng.choice((0.1, 1.2))

    def retry_after(self, fault: str) -> float | None:
        return self.rng.uniform(1, 40) if fault == "retry after" else None

    # Requests

    def arrive(self, request: Request) -> Storage:
        """A request arrives while its sender waits for the answer."""
        try:
            if request.inode != self.platform.inode:
                return self.into_nothing(request)
            return self.platform.take(request)
        except LeaseLostError:
            self.runs[request.run].lost = True
            raise
        except PlatformError as error:
            self.tell(self.runs[request.run], f"{request.subject}: {error}")
            raise

    def into_nothing(self, request: Request) -> Storage:
        """Answer a request that goes nowhere, as into a file without a name; all seems well."""
        values, expected = request.values, request.expected
        if values is not None:
            self.lost += 1
            name, label = values.name, values.label
            return Storage(f"lost-{self.lost}", name, label, values.type, values.default_url)
        assert expected is not None
        name = expected.name if request.name is None else request.name
        label = expected.label if request.label is None else request.label
        return replace(expected, name=name, label=label)

    def duplicate(self, request: Request) -> Request:
        return replace(request, duplicate=True)

    def _arrive_late(self) -> None:
        late = self.platform.late
        request = late.pop(self.rng.randrange(len(late)))
        try:
            if request.inode == self.platform.inode:
                self.platform.take(request)
            ended = "taken"
        except PlatformError as error:
            ended = f"refused, {error}"
        kind = "duplicate" if request.duplicate else "late"
        self.tell(None, f"{kind} {request.subject} of {request.run}: {ended}")

    # Telling

    def tell(self, run: Run | None, what: str) -> None:
        if self.trace is not None and what:
            who = run.name if run else ""
            self.trace.append(f"{self.baton.now:8.2f} {who:6} {what}")

    def _tell_case(self) -> None:
        for storage in self.case.live:
            files = " (files)" if storage.id in self.case.files else ""
            self.tell(None, f"live {storage.name} label {storage.label}{files}")
        wanted = self.case.request.desired
        for entry in wanted.entries:
            self.tell(
                None,
                f"declared {entry.name} {entry.default_url} label {entry.label} "
                f"id {entry.id} from {entry.renamed_from}",
            )
        self.tell(None, f"{wanted.removed} {wanted.policy} {self.case.abilities} {self.weather}")
