"""What the shards of a scan have to know of each other, kept beside its pieces.

The first one to come says which scan it is, under a name that all of them know: of two that come at
once only one can write it. Each leaves a mark when its share is read. Nobody coordinates anything.
"""

from __future__ import annotations

from msgspec import Struct

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import pieces
from reconciler.recovery.scanning.known.pieces import Begun, Run, Unfinished
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.seal import sealed, unsealed

FORMAT_VERSION = 1


class FinishedError(Exception):
    """Another run has written the record of this scan, or a later one. Never leaves `sharding`."""


class Agreed(Struct, frozen=True):
    """Which scan the shards make together, and how it began."""

    format_version: int
    scan: str
    begun: Begun
    seal: str = ""


def unfinished(repository: Repository, place: str, *, after: str) -> Unfinished | None:
    """Return the scan that shards make after the scan `after`; None if none has begun.

    Its first run stands for how it began, and has no pieces. What other scans have left that were
    not finished counts as its own. Raises `RepositoryError`.
    """
    agreed = _read(repository, _name(place, after))
    if agreed is None:
        return None
    found = pieces.find(repository, place, after=after)
    return Unfinished(agreed.scan, (Run("", agreed.begun, ()), *(found.runs if found else ())))


def without_others(unfinished: Unfinished, shard: Shard) -> Unfinished:
    """Leave out what other shards have read, which this one does not: nobody has to fetch it."""
    others = {str(other) for other in shard.others()}
    return Unfinished(
        unfinished.id, tuple(r for r in unfinished.runs if r.begun.shard not in others)
    )


def agree(repository: Repository, place: str, scan: str, begun: Begun, *, after: str) -> bool:
    """Say which scan the shards make after the scan `after`; False if another has said it.

    Raises `RepositoryError`.
    """
    agreed = Agreed(FORMAT_VERSION, scan, begun)
    return repository.write(_name(place, after), sealed(agreed))


def mark(repository: Repository, place: str, scan: str, shard: Shard) -> None:
    """Keep that all of a shard was read; raises `RepositoryError`."""
    repository.write(_mark(place, scan, shard), b"")


def left(repository: Repository, place: str, scan: str, shard: Shard) -> list[Shard]:
    """Return which of the other shards were not read yet; raises `RepositoryError`."""
    done = set(repository.names(layout.unfinished(place, scan)))
    return [other for other in shard.others() if _mark(place, scan, other) not in done]


def _name(place: str, after: str) -> str:
    # It sorts between the scan that it follows and the one that it is of, and goes with that.
    return f"{layout.unfinished(place, after or '0').removesuffix('/')}.json"


def _mark(place: str, scan: str, shard: Shard) -> str:
    return f"{layout.unfinished(place, scan)}shard-{shard.number}-of-{shard.of}"


def _read(repository: Repository, name: str) -> Agreed | None:
    data = repository.read(name)
    if data is None:
        return None
    try:
        return unsealed(data, Agreed, newest=FORMAT_VERSION)
    except SnapshotError as error:
        raise RepositoryError(
            f"{quoted(name)} in {repository.address}, which says what scan the shards make, can't "
            f"be used: {error}. If it is corrupt, remove it, and run all shards again"
        ) from error
