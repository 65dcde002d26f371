"""What the audit of a platform tells of runs: read once, from then on only what is new in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice

from msgspec.structs import replace

from reconciler.errors import ReconcilerError
from reconciler.journal.audit import runs_of
from reconciler.journal.read import Run as Recorded
from reconciler.platform import Audited, Change, Left
from reconciler.report.sentences.history import of_writes
from reconciler.retry.limits import Limits
from reconciler.retry.persist import persist
from reconciler.retry.reader import SECONDS
from reconciler.watching.survey import Run

#: So many runs are told, and so many removals of one.
RUNS, REMOVALS = 20, 20
#: About so many of the newest writes are read: what is older is for `history`.
_NEWEST = 10_000
#: So many are put together at once.
_AT_ONCE = 1_000
#: Seconds for which a look waits for an answer; and after which without one nobody knows any more.
_SOON, _LONG = 2.0, 60.0
#: So many runs are known, should one go on while others begin.
_KNOWN = 200


class Asking:
    """Asks in a thread beside the looks: what they have seen waits for no audit."""

    def __init__(self, auditor: Auditor, late: Callable[[tuple[Run, ...] | None], object]) -> None:
        """`late` is told, from that thread, what a look has not waited for."""
        self._auditor, self._late = auditor, late
        self._changed = threading.Condition()
        #: Since when it is being asked, by a clock that never goes back; None if it is not.
        self._begun: float | None = None
        self._is_awaited = False
        self._whose = ""
        #: The last answer, and whose it is.
        self._known: tuple[str, tuple[Run, ...] | None] = ("", None)

    def runs(self, platform: Audited, whose: str, left: Left) -> tuple[Run, ...] | None:
        """Return what `Auditor.runs` does; what was known before where that takes a while."""
        with self._changed:
            self._whose = whose
            if self._begun is None:
                self._begun, self._is_awaited = time.monotonic(), True
                asked = (platform, whose, left)
                threading.Thread(target=self._ask, args=asked, name="audit", daemon=True).start()
                self._changed.wait_for(lambda: self._begun is None, _SOON)
                self._is_awaited = False
            is_lost = self._begun is not None and time.monotonic() - self._begun > _LONG
            known_of, runs = self._known
            return None if is_lost or known_of != whose else runs

    def _ask(self, platform: Audited, whose: str, left: Left) -> None:
        runs = None
        try:
            runs = self._auditor.runs(platform, whose, left)
        finally:
            with self._changed:
                self._begun, self._known = None, (whose, runs)
                is_late = not self._is_awaited and whose == self._whose
                self._changed.notify_all()
            if is_late:
                self._late(runs)


class Auditor:
    """Follows one audit; where another one is in its place, or it went back, that is read anew."""

    def __init__(self, tell: Callable[[Recorded], Run]) -> None:
        """`tell` says of a run what may be told."""
        self._tell = tell
        self._whose = ""
        self._forget()

    def runs(self, platform: Audited, whose: str, left: Left) -> tuple[Run, ...] | None:
        """Return the newest runs, newest first; None where nobody knows.

        `whose` says which platform it is, `left` for how long it may be asked. What could not be
        read is asked for the next time.
        """
        if whose != self._whose:
            self._whose = whose
            self._forget()
        try:
            persist(lambda: self._follow(platform), Limits(stop=lambda: _over(left)), SECONDS)
        except (ReconcilerError, OSError):
            return None
        newest = list(reversed(self._known))[:RUNS]
        return tuple(self._known[id] for id in newest)

    def _forget(self) -> None:
        #: In the order in which they began, and how many writes each has made.
        self._known: dict[str, Run] = {}
        self._writes: dict[str, int] = {}
        self._last: Change | None = None
        #: The run that may have made writes which are older than what was read.
        self._cut = ""

    def _follow(self, platform: Audited) -> None:
        """Take in what is new; by what was last we know that it is still the same audit."""
        start, last = platform.recent(_NEWEST), self._last
        if last is not None and last.revision > start:
            changes = platform.changes(name=None, after=last.revision - 1)
            if next(changes, None) == last:
                self._take(changes)
                return
        self._forget()
        self._take(platform.changes(name=None, after=start), is_cut=start > 0)

    def _take(self, changes: Iterator[Change], *, is_cut: bool = False) -> None:
        while batch := list(islice(changes, _AT_ONCE)):
            if self._last is None and is_cut:
                self._cut = batch[0].run
            for run in reversed(runs_of(batch, "")):
                self._add(run)
            self._last = batch[-1]

    def _add(self, recorded: Recorded) -> None:
        id, told = recorded.run, self._tell(recorded)
        writes = self._writes.get(id, 0) + len(recorded.operations)
        if (known := self._known.get(id)) is not None:
            removals = (*known.removals, *told.removals)[:REMOVALS]
            told = replace(known, removals=removals, removed=known.removed + told.removed)
        done = of_writes(writes, at_least=bool(id) and id == self._cut)
        self._known[id], self._writes[id] = replace(told, done=done), writes
        while len(self._known) > _KNOWN:
            oldest = next(iter(self._known))
            del self._known[oldest], self._writes[oldest]


def _over(left: Left) -> str | None:
    seconds = left()
    return "the time is over" if seconds is not None and seconds <= 0 else None
