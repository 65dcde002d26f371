"""One watch at a time for a folder of state: two would each tell what the other has told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.environment.at_hand import WATCHED
from reconciler.errors import ReconcilerError, WatchedError
from reconciler.printable import quoted

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Have a folder of state for this process alone; it ends with the process, however that ends.

    Raises `WatchedError` if another one has it, `ReconcilerError` if it can't be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / WATCHED, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ReconcilerError(
            f"--state {quoted(str(folder))} can't be written: {error.strerror}"
        ) from error
    try:
        if not _taken(descriptor):
            raise WatchedError(
                f"another watch keeps its state in {quoted(str(folder))}: end it, or give this one "
                "a folder of its own with --state"
            )
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
