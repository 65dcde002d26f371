"""Those who read tasks, as many at once as are wanted, and what they bring back."""

from __future__ import annotations

import functools
import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from threading import Event
from types import TracebackType
from typing import Self

from msgspec import Struct, field

from reconciler.errors import RepositoryError, UnreachableError
from reconciler.recovery.paths import shown
from reconciler.recovery.rows import ARCHIVED, UNREADABLE, Content, Rows, chosen, extend
from reconciler.recovery.scanning.known.pieces import Pieces
from reconciler.recovery.scanning.outcome import Scanned, Tally
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.reading.tasks import Cutter, Done, Task, portions, read_here
from reconciler.recovery.source import Source

#: Seconds between two looks whether reading is to end, and after which what hangs is left behind:
#: here, where a read ends within a moment, and elsewhere, where nobody can end a task.
_LOOK, _PATIENCE, _PATIENCE_ELSEWHERE = 0.5, 3.0, 60.0
#: So many paths of a kind are told one by one.
TOLD = 20
#: Of so many damaged files is kept what they should be, and are.
_ROTTEN = 10_000
#: What nobody reads, and what nobody could.
_UNREAD = (ARCHIVED, UNREADABLE)


class Brought(Struct):
    """What came of all tasks of a run; sizes are in bytes."""

    #: Files of which it is known what came of them.
    files: int = 0
    #: Those among them that were read, and their bytes.
    read: int = 0
    size: int = 0
    #: What was listed, and was gone when it was to be read.
    gone: Rows = field(default_factory=Rows)
    #: Files whose bytes are not what they were, though nothing else shows it; the first paths.
    altered: int = 0
    altered_first: list[bytes] = field(default_factory=list)
    #: Of these files as many as findings are kept, as they should be and as they are.
    rotten: list[tuple[Content, Content]] = field(default_factory=list)
    #: Files that the budget of bytes had no room for, and their bytes; those that never fit.
    no_room: int = 0
    no_room_size: int = 0
    too_large: int = 0
    #: Whether reading ended before all that was wanted was read.
    cut_short: bool = False

    def count(self, result: Scanned) -> None:
        """Tell in a result what was read, and which of it is damaged."""
        result.files_read, result.bytes_read = self.read, self.size
        result.altered, result.altered_first = self.altered, self.altered_first
        result.rotten = self.rotten


