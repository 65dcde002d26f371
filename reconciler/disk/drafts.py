"""What a new file is written under until it is whole, and the removal of what kills have left."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Seconds after which a draft whose maker can't be asked for is surely nobody's.
_ABANDONED = 3600.0
#: What SQLite keeps beside a draft that is a database.
_BESIDE = "(?:-wal|-shm|-journal)?"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMES = Path("/proc/self/ns/pid")


def draft(folder: Path, begins: str, ends: str) -> Path:
    """Name a draft that tells who makes it; `begins` and `ends` say what it is to be."""
    return folder / f"{begins}{_here()}-{os.getpid()}-{os.urandom(6).hex()}{ends}"


def clear(folder: Path, begins: str, ends: str) -> None:
    """Remove such drafts of makers that are dead; what can't be removed stays, and does no harm."""
    name = f"{re.escape(begins)}([0-9a-f]{{8}})-([0-9]+)-[0-9a-f]{{12}}{re.escape(ends)}{_BESIDE}"
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            maker = re.fullmatch(name, entry.name)
            with suppress(OSError):
                if maker and _is_dead(maker[1], int(maker[2]), entry):
                    Path(entry).unlink()


def has_ended(where: str, process: int) -> bool | None:
    """Return whether a process is no more; None if it is somebody else's, False if in doubt."""
    # Windows has no such question: there, it would interrupt the process.
    if where == _here() and os.name == "posix":
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            return None
    return False


@cache
def _is_dead(where: str, process: int, entry: os.DirEntry[str]) -> bool:
    ended = has_ended(where, process)
    # A process that runs may be another one of the same number; not one of another user.
    if ended or ended is None:
        return bool(ended)
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED


def _here() -> str:
    """Return a mark of what a process number means something in: a machine, since it was started.

    Containers may have one machine's name and each their own numbers.
    """
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(_BOOT.read_text(encoding="ascii"))
    with suppress(OSError):
        parts.append(os.readlink(_NAMES))  # noqa: PTH115 - it leads nowhere
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:8]
