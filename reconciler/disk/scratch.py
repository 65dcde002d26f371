"""Temporary folders: removed at the end, and where a run was killed by a later one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.disk import drafts

_BEGINS = "reconciler-"


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder among the system's temporary ones (TMPDIR), which nobody else may read.

    What runs that were killed have left there is removed before. Raises `OSError`.
    """
    temporary = Path(tempfile.gettempdir())
    drafts.clear_folders(temporary, _BEGINS)
    made = drafts.draft(temporary, _BEGINS, "")
    made.mkdir(mode=0o700)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
