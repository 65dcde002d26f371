"""A shell on a terminal, typed into as people do, and what its screen then shows."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

if sys.platform != "win32":
    import fcntl
    import pty
    import termios

_COLUMNS, _ROWS = 120, 24
#: What takes longer than this never comes.
_SECONDS = 60


class Terminal:
    """The screen and the keyboard of a program."""

    def __init__(self, ours: int) -> None:
        """Take our end of it."""
        self._ours = ours
        self._screen = pyte.Screen(_COLUMNS, _ROWS)
        self._screen.write_process_input = self.type  # a shell may ask what it is
        self._stream = pyte.ByteStream(self._screen)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def lines(self) -> list[str]:
        """Give what is shown, without empty lines."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def until(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the screen is as wanted, and give it."""
        end = time.monotonic() + _SECONDS
        while not seen(self.lines()):
            assert time.monotonic() < end, "\n".join(self.lines())
            if select.select([self._ours], [], [], 1)[0]:
                self._stream.feed(os.read(self._ours, 65_536))
        return self.lines()


@contextmanager
def terminal(line: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a program that has the terminal for itself, and end it at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["setsid", "--ctty", *line],
        cwd=folder,
        env=dict(environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
