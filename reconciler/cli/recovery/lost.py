"""A platform that has lost storages, as far as a repository knows better."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing, suppress

from reconciler.errors import ReconcilerError
from reconciler.masking import masked
from reconciler.model import NEW_PLATFORM
from reconciler.printable import listed, shown, word
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept


def warning(
    repository: str,
    platform: str,
    live: Collection[str],
    missed: Collection[str],
    platform_id: str = NEW_PLATFORM,
) -> str:
    """Return what is to be told where the latest snapshot of this platform has more than is live.

    `repository` and `platform` are addresses, `live` the names of all storages that are live,
    `missed` of those that are declared and are not; by `platform_id` it is known whether what is
    there was made anew. Empty: nothing, or nobody knows.
    """
    kept = _latest(repository)
    if kept is None or kept.snapshot.platform.address != platform:
        return ""
    had = [storage.name for storage in kept.snapshot.storages]
    # Of the same platform somebody has removed what is neither live nor declared.
    is_anew = not live or kept.snapshot.platform.id != platform_id
    gone = [name for name in had if name in missed or (is_anew and name not in live)]
    if not gone:
        return ""
    command = f"reconciler rebuild {word(masked(repository))}"
    them = "it" if len(gone) == 1 else "them"
    return (
        f"{platform} has {listed(gone)} no more, and the snapshot {kept.snapshot.id} in "
        f"{shown(masked(repository))} has {them}. If the platform is lost, do not apply: "
        f"`{command}` brings {them} back with all records"
    )


def _latest(repository: str) -> Kept | None:
    # A run that needs none must not end for a repository that can't be read: it says so later.
    with suppress(ReconcilerError), closing(open_repository(repository)) as opened:
        return listing.newest(opened, complete=False)
    return None
