"""A watch: what the schedule decides is done, what comes of it is kept, and news are told."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from reconciler.environment.timestamps import moment_of, timestamp
from reconciler.errors import CHANGES, ERROR, INTERRUPTED, INVALID, USAGE
from reconciler.version import __version__
from reconciler.watching import files, schedule, taken
from reconciler.watching.conditions import (
    APPLYING,
    CHECKOUT,
    LIVE,
    PROOFS,
    READING,
    RUNNING,
    SCANNING,
)
from reconciler.watching.deeds import Clock, Deeds, Looked, Pulled, ScanEnded, Teller
from reconciler.watching.files import Known, Recalled
from reconciler.watching.memory import Memory, Told, checked, failing_of, paused
from reconciler.watching.schedule import APPLY, LOOK, PULL, READY, SCAN, Agenda, Step, Terms
from reconciler.watching.status import FORMAT_VERSION, Status
from reconciler.watching.survey import Proof, Run


class Watch:
    """Takes one step after the other; what waits between them is up to its caller.

    Only `status`, `numbers` and `memory` may be asked from another thread.
    """

    def __init__(
        self,
        terms: Terms,
        deeds: Deeds,
        teller: Teller,
        clock: Clock,
        memory: Memory,
        keep: Callable[[Memory], bool | None],
    ) -> None:
        """Go on from what `memory` knows; `keep` is as `Told` wants it."""
        self._terms, self._deeds, self._teller, self._clock = terms, deeds, teller, clock
        self._told = Told(memory, teller, clock, keep)
        failing = failing_of(memory, terms, clock)
        due = clock.until(memory.scan_due, terms.scan_every or 0.0)
        self._agenda = Agenda(clock.passed(), failing=failing, scan_due=due)
        self._digest: str | None = None
        #: What is known of files, by the places of storages.
        self._proofs: dict[str, Proof] = {}
        #: What the repository knew last that this watch looks at, for those who write numbers.
        self.numbers: object = None
        #: The exit code of what was done last and did not work, or found something.
        self._code = 0
        self._status = Status(
            FORMAT_VERSION,
            __version__,
            at="",
            started_at=self._time(),
            interval=terms.interval,
            looked_at=memory.looked_at,
            scans=terms.scan_every is not None,
        )
        #: Since when the repository is being looked up; whether a scan has ended meanwhile.
        self._recalling: float | None = None
        self._is_passed_by = False
        #: Whether the last pull before an apply failed: that one before a look works is no news.
        self._fails_late = False
        self._told.drop(taken.not_looked_at(terms, memory.lasting))
        if terms.scan_every is None:
            self._told.remember(repository="", scans_in="", repositories={}, dues=())
        elif clock.since_1970(due) < memory.scan_due - 1.0:
            # It is due sooner than it was: from now on, and not anew at each start.
            self._remember(scan_due=clock.since_1970(due))
        if memory.applying:
            teller.cut_off(memory.applying)
            self._remember(applying="")

    def step(self) -> Step:
        """Do what comes next, and return what it was; a wait and the end are left to the caller."""
        if self._is_late() and not self._is_passed_by:
            self._told.see(PROOFS, files.unknown(self.memory.lasting, files.HANGS))
        step = schedule.next_step(self._terms, self._agenda, self._clock.passed())
        self._agenda = schedule.begun(self._terms, self._agenda, step, self._clock.passed())
        does = {PULL: self._pull, LOOK: self._look, APPLY: self._apply, SCAN: self._scan}
        does.get(step.what, self._told.remember)()
        return step

    def scanned(self, ended: ScanEnded) -> None:
        """Take note of how the scan ended that was begun last."""
        now = self._clock.passed()
        self._agenda = schedule.scanned(self._terms, self._agenda, now, worked=ended.worked)
        self._status = taken.scanned(self._status, ended.exit_code, self._time())
        if ended.worked or ended.problem:  # who was interrupted has seen neither
            if ended.known is not None:
                gone = files.left(self.memory.lasting, SCANNING, ended.known)
                self._told.drop(SCANNING, gone)
            lasting, told = self.memory.lasting, (ended.exit_code, ended.known, ended.short)
            self._told.see(SCANNING, files.of_scan(ended.problem, *told, lasting))
        self._is_passed_by = self._recalling is not None
        if ended.known is not None:
            self._know(ended.known)
        if not self._agenda.ending:  # else it goes on at once after a restart
            self._remember(scan_due=self._clock.since_1970(self._agenda.scan_due))
        self._code = self._code or ended.exit_code

    def recalled(self, recalled: Recalled) -> None:
        """Take note of what the repository of scans knows."""
        self._recalling = None
        if self._is_passed_by:  # a scan knows better
            self._recall()
        elif recalled.known is not None:
            self._know(recalled.known)
        elif recalled.problem:
            self._told.see(PROOFS, files.unknown(self.memory.lasting, recalled.problem))

    def told_runs(self, runs: tuple[Run, ...] | None) -> None:
        """Take note of the newest runs; None where nobody knows."""
        self._status = replace(self._status, runs=runs)

    @property
    def memory(self) -> Memory:
        """What is known, and of what."""
        return self._told.memory

    @property
    def scanning(self) -> bool:
        """Whether a scan runs."""
        return self._agenda.scanning

    @property
    def exit_code(self) -> int:
        """What a run of this one round ends with."""
        return self._code or files.exit_code(self._told.lasting)

    @property
    def exit_code_at_end(self) -> int:
        """What a run of one round ends with if an end is wanted now."""
        if not self._status.rounds or schedule.is_cut_short(self._agenda):
            return INTERRUPTED
        is_due = schedule.leaves_scan(self._terms, self._agenda, self._clock.passed())
        return self._code or (INTERRUPTED if is_due or self.recalls else self.exit_code)

    @property
    def recalls(self) -> bool:
        """Whether what the repository of scans knows is being looked up."""
        return self._recalling is not None and not self._is_late()

    def poke(self) -> None:
        """Want a round now."""
        self._agenda = schedule.poked(self._agenda)

    def end(self) -> None:
        """Want an end, after what runs."""
        self._agenda = schedule.ending(self._agenda)

    @property
    def status(self) -> Status:
        """How things stand."""
        return replace(self._status, at=self._time(), lasting=self._told.lasting)

    def _pull(self) -> None:
        pulled = self._deeds.pull()
        self._agenda = schedule.pulled(self._agenda, newest=pulled.problem is None)
        self._pulled(pulled, is_enough=not self._fails_late)

    def _pulled(self, pulled: Pulled, *, is_enough: bool) -> None:
        self._status = replace(self._status, commit=pulled.commit)
        if pulled.problem or is_enough:
            self._told.see(CHECKOUT, [pulled.problem] if pulled.problem else [])

    def _look(self) -> None:
        begun = self._clock.passed()
        looked = checked(self.memory, self._deeds.look())
        self._judge_scans()
        self._recall()
        now, time = self._clock.passed(), self._time()
        self._agenda = schedule.looked(
            self._terms, self._agenda, now, self._clock.spread(), looked.found
        )
        is_left = schedule.is_left_alone(self._terms, self._agenda, looked.found)
        self._code = CHANGES if is_left else looked.exit_code
        if not self._agenda.newest and looked.exit_code not in (USAGE, INVALID):
            self._code = ERROR
        status = replace(self._status, tried_at=time, rounds=self._status.rounds + 1)
        if looked.platform and self.memory.platform not in ("", looked.platform):
            self._told.drop(LIVE | APPLYING)
        self._told.see(READING, [looked.problem] if looked.problem else [])
        if looked.problem is not None:
            self._status = replace(status, failures=status.failures + 1)
            self._plot()
            return
        self._status = taken.looked(status, looked, time, round(now - begun, 3))
        self._planned(looked, time)

    def _planned(self, looked: Looked, time: str) -> None:
        """Take note of what a look that worked has planned, and tell it if that is new."""
        digest = looked.found.digest if looked.found else ""
        if digest != self._digest:
            self._digest = digest
            self._teller.looked(looked)
        until = schedule.paused_until(self._agenda, digest) if digest else None
        paused = moment_of(self._clock.since_1970(until)) if until is not None else ""
        self._status = replace(self._status, digest=digest, paused_until=paused)
        self._status = taken.surveyed(self._status, looked.survey, self._proofs)
        self._told.see(LIVE, looked.conditions)
        self._plot()
        if looked.found and looked.found.ready and not digest:
            self._told.see(APPLYING, [])
        if self._fails_late and self._agenda.newest and self._agenda.stage != READY:
            self._fails_late = False  # nothing is to be applied any more
            self._told.see(CHECKOUT, [])
        whose = self.memory.of_platform(looked.platform, looked.platform_id)
        self._remember(looked_at=time, **whose)

    def _apply(self) -> None:
        self._remember(applying=self._deeds.run())
        address = self.memory.platform
        # What it makes is known at once: it may be killed before its end.
        tried = self._deeds.apply(lambda it: self._remember(**self.memory.of_platform(address, it)))
        now, spread = self._clock.passed(), self._clock.spread()
        if tried.pulled is not None:
            self._fails_late = tried.pulled.problem is not None
            self._pulled(tried.pulled, is_enough=True)
        busy = tried.busy or tried.outdated
        self._agenda = schedule.applied(
            self._terms, self._agenda, now, spread, worked=tried.worked, busy=busy
        )
        if tried.outdated:
            self.poke()
        self._status = replace(self._status, applied_at=self._time(), applied_code=tried.exit_code)
        self._code = tried.exit_code
        if tried.is_untold:  # nor can the rest be: the next start tells it
            return
        if tried.worked:
            self._digest = ""
            self._status = taken.applied(self._status, tried.survey, self._proofs)
            self._told.see(LIVE, [])
            self._plot()
        if not busy:
            self._told.see(APPLYING, [tried.problem] if tried.problem else [])
        self._remember(applying="")

    def _scan(self) -> None:
        self._status = replace(self._status, scanning=True, scanning_since=self._time())
        self._remember(scan_due=0.0)  # whoever is killed meanwhile goes on at once
        self._deeds.scan()

    def _judge_scans(self) -> None:
        """Tell what the clock alone says of proofs, and of a scan that does not end."""
        every = self._terms.scan_every
        if every is None:
            return
        known, since = self.memory, self._status.scanning_since
        self._told.see(files.KINDS, files.overdue(self._time(), known.lasting, known.dues))
        longest = self._terms.scan_longest or every
        is_long = self.scanning and self._clock.passed() > self._agenda.scan_due - every + longest
        self._told.see(RUNNING, [files.long_scan(since)] if is_long else [])

    def _know(self, known: Known) -> None:
        before = self.memory
        if before.scans_in != known.address:
            lies_there = before.repository_at(known.address) or known.repository
            if before.repository not in ("", lies_there):
                self._told.drop(PROOFS)
            self._remember(dues=(), **before.of_repository(known.address, lies_there))
        before = self.memory
        if before.repository not in ("", known.repository):
            self._told.see(PROOFS, files.another(before.lasting))
            return
        self._told.drop(PROOFS, files.left(before.lasting, PROOFS, known))
        self._proofs = {proof.place: proof for proof in known.proofs}
        self.numbers = known.numbers
        self._status = taken.proved(self._status, self._proofs, known)
        self._plot()
        self._told.see(PROOFS, files.told(self.memory.lasting, known))
        self._remember(dues=known.dues, **before.of_repository(known.address, known.repository))

    def _recall(self) -> None:
        """Begin to look up what the repository of scans knows, if nobody does."""
        is_given_up = self._is_passed_by and self._is_late()
        if self._terms.scan_every is not None and (self._recalling is None or is_given_up):
            self._recalling, self._is_passed_by = self._clock.passed(), False
            self._deeds.recall()

    def _is_late(self) -> bool:
        since = self._recalling
        return since is not None and self._clock.passed() - since > files.PATIENCE

    def _plot(self) -> None:
        self._status = taken.plotted(self.status, self._time(), self._proofs)

    def _remember(self, **changes: object) -> None:
        self._told.remember(failing=paused(self._agenda.failing, self._clock), **changes)

    def _time(self) -> str:
        return timestamp(self._clock.now(), "seconds")
