"""Where a manifest and its journals are if nobody says so.

A completion imports it for each TAB, so nothing else of ours is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DEFAULT_FILE, DEFAULT_FOLDER = "storages.yaml", "storages"
#: What a manifest in the current folder may be called.
DEFAULTS = (DEFAULT_FILE, "storages.yml", DEFAULT_FOLDER)
_JOURNALS = ".reconciler/journal"


def journals_beside(files: Sequence[str]) -> Path:
    """Return the folder of journals beside a manifest that is named.

    Without one, and for pipes, it is in the current folder: a job of cron runs in another folder
    than that of its manifest.
    """
    first = Path(files[0]) if files else Path(DEFAULT_FOLDER)
    if first.is_dir() and first != Path(DEFAULT_FOLDER):
        return first / _JOURNALS
    return (first.parent if first.is_file() else Path()) / _JOURNALS
