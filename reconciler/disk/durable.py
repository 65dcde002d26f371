"""What was written outlasts a power cut."""

from __future__ import annotations

import errno
import os
from pathlib import Path

#: The disk failed or is full; anything else means that the system can't sync a folder.
_FAILED = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where the system can do that.

    Raises `OSError` if it can and the disk fails: the name may be gone after a power cut.
    """
    try:
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if error.errno in _FAILED:
            raise
