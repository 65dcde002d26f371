"""What a platform tells for a snapshot: all storages at one moment, and the files of each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import PlatformError, SnapshotError
from reconciler.model import NEW_PLATFORM, State, Storage
from reconciler.platform import Reader
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import sound
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots.document import Inventory, Lacking

#: How often all is read, while storages come, go or change.
_ROUNDS = 5
#: How often the files of one storage are asked for: reading changes nothing.
_ATTEMPTS = 3


class Told(Struct, frozen=True):
    """What a platform told of itself."""

    state: State
    #: By storage id; one that could not be read is missing, and `lacking` says why.
    inventories: dict[str, Inventory]
    #: By storage id; None where the platform can't tell.
    spaces: dict[str, tuple[str, ...]] | None
    lacking: tuple[Lacking, ...]


def read(
    reader: Reader,
    repository: Repository,
    *,
    approve: Callable[[State], None],
    progress: Callable[[str], None],
) -> Told:
    """Read all, until the storages are the same before and after; inventories become parts.

    `approve` is shown the storages before their files are read, and may raise; `progress` is told
    each storage then. Raises `PlatformError` if the storages can't be read, `SnapshotError` if they
    don't stand still or there is no platform, `RepositoryError`.
    """
    state = reader.read()
    if state.platform_id == NEW_PLATFORM:
        raise SnapshotError(
            "there is no such platform yet, and nothing to take a snapshot of: check the address. "
            f"If it is lost, `reconciler rebuild {in_shell(repository.address)}` brings it back; "
            "if there never was one, `reconciler apply` makes it"
        )
    taken = _Taken(reader, repository, progress)
    for _ in range(_ROUNDS):
        approve(state)
        for storage in sorted(state.storages, key=lambda each: each.name):
            taken.take(storage)
        again = reader.read()
        if again.platform_id != state.platform_id:
            raise SnapshotError("another platform answers than before: nothing is kept")
        if _same(state, again):
            return taken.told(again)
        state = again
    raise SnapshotError(
        "the platform's storages change while they are read: wait until nobody applies anything, "
        "and try again"
    )


class _Taken:
    """What was read so far, by storage id."""

    def __init__(
        self, reader: Reader, repository: Repository, progress: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._repository = repository
        self._progress = progress
        self._inventories: dict[str, Inventory] = {}
        self._spaces: dict[str, tuple[str, ...]] = {}
        self._failed: dict[str, list[Lacking]] = {}

    def take(self, storage: Storage) -> None:
        """Read the files and spaces of a storage, unless that was done before."""
        if storage.id in self._inventories or storage.id in self._failed:
            return
        self._progress(storage.name)
        self._failed[storage.id] = []
        try:
            self._inventories[storage.id] = self._inventory(storage.id)
        except (PlatformError, SnapshotError) as error:
            self._lack(storage, "inventory", f"its file records could not be read: {error}")
        if self._reader.abilities.spaces:
            try:
                self._spaces[storage.id] = tuple(sorted(self._reader.spaces_using(storage.id)))
            except PlatformError as error:
                self._lack(storage, "spaces", f"the spaces that use it are not known: {error}")

    def told(self, state: State) -> Told:
        """Return what was read of the storages that are still there."""
        ids = {storage.id for storage in state.storages}
        return Told(
            state,
            {id: part for id, part in self._inventories.items() if id in ids},
            self._spaces if self._reader.abilities.spaces else None,
            tuple(each for id, found in self._failed.items() if id in ids for each in found),
        )

    def _inventory(self, id: str) -> Inventory:
        """Read the files of a storage, from the first one again where the connection breaks."""
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(PlatformError):
                return _inventory(self._reader, self._repository, id)
        return _inventory(self._reader, self._repository, id)

    def _lack(self, storage: Storage, what: str, message: str) -> None:
        self._failed[storage.id].append(Lacking(storage.name, what, message))


def _inventory(reader: Reader, repository: Repository, id: str) -> Inventory:
    """Keep all that the platform knows of a storage's files as a part."""
    with repository.workspace() as folder:
        return _part(reader, repository, id, folder)


def _part(reader: Reader, repository: Repository, id: str, folder: Path) -> Inventory:
    with PartWriter(folder, INVENTORY) as writer:
        for batch in sorted_inventory(reader.inventory(id), folder):
            writer.write(batch)
        read_at = timestamp(utc_now(), "seconds")
        written = writer.finish()
    sound.keep(repository, written.sha256, written.path)
    return Inventory(written.sha256, written.size, written.rows, read_at)


def _same(one: State, other: State) -> bool:
    """Return whether the storages are the same, in all that a snapshot keeps of them."""
    return _compared(one) == _compared(other)


def _compared(state: State) -> dict[str, tuple[str, ...]]:
    return {s.id: (s.name, s.label, s.type, s.default_url, s.flaw) for s in state.storages}
