"""What the audit of a platform tells of runs: read once, from then on only what is new in it."""

from __future__ import annotations

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
#: So many runs are known, should one go on while others begin.
_KNOWN = 200


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
