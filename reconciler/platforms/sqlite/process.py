"""Whether a process that holds a lease still lives, where that can be told for certain.

All who use one embedded platform run on one machine, as SQLite wants it. So the lease of a
process that was killed need not be waited for, where the system lets us see that it is gone.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def mark() -> str:
    """Return a mark by which others can tell whether this process lives; empty if they can't.

    It names the boot of the machine and the space that process ids count in (a container has one
    of its own), so that no other machine and no container takes our id for one of theirs.
    """
    try:
        pid = os.getpid()
        return f"{_surroundings()} {pid} {_started(pid)}"
    except (OSError, ValueError, IndexError):  # not Linux, or no /proc here
        return ""


def is_gone(process: str) -> bool:
    """Return whether the process that gave this mark is surely gone; in doubt it is not."""
    try:
        surroundings, pid, started = process.rsplit(" ", 2)
        if surroundings != _surroundings():
            return False
        os.kill(int(pid), 0)
        return _started(int(pid)) != started
    except ProcessLookupError:
        return True
    except (OSError, ValueError, IndexError, OverflowError):
        return False


def _surroundings() -> str:
    boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"


def _started(pid: int) -> str:
    """Return when a process was started, which tells it from a later one with the same id."""
    # The second field is the name of the program, in brackets, and may hold anything.
    fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    state, *rest = fields.rpartition(")")[2].split()
    return "ended" if state in ("Z", "X") else rest[18]
