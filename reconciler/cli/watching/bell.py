"""What ends a wait: rung by signals and other threads, heard by whoever waits."""

from __future__ import annotations

import select
import socket
from collections import deque
from contextlib import suppress

from reconciler.watching.deeds import ScanEnded
from reconciler.watching.files import Recalled
from reconciler.watching.loop import Watch
from reconciler.watching.survey import Run

#: Seconds that are waited at most in one go: what a system takes at least.
_LONGEST = 86_400.0


class Bell:
    """A pair of sockets, for an event of `threading` may not be set within a signal's handler."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)

    def ring(self) -> None:
        """End the wait that is going on, or the next one."""
        with suppress(OSError):  # it has rung so often that there is no room for more
            self._there.send(b"!")

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until somebody rings."""
        select.select([self._here], [], [], min(max(0.0, seconds), _LONGEST))
        with suppress(BlockingIOError):
            while self._here.recv(4096):
                pass

    def close(self) -> None:
        """Let the sockets go; who rings later is not heard."""
        self._here.close()
        self._there.close()


class Inbox:
    """What signals and other threads want of a watch, until its own thread takes it."""

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self._pokes: deque[None] = deque(maxlen=1)
        self._ended: deque[ScanEnded] = deque()
        self._recalled: deque[Recalled] = deque()
        self._runs: deque[tuple[Run, ...] | None] = deque(maxlen=1)

    def poke(self) -> None:
        """Want a round now; also from the handler of a signal."""
        self._pokes.append(None)
        self.bell.ring()

    def ended(self, ended: ScanEnded) -> None:
        """Hand in how a scan ended."""
        self._ended.append(ended)
        self.bell.ring()

    def recalled(self, recalled: Recalled) -> None:
        """Hand in what came of looking up what the repository of scans knows."""
        self._recalled.append(recalled)
        self.bell.ring()

    def runs(self, runs: tuple[Run, ...] | None) -> None:
        """Hand in the newest runs, which came after their look; None where nobody knows."""
        self._runs.append(runs)
        self.bell.ring()

    def hand_to(self, watch: Watch) -> None:
        """Give the watch what came in."""
        if self._pokes:
            self._pokes.clear()
            watch.poke()
        while self._runs:
            watch.told_runs(self._runs.popleft())
        while self._recalled:
            watch.recalled(self._recalled.popleft())
        while self._ended:
            watch.scanned(self._ended.popleft())
