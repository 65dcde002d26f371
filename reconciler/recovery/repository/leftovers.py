"""What commands that were killed have left where a folder's files are drafted."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

#: Seconds after which nobody comes back to a draft. A scan that runs touches its own with each
#: piece that it finishes: no file takes a month to be read.
_OLD = 30 * 86_400


def sweep(drafts: Path) -> None:
    """Remove drafts that nobody has touched for a month; one that can't be stays."""
    with contextlib.suppress(OSError), os.scandir(drafts) as found:
        there = list(found)
        now = _clock(drafts) if there else 0.0
        for entry in there:
            with contextlib.suppress(OSError):
                if now - entry.stat(follow_symlinks=False).st_mtime < _OLD:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink()


def _clock(folder: Path) -> float:
    """Return the time by the clock of the file system, by which drafts were touched."""
    file = folder / f"{os.urandom(12).hex()}.clock"
    try:
        file.touch(0o600, exist_ok=False)
        return file.stat().st_mtime
    finally:
        file.unlink(missing_ok=True)
