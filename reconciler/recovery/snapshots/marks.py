"""That a snapshot was verified: kept beside it, for `list`, and so that `prune` spares the last."""

from __future__ import annotations

from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.seal import sealed, unsealed
from reconciler.recovery.snapshots.document import Kept

FORMAT_VERSION = 1


class Verified(Struct, frozen=True):
    """The last verification of a snapshot that compared all and found nothing wrong."""

    format_version: int
    #: The digest of the snapshot.
    digest: str
    #: RFC 3339, UTC.
    verified_at: str
    #: How: `inventories`, `deep`, `against`.
    method: str
    seal: str = ""


def keep(repository: Repository, id: str, *, digest: str, verified_at: str, method: str) -> None:
    """Keep that a snapshot was verified, all compared and nothing wrong; raises `RepositoryError`.

    Called by `verify` alone. A later one replaces it.
    """
    mark = Verified(FORMAT_VERSION, digest, verified_at, method)
    repository.write(layout.verified(id), sealed(mark), replace=True)


def understood(repository: Repository, kept: Kept, data: bytes | None) -> Verified | None:
    """Return what was kept of a snapshot; None if it was never verified, or another one was.

    Raises `SnapshotError` if it can't be understood.
    """
    if data is None:
        return None
    try:
        mark = unsealed(data, Verified, newest=FORMAT_VERSION)
    except SnapshotError as error:
        name = quoted(layout.verified(kept.snapshot.id))
        raise SnapshotError(
            f"{name} in {repository.address} can't be used: {error}. Remove it, and verify anew"
        ) from error
    return mark if mark.digest == kept.digest else None
