"""Which snapshot came before, and whether storages of it are gone: a platform half seen is none."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.model import UNKNOWN_PLATFORM, State
from reconciler.printable import listed
from reconciler.recovery.matching import pairs, sign_of
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept, Snapshot


class Before(Struct, frozen=True):
    """What came before a new snapshot."""

    #: The last one of the same platform, else the last of any; None if there is none.
    last: Kept | None = None
    #: Whether it is of the same platform: then its lineage goes on.
    same: bool = False
    #: Later ones that are damaged, each with the reason.
    damaged: tuple[str, ...] = ()


def look_back(repository: Repository, platform_id: str, address: str) -> Before:
    """Find what came before a new snapshot of a platform; raises `RepositoryError`."""
    other: Kept | None = None
    damaged: list[str] = []
    for id in reversed(listing.ids(repository)):
        try:
            kept = listing.read(repository, id)
        except SnapshotError as error:
            damaged.append(str(error))
            continue
        if kept and is_of(kept.snapshot, platform_id, address):
            return Before(kept, True, tuple(damaged))
        other = other or kept
    return Before(other, False, tuple(damaged))


def is_of(snapshot: Snapshot, platform_id: str, address: str) -> bool:
    """Return whether a snapshot is of this platform, which may not be able to tell its id."""
    told = snapshot.platform
    if UNKNOWN_PLATFORM in (platform_id, told.id):
        return told.id == platform_id and told.address == address
    return told.id == platform_id


def missing_since(previous: Snapshot | None, state: State) -> list[str]:
    """Name the storages of an earlier snapshot that are live no more, under any name.

    By the rule of `matching.pairs`, but that on the same platform a name alone says nothing: what
    has another id and lies elsewhere is another storage, and the one before is gone.
    """
    if previous is None:
        return []
    same = previous.platform.id == state.platform_id
    ours = [storage.sign() for storage in previous.storages]
    found = pairs(ours, list(map(sign_of, state.storages)), same_platform=same)
    there = found.found.keys() - (found.by_name if same else ())
    return [s.name for number, s in enumerate(previous.storages) if number not in there]


def refuse_fewer(
    missing: Collection[str], undeclared: Collection[str], live: State, repository: str
) -> None:
    """Raise `SnapshotError` if storages are missing, of those before or of those declared.

    `repository` is its address, as it gives it of itself.
    """
    told = []
    if missing:
        told.append(f"storages of the snapshot before are not live any more: {listed([*missing])}")
    if again := [name for name in missing if name in {each.name for each in live.storages}]:
        told.append(
            f"what has the name of {listed(again)} now was made since and lies elsewhere (as after "
            "`rebuild --relocate`)"
        )
    if undeclared:
        names = listed([*undeclared])
        told.append(
            f"storages that the manifest declares are not live: {names} (`reconciler apply` "
            "creates them)"
        )
    if told:
        raise SnapshotError(
            f"no snapshot is made, as it would have fewer storages: {'; '.join(told)}. Check the "
            "platform and the account; if the platform is lost, `reconciler rebuild "
            f"{in_shell(repository)}` brings them back; if that is how it should be, repeat with "
            "--allow-fewer"
        )
