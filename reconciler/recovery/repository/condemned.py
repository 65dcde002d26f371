"""Parts that `prune` is about to delete, and how others keep them.

A part that nothing names is condemned first, and deleted by a later prune, at least `GRACE` seconds
after. Whoever is about to name parts calls `secure` and then writes, within half of that: what was
condemned by then is written anew, which `prune` sees; what is condemned later stays long enough to
be found named.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import listed, quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import GHOST, is_listed
from reconciler.recovery.seal import sealed, unsealed

#: Seconds, by the repository's own clock.
GRACE = 3600.0
_NAME = f"{layout.PRUNE}condemned.json"
_CLOCK = f"{layout.PRUNE}clock"
#: So many parts are looked for one by one; of more, all that there are is listed.
_FEW = 16


class Sentence(Struct, frozen=True):
    """Since when a part is condemned, and the file that was meant."""

    since: float
    stamp: str


class Condemned(Struct, frozen=True):
    """All condemned parts, by their SHA-256 in hex."""

    format_version: int = 1
    parts: dict[str, Sentence] = {}
    seal: str = ""


def read(repository: Repository) -> Condemned:
    """Read which parts are condemned; raises `RepositoryError`."""
    data = repository.read(_NAME)
    if data is None:
        # Who may not know what is condemned would name what is about to go.
        if is_listed(repository, _NAME):
            raise RepositoryError(f"{quoted(_NAME)} in {repository.address} can't be used: {GHOST}")
        return Condemned()
    try:
        return unsealed(data, Condemned, newest=1)
    except SnapshotError as error:
        raise RepositoryError(
            f"{quoted(_NAME)} in {repository.address} can't be used: {error}. If it is corrupt, "
            "remove it, and prune again"
        ) from error


def write(repository: Repository, condemned: Condemned) -> None:
    """Keep which parts are condemned. Called by `prune` alone, under its lease."""
    repository.write(_NAME, sealed(condemned), replace=True)


def now(repository: Repository) -> float:
    """Return the time by the repository's own clock, in seconds since 1970.

    Called by `prune` alone: whatever keeps the files says when one was written.
    """
    repository.write(_CLOCK, b"", replace=True)
    modified = next((entry.modified for entry in repository.entries(_CLOCK)), None)
    if modified is None:
        raise RepositoryError(
            f"{quoted(_CLOCK)} was written in {repository.address}, and is not listed there: what "
            "it lists can't be believed, and nothing is pruned"
        )
    return modified


def secure(repository: Repository, parts: Collection[str]) -> None:
    """Make sure that parts, by SHA-256 in hex, are there and stay: they are about to be named.

    Raises `SnapshotError` if one is missing, `RepositoryError`.
    """
    condemned = read(repository).parts
    for sha256 in sorted(condemned.keys() & set(parts)):
        name = layout.part(sha256)
        with repository.local(name) as file:
            repository.add(name, file, anew=True)
    wanted = {layout.part(sha256) for sha256 in parts}
    missing = sorted(wanted - _there(repository, wanted))
    if missing:
        raise SnapshotError(
            f"parts are lost from {repository.address}: {listed(missing)}. Restore them from "
            "another copy of the repository, or scan again with --full"
        )


def _there(repository: Repository, wanted: Collection[str]) -> set[str]:
    if len(wanted) > _FEW:
        return set(repository.names(layout.PARTS))
    return {found for name in wanted for found in repository.names(name)}
