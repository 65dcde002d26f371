"""Where a manifest and its journals are if nobody says so.

A completion imports it for each TAB, and the help of all commands, so nothing else of ours is
imported here, nor what is dear.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

DEFAULT_FILE, DEFAULT_FOLDER = "storages.yaml", "storages"
#: What a manifest in the current folder may be called.
DEFAULTS = (DEFAULT_FILE, "storages.yml", DEFAULT_FOLDER)
#: What says that a folder is one of a watch: it holds the file as long as it stays.
WATCHED = "watch.lock"
#: How files of a manifest are called.
_OF_FILES = (".yaml", ".yml")
#: Where runs keep their journals, and a watch what it knows, beside a manifest.
OURS = ".reconciler"
JOURNALS, WATCHES = (os.path.join(OURS, name) for name in ("journal", "watch"))


def journals_beside(files: Sequence[str]) -> str:
    """Return the folder of journals beside a manifest that is named.

    Without one, and for pipes, it is in the current folder: a job of cron runs in another folder
    than that of its manifest. Beside one that is away for now it stays where it was, and beside a
    file that was made a folder, as its name still tells.
    """
    first = os.path.normpath(files[0] if files else DEFAULT_FOLDER)
    beside = os.path.dirname(first)
    is_beside = os.path.isdir(os.path.join(beside, OURS))
    if os.path.isdir(first) and first != DEFAULT_FOLDER:
        was_file = first.lower().endswith(_OF_FILES)
        stays = was_file and is_beside and not os.path.lexists(os.path.join(first, OURS))
        return os.path.join(beside if stays else first, JOURNALS)
    was_there = is_beside and not os.path.lexists(first)
    return os.path.join(beside if os.path.isfile(first) or was_there else "", JOURNALS)
