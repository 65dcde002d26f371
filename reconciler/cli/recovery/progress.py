"""How a scan is followed: a line on a terminal, lines with `-v`, otherwise nothing.

A thread that sleeps looks at counters some times a second: those who read are told nothing and
tell nothing, for a busy thread beside them costs several times what it shows.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reconciler.cli.context import Context
from reconciler.cli.output.terminal import is_terminal, width
from reconciler.recovery.scanning.outcome import Tally
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.report.sentences.scans import amount, lasting
from reconciler.report.sentences.terms import bare
from reconciler.report.text.lines import columns

#: Seconds between two looks: for a terminal, and for lines.
_LOOK, _LINE = 0.5, 10.0
#: A rate is that of the last looks.
_LOOKS = 20
_WIPE = "\r\x1b[K"
_BAR = 20


@contextmanager
def progress(context: Context, tally: Tally, pace: Pace) -> Iterator[Callable[[str], None]]:
    """Tell on standard error how far a scan has come, while entered.

    Yields what tells a line beside it.
    """
    meter = Meter(tally, pace, time.monotonic)
    if context.style.verbose:
        with _looking(_LINE, lambda: context.note(meter.line())):
            yield context.note
    elif not context.style.quiet and _is_able(context):
        line = _Line(context, meter)
        with _looking(_LOOK, line.show):
            yield line.tell
        line.wipe()
    else:
        yield context.note


def _is_able(context: Context) -> bool:
    """Return whether there is a terminal on which a line can be written over."""
    return is_terminal(sys.stderr) and context.environ.get("TERM") != "dumb"


@contextmanager
def _looking(seconds: float, show: Callable[[], None]) -> Iterator[None]:
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(seconds):
            show()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Meter:
    """Says how far a scan has come, and how fast it goes."""

    def __init__(self, tally: Tally, pace: Pace, clock: Callable[[], float]) -> None:
        self._tally = tally
        self._pace = pace
        self._clock = clock
        #: Moments, with the bytes that were read, and those that are done with.
        self._seen: deque[tuple[float, int, int]] = deque(maxlen=_LOOKS)

    def line(self, room: int = sys.maxsize) -> str:
        """Return a line that fits into so many columns; what matters least is left out first."""
        parts = self._parts()
        for kept in range(len(parts), 0, -1):
            text = "  ".join(parts[:kept])
            if columns(text) <= room:
                break
        if self._tally.bytes and columns(text) + 2 + _BAR <= room < sys.maxsize:
            text = f"{text}  {self._bar()}"
        return text

    def _parts(self) -> list[str]:
        tally = self._tally
        read = self._pace.count - tally.bytes_before
        done = tally.settled_bytes + read
        now = self._clock()
        self._seen.append((now, self._pace.count, done))
        then, read_then, done_then = self._seen[0]
        passed = now - then
        parts = [f"{bare(tally.storage)}: {self._files()}", f"{amount(read)} read"]
        if passed > 0 and self._pace.count >= read_then:
            parts.append(f"{amount((self._pace.count - read_then) / passed)}/s")
            if done > done_then and tally.bytes > done:
                left = (tally.bytes - done) * passed / (done - done_then)
                parts.append(f"{lasting(left)} left")
        return parts

    def _files(self) -> str:
        tally = self._tally
        done = tally.settled_files + self._pace.files - tally.files_before
        return f"{done:,} of {max(tally.files, done):,} files" if tally.files else f"{done:,} files"

    def _bar(self) -> str:
        tally = self._tally
        done = tally.settled_bytes + self._pace.count - tally.bytes_before
        filled = min(int(done / max(tally.bytes, 1) * _BAR), _BAR)
        return "█" * filled + "░" * (_BAR - filled)


class _Line:
    """The last line of a terminal, which is written over; what is told beside it stands above."""

    def __init__(self, context: Context, meter: Meter) -> None:
        self._context = context
        self._meter = meter
        self._lock = threading.Lock()
        self._is_shown = False

    def show(self) -> None:
        room = width(self._context.environ, sys.stderr) - 1
        with self._lock:
            self._put(_WIPE + self._meter.line(room))
            self._is_shown = True

    def wipe(self) -> None:
        with self._lock:
            self._wipe()

    def tell(self, text: str) -> None:
        with self._lock:
            self._wipe()
            self._context.note(text)

    def _wipe(self) -> None:
        if self._is_shown:
            self._put(_WIPE)
            self._is_shown = False

    def _put(self, text: str) -> None:
        with suppress(OSError):
            self._context.streams.put(sys.stderr, sys.stderr.write, text)
