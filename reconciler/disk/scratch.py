"""Temporary folders: removed at the end, and where a run was killed by a later one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.disk import drafts

_BEGINS = "reconciler-"


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder among the system's temporary ones (TMPDIR), which nobody else may read.

    What runs that were killed have left there is removed before. Raises `OSError`.
    """
    temporary = Path(tempfile.gettempdir())
    _clear(temporary, _BEGINS)
    made = drafts.draft(temporary, _BEGINS, "")
    made.mkdir(mode=0o700)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _clear(folder: Path, begins: str) -> None:
    """Remove folders that are such drafts, of makers that are surely dead; others stay.

    How old one is tells nothing: a run of days may only read what it has put there.
    """
    name = f"{re.escape(begins)}([0-9a-f]{{8}})-([0-9]+)-[0-9a-f]{{12}}"
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            maker = re.fullmatch(name, entry.name)
            if maker and drafts.has_ended(maker[1], int(maker[2])):
                shutil.rmtree(entry.path, ignore_errors=True)  # which removes nothing by a link
