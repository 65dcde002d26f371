"""Room for connections: fewer than a process may have files and connections open."""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
from typing import Any, Literal

if sys.platform != "win32":
    import resource

#: What is kept free for the database and for answers on their way: at most so many, and at most one
#: part in so many.
_RESERVE, _PART = 256, 4
_NO_ROOM = (errno.EMFILE, errno.ENFILE)

Admission = Literal["take", "refuse", "cut"]

_log = logging.getLogger(__name__)


class Descriptors:
    """Says whether there is room for a connection, and tells the log when it begins to lack.

    A descriptor is the lowest number that is free, so that of a new connection tells how many are
    in use, by whatever it is.
    """

    def __init__(self) -> None:
        self._lacks = False

    def admission(self, descriptor: int) -> Admission:
        """Return whether to take a new connection, refuse it with an answer, or cut it off."""
        limit = open_files()
        if limit is None:
            return "take"
        reserve = min(_RESERVE, limit // _PART)
        left = limit - reserve - 1 - descriptor
        if left >= 0:
            self._lacks = self._lacks and left <= reserve
            return "take"
        self._say(limit)
        return "refuse" if left >= -reserve // 2 else "cut"

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Log the same once, instead of every second, where the loop itself can open no more."""

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                self._say(open_files())
            else:
                loop.default_exception_handler(context)

        loop.set_exception_handler(handle)

    def _say(self, limit: int | None) -> None:
        if not self._lacks:
            self._lacks = True
            _log.warning(
                "connections are refused until others end: this process may have %s files and "
                "connections open; raise LimitNOFILE (systemd) or `ulimit -n` if clients need more",
                limit,
            )


def open_files() -> int | None:
    """Return how many files and connections may be open; None if nothing limits them."""
    if sys.platform != "win32":
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return None if limit == resource.RLIM_INFINITY else limit
    return None
