"""Parts that are what their names say: kept, and held against them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository


def keep(repository: Repository, sha256: str, file: Path) -> None:
    """Keep a file as the part of this SHA-256, which it has; raises `RepositoryError`.

    What lies under its name already, and is damaged, is written anew: else it would stay for ever.
    """
    name = layout.part(sha256)
    if not repository.add(name, file) and fault(repository, sha256):
        repository.add(name, file, anew=True)


def fault(repository: Repository, sha256: str) -> str:
    """Read all of a part, and return what is wrong with it; empty if nothing is.

    Raises `RepositoryError`.
    """
    name = layout.part(sha256)
    try:
        with repository.local(name) as path, path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except SnapshotError as error:
        return str(error)
    except OSError as error:
        return f"{quoted(name)} can't be read: {error.strerror}"
    return "" if found == sha256 else f"{quoted(name)} is not what was written: its SHA-256 differs"
