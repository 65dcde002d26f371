"""What ends a wait: rung by signals and other threads, heard by whoever waits."""

from __future__ import annotations

import select
import socket
from contextlib import suppress

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
