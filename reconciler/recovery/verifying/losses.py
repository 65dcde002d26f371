"""What a repository has lost of the findings of one storage, and going on without, once agreed.

A scan can do so for a storage that it reads. This is for one that nobody declares or scans any
more, which would be missed for ever.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Scan
from reconciler.recovery.verifying.elsewhere import gone, last_scan
from reconciler.recovery.verifying.telling import found


class Loss(Struct, frozen=True):
    """What is lost of a storage, as it was named: sentences, of which there may be none."""

    storage: str
    problems: tuple[str, ...]


def lost(repository: Repository, place: str, storage: str) -> Loss:
    """Return what is lost of the findings of the storage at a location.

    Raises `RepositoryError`.
    """
    key = layout.storage_key(place)
    known = store.read_below(repository, key)
    told = [*known.problems, gone(repository, key, known)]
    return Loss(storage, tuple(dict.fromkeys(filter(None, told))))


def accept(repository: Repository, place: str, moment: datetime) -> None:
    """Go on without what is lost: nothing misses it any more. Raises `RepositoryError`."""
    scan = last_scan(repository, layout.storage_key(place))
    store.miss_no_more(repository, place, moment, scan, untold=_untold(repository, scan))


def _untold(repository: Repository, last: Scan | None) -> list[str]:
    if last is None:
        return []
    with contextlib.suppress(SnapshotError):
        known = store.read(repository, last.place)
        return [last.id, *(one.id for one in found.untold_of(repository, last, known))]
    return [last.id]
