"""A watch: what the schedule decides is done, what comes of it is kept, and news are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from reconciler.environment.timestamps import moment_of, timestamp
from reconciler.errors import CHANGES, ERROR, INVALID, USAGE
from reconciler.version import __version__
from reconciler.watching import overdue, schedule, taken
from reconciler.watching.conditions import (
    APPLYING,
    CHECKOUT,
    LIVE,
    PROOFS,
    READING,
    RUNNING,
    SCANNING,
    Condition,
    added,
    dropped,
    seen,
)
from reconciler.watching.deeds import Clock, Deeds, Known, Looked, ScanEnded, Teller
from reconciler.watching.memory import Memory, Paused
from reconciler.watching.schedule import (
    APPLY,
    LOOK,
    PULL,
    READY,
    SCAN,
    Agenda,
    Failing,
    Step,
    Terms,
)
from reconciler.watching.status import FORMAT_VERSION, Status
from reconciler.watching.survey import Proof


class Watch:
    """Takes one step after the other; what waits between them is up to its caller.

    Only `status` may be asked from another thread.
    """

    def __init__(
        self,
        terms: Terms,
        deeds: Deeds,
        teller: Teller,
        clock: Clock,
        memory: Memory,
        keep: Callable[[Memory], None],
    ) -> None:
        """Go on from what `memory` knows; `keep` is to outlast this process, and raises nothing."""
        self._terms, self._deeds, self._teller, self._clock = terms, deeds, teller, clock
        self._keep, self._memory = keep, memory
        failing = tuple(self._awaited(one) for one in memory.failing)
        self._agenda = Agenda(clock.passed(), failing=failing, scan_due=self._scan_due())
        self._digest: str | None = None
        #: What is known of files, by the places of storages.
        self._proofs: dict[str, Proof] = {}
        #: The exit code that a run of this one round ends with.
        self.exit_code = 0
        self._status = Status(
            FORMAT_VERSION,
            __version__,
            at="",
            started_at=self._time(),
            interval=terms.interval,
            looked_at=memory.looked_at,
            lasting=memory.lasting,
            scans=terms.scan_every is not None,
        )
        self._drop(taken.not_looked_at(terms))
        if memory.applying:
            teller.cut_off(memory.applying)
            self._remember(applying="")

    def step(self) -> Step:
        """Do what comes next, and return what it was; a wait and the end are left to the caller."""
        step = schedule.next_step(self._terms, self._agenda, self._clock.passed())
        self._agenda = schedule.begun(self._terms, self._agenda, step, self._clock.passed())
        if step.what == PULL:
            self._pull()
        elif step.what == LOOK:
            self._look()
        elif step.what == APPLY:
            self._apply()
        elif step.what == SCAN:
            self._scan()
        return step

    def scanned(self, ended: ScanEnded) -> None:
        """Take note of how the scan ended that was begun last."""
        now = self._clock.passed()
        self._agenda = schedule.scanned(self._terms, self._agenda, now, worked=ended.worked)
        self._status = replace(
            self._status,
            scanning=False,
            scanning_since="",
            scanned_at=self._time(),
            scanned_code=ended.exit_code,
        )
        self._see(SCANNING, [ended.problem] if ended.problem else [])
        if ended.known is not None:
            self._know(ended.known, ended.known.conditions)
        if not self._agenda.ending:  # else it goes on at once after a restart
            self._remember(scan_due=self._since_1970(self._agenda.scan_due))
        self.exit_code = self.exit_code or ended.exit_code

    def recalled(self, known: Known) -> None:
        """Take note of what was known before the first scan; one that knows more knows better.

        What is wrong begins to be told; that it is over only a scan can say.
        """
        if not self._status.knows_files:
            self._know(known, added(self._memory.lasting, PROOFS, known.conditions))

    @property
    def scanning(self) -> bool:
        """Whether a scan runs."""
        return self._agenda.scanning

    def poke(self) -> None:
        """Want a round now."""
        self._agenda = schedule.poked(self._agenda)

    def end(self) -> None:
        """Want an end, after what runs."""
        self._agenda = schedule.ending(self._agenda)

    @property
    def status(self) -> Status:
        """How things stand now."""
        return replace(self._status, at=self._time())

    def _pull(self) -> None:
        pulled = self._deeds.pull()
        self._agenda = schedule.pulled(self._agenda, newest=pulled.problem is None)
        self._status = replace(self._status, commit=pulled.commit)
        self._see(CHECKOUT, [pulled.problem] if pulled.problem else [])

    def _look(self) -> None:
        begun = self._clock.passed()
        looked = self._deeds.look()
        self._judge_scans()
        now, time = self._clock.passed(), self._time()
        self._agenda = schedule.looked(
            self._terms, self._agenda, now, self._clock.spread(), looked.found
        )
        self.exit_code = looked.exit_code
        if self._leaves_alone(looked):
            self.exit_code = CHANGES
        if not self._agenda.newest and looked.exit_code not in (USAGE, INVALID):
            self.exit_code = ERROR
        status = replace(self._status, tried_at=time, rounds=self._status.rounds + 1)
        if looked.problem is not None:
            self._status = replace(status, failures=status.failures + 1)
            self._see(READING, [looked.problem])
            self._plot()
            return
        self._status = replace(
            status,
            platform=looked.platform,
            looked_at=time,
            seconds=round(now - begun, 3),
            declared=looked.declared,
            live=looked.live,
        )
        self._see(READING, [])
        self._planned(looked, time)

    def _leaves_alone(self, looked: Looked) -> bool:
        """Return whether there is a plan to be applied, and it is not its time."""
        found = looked.found
        pending = self._terms.applies and found is not None and found.ready and found.digest
        return bool(pending) and self._agenda.stage != READY

    def _planned(self, looked: Looked, time: str) -> None:
        """Take note of what a look that worked has planned, and tell it if that is new."""
        digest = looked.found.digest if looked.found else ""
        if digest != self._digest:
            self._digest = digest
            self._teller.looked(looked)
        until = schedule.paused_until(self._agenda, digest) if digest else None
        paused = "" if until is None else moment_of(self._since_1970(until))
        self._status = replace(self._status, digest=digest, paused_until=paused)
        self._status = taken.surveyed(self._status, looked.survey, self._proofs)
        self._see(LIVE, looked.conditions)
        self._plot()
        if looked.found and looked.found.ready and not digest:
            self._see(APPLYING, [])
        self._remember(looked_at=time)

    def _apply(self) -> None:
        self._remember(applying=self._deeds.run())
        tried = self._deeds.apply()
        self._agenda = schedule.applied(
            self._terms,
            self._agenda,
            self._clock.passed(),
            self._clock.spread(),
            worked=tried.worked,
            busy=tried.busy or tried.outdated,
        )
        if tried.outdated:
            self.poke()
        self._status = replace(self._status, applied_at=self._time(), applied_code=tried.exit_code)
        self.exit_code = tried.exit_code
        if tried.worked:
            self._digest = ""
            status = replace(self._status, digest="", paused_until="")
            self._status = taken.surveyed(status, tried.survey, self._proofs)
            self._see(LIVE, [])
            self._plot()
        if not (tried.busy or tried.outdated):
            self._see(APPLYING, [tried.problem] if tried.problem else [])
        self._remember(applying="")

    def _scan(self) -> None:
        self._status = replace(self._status, scanning=True, scanning_since=self._time())
        self._remember(scan_due=0.0)  # whoever is killed meanwhile goes on at once
        self._deeds.scan()

    def _drop(self, kinds: frozenset[str]) -> None:
        """Say once of what lasts that this watch does not look at it, and forget it."""
        lasting = dropped(self._memory.lasting, kinds)
        if lasting != self._memory.lasting:
            self._remember(lasting=lasting)
        self._see(kinds, [])

    def _see(self, kinds: frozenset[str], conditions: Iterable[Condition]) -> None:
        """Tell what began and ended among some kinds of conditions, and keep that it was told."""
        lasting, news = seen(self._memory.lasting, kinds, conditions, self._time())
        self._status = replace(self._status, lasting=lasting)  # whoever hears of it may ask
        if news:
            self._teller.news(news)
        if lasting != self._memory.lasting:
            self._remember(lasting=lasting)

    def _judge_scans(self) -> None:
        """Tell what the clock alone says of proofs, and of a scan that does not end."""
        every = self._terms.scan_every
        if every is None:
            return
        known, since = self._memory, self._status.scanning_since
        self._see(overdue.KINDS, overdue.by(self._time(), known.lasting, known.dues))
        longest = self._terms.scan_longest or every
        begun = self._agenda.scan_due - every
        is_long = self.scanning and self._clock.passed() - begun > longest
        self._see(RUNNING, [overdue.long_scan(since)] if is_long else [])

    def _know(self, known: Known, conditions: Iterable[Condition]) -> None:
        self._proofs = {proof.place: proof for proof in known.proofs}
        self._status = taken.proved(self._status, self._proofs, known)
        self._plot()
        self._see(PROOFS, conditions)
        self._remember(dues=known.dues)

    def _plot(self) -> None:
        self._status = taken.plotted(self._status, self._time(), self._proofs)

    def _remember(self, **changes: object) -> None:
        failing = tuple(
            Paused(one.digest, one.failures, self._since_1970(one.until))
            for one in self._agenda.failing
        )
        memory = replace(self._memory, **{**changes, "failing": failing})
        if memory != self._memory:
            self._memory = replace(memory, serial=memory.serial + 1)
            self._keep(self._memory)

    def _awaited(self, paused: Paused) -> Failing:
        """Go on with a pause: no longer than it was meant to be, also if a clock was set back."""
        left = paused.until - self._clock.now().timestamp()
        longest = schedule.pause(self._terms, paused.failures)
        until = self._clock.passed() + max(0.0, min(left, longest))
        return Failing(paused.digest, paused.failures, until)

    def _scan_due(self) -> float:
        left = self._memory.scan_due - self._clock.now().timestamp()
        return self._clock.passed() + max(0.0, min(left, self._terms.scan_every or 0.0))

    def _since_1970(self, moment: float) -> float:
        return round(self._clock.now().timestamp() + moment - self._clock.passed(), 3)

    def _time(self) -> str:
        return timestamp(self._clock.now(), "seconds")
