"""A file of JSON lines that is only ever added to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from reconciler.printable import commandless_quoted

#: Seconds after which lines that were written are also synced. What is lost without it is lost
#: in a power cut only: a line is with the system as soon as it is written.
SYNC_EVERY = 1.0


def encoded(value: object) -> bytes:
    """Return the line for a value, with its newline; no CI runner finds a command in it."""
    try:
        line = msgspec.json.encode(value)
    except UnicodeEncodeError:
        import json  # few texts hold lone surrogates, which it escapes

        line = json.dumps(msgspec.to_builtins(value)).encode()
    if (b"#" in line and b"##" in line) or b"section_" in line:
        line = commandless_quoted(line.decode()).encode()
    return line + b"\n"


class Lines:
    """An open file descriptor that takes lines, each with one write; raises `OSError`."""

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._synced_at = clock()

    def write(self, lines: bytes) -> None:
        """Add whole lines, all in one go where the system takes so much."""
        while lines:
            lines = lines[os.write(self._descriptor, lines) :]

    def sync(self) -> None:
        """Make what was written outlast a power cut."""
        os.fsync(self._descriptor)
        self._synced_at = self._clock()

    def sync_if_due(self) -> None:
        """Sync if the last time was long ago: a group of lines shares the cost."""
        if self._clock() - self._synced_at >= SYNC_EVERY:
            self.sync()

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def stamped(value: Struct, time: str) -> bytes:
    """Return the line for a value: the time, then its own fields.

    Put together as text: an apply of thousands of operations has two lines for each.
    """
    return b'{"time":"' + time.encode() + b'",' + encoded(value)[1:]
