"""`REPO@ID` of a command line."""

from __future__ import annotations

import re
from pathlib import Path

_NAMED = re.compile(r"(?P<address>.+)@(?P<id>[a-z0-9][a-z0-9-]*)", re.DOTALL)


def parted(text: str) -> tuple[str, str | None]:
    """Return the address of a repository, and the id of a snapshot, where one is named.

    A folder that is there is what it is called, though it may look like both.
    """
    found = _NAMED.fullmatch(text)
    if found is None or ("://" not in text and Path(text).is_dir()):
        return text, None
    return found["address"], found["id"]