class Crew:
    """Hands tasks to an executor, never many more than are read at once; pieces come of them.

    Left by an error, it sees to it that nothing goes on to read.
    """

    def __init__(
        self,
        executor: Executor,
        workers: int,
        source: Source,
        pieces: Pieces,
        pace: Pace,
        tally: Tally,
        elsewhere: Callable[[Task], Done] | None = None,
        damaged: Callable[[Sequence[tuple[Content, Content]]], None] = lambda _rotten: None,
        gone: Callable[[Rows], None] | None = None,
        explain: Callable[[Rows], None] = lambda _read: None,
    ) -> None:
        """Take what reads tasks `elsewhere`, where the executor is not one of this process.

        `damaged` is told at once of files as they should be, and as they were read; `gone` of what
        was listed and is not there. What was read is given to `explain`, before it is kept.
        """
        self._gone, self._explain = gone, explain
        self.brought = Brought()
        self._executor = executor
        self._most = 2 * workers
        self._source = source
        self._pace = pace
        self._pieces = pieces
        self._tally = tally
        self._damaged = damaged
        self._cutter = Cutter(workers)
        self._halt = Event()
        self._is_here = elsewhere is None
        #: What was found damaged, and nobody was told yet.
        self._rotten = deque[list[tuple[Content, Content]]]()
        here = functools.partial(read_here, source, pace, self._halt, tell=self._rotten.append)
        self._read = elsewhere or here
        self._running: set[Future[Done]] = set()

    def __enter__(self) -> Self:
        """Return the crew itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what runs; it is waited for, unless somebody wants an end at once.

        Where the root was not proved, what was read is doubted.
        """
        self._halt.set()
        for future in self._running:
            future.cancel()
        if isinstance(error, KeyboardInterrupt):
            self._pace.end()
        else:
            wait(self._running)
        if isinstance(error, RepositoryError):
            self._tell()  # what others have found meanwhile: it may never be read so again
        if isinstance(error, UnreachableError):
            self._pieces.doubt()

    def want(self, files: Rows, known: Sequence[bytes | None]) -> None:
        """Have files read, which follow those before; waits while there is enough to do."""
        if self._pace.most is not None:
            files, known = self._within_budget(files, known)
        self._hand_out(self._cutter.add(files, known))

    def attest(self, rotten: Sequence[tuple[Content, Content]]) -> None:
        """Tell of objects that nobody reads, as they should be and as the cloud has read them."""
        if not rotten:
            return
        self._rotten.append([*rotten])
        self._tell()
        self.brought.altered += len(rotten)
        paths = [now.path for _, now in rotten]
        self.brought.altered_first = heapq.nsmallest(TOLD, [*self.brought.altered_first, *paths])

    def finish(self) -> Brought:
        """Have the rest read, and wait for all."""
        self._hand_out(self._cutter.rest())
        while self._running:
            self._collect()
        return self.brought

    def anew(self) -> None:
        """Have all read that was wanted so far: what follows begins with the first paths again."""
        self.finish()
        self._pieces.another_series()
        self._cutter = Cutter(self._most // 2, first=self._cutter.following)

    def cut_short(self) -> None:
        """Begin nothing more: not all that is wanted will be read."""
        self._pace.stop()
        self.brought.cut_short = True

    def again(self, files: Rows) -> None:
        """Read files once more that were gone; what still is, is `gone` in what it `brought`."""
        # Tasks ended in any order, and what comes of them is to be sorted.
        files = chosen(files, sorted(range(len(files)), key=files.path.__getitem__))
        self.brought.gone = Rows()
        self.anew()
        self.want(files, [None] * len(files))
        self.finish()
        if not self._is_here:
            self._look_here(self.brought.gone)

    def _look_here(self, gone: Rows) -> None:
        """Raise `UnreachableError` if what is gone elsewhere lies here, where it was listed."""
        for portion in portions(gone):
            found = self._source.read(portion, self._pace)
            if self._pace.stopping:
                self.cut_short()
                return
            if len(found):
                raise UnreachableError(
                    f"{shown(found.path[0])} lies here, and a worker does not see it: look whether "
                    "all workers have the same storage at its address",
                    reason="other files",
                )

    def _hand_out(self, tasks: Iterator[Task]) -> None:
        for task in tasks:
            while len(self._running) >= self._most:
                self._collect()
            if self._pace.stopping:
                self.cut_short()
                return
            self._running.add(self._executor.submit(self._read, task))

    def heed(self) -> None:
        """Keep what has come meanwhile, without waiting for more."""
        self._tell()
        while any(future.done() for future in self._running):
            self._collect()

    def _tell(self) -> None:
        """Tell of all that was found damaged meanwhile, as far as there is room."""
        rotten: list[tuple[Content, Content]] = []
        while self._rotten:
            rotten += self._rotten.popleft()
        if rotten := rotten[: _ROTTEN - len(self.brought.rotten)]:
            self.brought.rotten += rotten
            self._damaged(rotten)

    def _collect(self) -> None:
        """Wait until a task is done, and keep what came of it."""
        # Those that failed come last, so that what others have read is kept.
        for future in sorted(self._ended(), key=lambda each: each.exception() is not None):
            done = future.result()
            if not self._is_here:
                self._rotten.append(done.rotten)
            # Before what was read is kept: nobody would read it once more.
            self._tell()
            self.brought.altered += len(done.altered)
            first = heapq.nsmallest(TOLD, [*self.brought.altered_first, *done.altered])
            self.brought.altered_first = first
            if len(done.rows):
                self._explain(done.rows)
                self._pieces.add(done.number, done.rows)
            self.brought.files += len(done.rows)
            each = zip(done.rows.size, done.rows.kind, strict=True)
            sizes = [size or 0 for size, kind in each if kind not in _UNREAD]
            self.brought.read += len(sizes)
            self.brought.size += sum(sizes)
            if not self._is_here:  # the pace knows nothing of it
                self._tally.settled_files += len(done.rows)
                self._tally.settled_bytes += sum(size or 0 for size in done.rows.size)
            self.brought.cut_short |= not done.whole
            extend(self.brought.gone, done.gone)
            if self._gone and len(done.gone):
                self._gone(done.gone)

    def _ended(self) -> set[Future[Done]]:
        """Wait until a task is done; for none of those that hang when reading is to end."""
        waited = 0.0
        while True:
            ended, self._running = wait(self._running, _LOOK, FIRST_COMPLETED)
            self._tell()
            if ended:
                return ended
            if self._pace.stopping:
                waited += _LOOK
                if waited >= (_PATIENCE if self._is_here else _PATIENCE_ELSEWHERE):
                    break
        # As on a mount that is dead: its reads never return, and what they read is lost.
        self._pace.end()
        self.brought.cut_short = True
        for future in self._running:
            future.cancel()
        self._running = set()
        return set()

    def _within_budget(
        self, files: Rows, known: Sequence[bytes | None]
    ) -> tuple[Rows, Sequence[bytes | None]]:
        """Leave out what there is no room for: the next run has a budget of its own."""
        fit = []
        for i, size in enumerate(files.size):
            if self._pace.reserve(size or 0):
                fit.append(i)
                continue
            self.brought.no_room += 1
            self.brought.no_room_size += size or 0
            self.brought.too_large += (size or 0) > (self._pace.most or 0)
        return chosen(files, fit), [known[i] for i in fit]
