"""`verify` alone: what the platform knows of files now, and what it knew; like with like."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.disk.scratch import scratch
from reconciler.environment.timestamps import timestamp
from reconciler.errors import PlatformError, SnapshotError
from reconciler.model import NEW_PLATFORM, State, Storage
from reconciler.platform import InventoryRow, Reader
from reconciler.recovery import values
from reconciler.recovery.matching import pairs, sign_of
from reconciler.recovery.parts import convert, merge, read
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.snapshots.document import Inventory, Snapshot, SnapshotStorage
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.classify import NEW
from reconciler.recovery.verifying.comparing.sides import Lost, Side
from reconciler.recovery.verifying.comparing.spool import Spool
from reconciler.recovery.verifying.results import StorageVerified, Taken
from reconciler.recovery.verifying.telling.alone import told
from reconciler.recovery.verifying.telling.concluding import Concluded
from reconciler.recovery.verifying.telling.means import Means, Present

#: The kind of `Content` that stands for a record; its checksums are its detail.
RECORD = "record"


class Live(NamedTuple):
    """A platform as it was read, and what reads its records of files."""

    state: State
    reader: Reader


def verify(
    snapshot: Snapshot,
    storages: Iterable[SnapshotStorage],
    platform: Live,
    means: Means,
    repository: Repository,
) -> Iterator[StorageVerified]:
    """Compare the inventory of each storage with the one in the snapshot.

    Of a platform that does not exist nothing is known, and nothing is kept. Raises
    `RepositoryError`.
    """
    state, reader = platform
    same = state.platform_id == snapshot.platform.id
    ours = [storage.sign() for storage in snapshot.storages]
    found = pairs(ours, list(map(sign_of, state.storages)), same_platform=same).found
    live = {snapshot.storages[one].id: state.storages[other] for one, other in found.items()}
    for storage in storages:
        yield _One(storage, reader, means, repository).verified(live.get(storage.id), state)


class _One:
    """One storage of the snapshot."""

    def __init__(
        self, storage: SnapshotStorage, reader: Reader, means: Means, repository: Repository
    ) -> None:
        self._storage = storage
        # One that no manifest can express has no place, and is known by its id.
        self._place = storage.place or f"id:{storage.id}"
        self._reader = reader
        self._means = means
        self._repository = repository
        self._at = timestamp(means.clock(), "milliseconds")

    def verified(self, live: Storage | None, state: State) -> StorageVerified:
        was = self._storage.inventory
        if was is None:
            return self._unknown(None, "the snapshot has no inventory of it")
        if state.platform_id == NEW_PLATFORM:
            return self._unknown(was, "the platform does not exist yet")
        if live is None and state.complete:
            return self._alone(was, values.MISSING, "the platform does not have this storage")
        if live is None:
            return self._unknown(
                was, "this account does not see the storage, and may not see all that there are"
            )
        try:
            return self._read(was, live)
        except SnapshotError as error:
            return self._unknown(was, str(error))

    def _read(self, was: Inventory, live: Storage) -> StorageVerified:
        """Compare with what is live now; raises `SnapshotError` if the snapshot is damaged."""
        with scratch() as folder, self._repository.local(layout.part(was.sha256)) as one:
            try:
                now = _kept(self._reader, live.id, folder)
            except (PlatformError, SnapshotError) as error:
                return self._unknown(was, f"its file records could not be read: {error}")
            return self._compared(was, one, now)

    def _compared(self, was: Inventory, one: Path, now: Path) -> StorageVerified:
        found = merge.inventory_differences(
            read.batches(one, INVENTORY, sha256=was.sha256), read.batches(now, INVENTORY)
        )
        tally, new = dict[str, int](), 0
        with Spool() as spool:
            for id, then, today in found:
                finding, listed = self._finding(id, then, today)
                if listed:
                    tally[finding.what] = tally.get(finding.what, 0) + 1
                else:
                    new += 1
                if listed or self._means.everything:
                    spool.add(finding, listed=listed)
            of = found.compared + found.only_was
            so_far = StorageVerified(
                self._storage.name,
                of,
                of,
                found=dict(sorted(tally.items())),
                quiet={NEW: new} if new else {},
                was=Taken(was.read_at),
                now=Taken(self._at),
            )
            return self._concluded(so_far, lambda paths: _look(now, paths), lambda: spool)

    def _finding(
        self, id: bytes, was: InventoryRow | None, now: InventoryRow | None
    ) -> tuple[FileFinding, bool]:
        what, note = values.CHANGED, ""
        if was is None:
            what, note = values.EXTRA, NEW
        elif now is None:
            what = values.MISSING
        else:
            note = "; ".join(
                f"{name} {one} became {other}"
                for name, one, other in zip(INVENTORY.names[1:], was[1:], now[1:], strict=True)
                if one != other
            )
        finding = FileFinding(
            what,
            self._storage.name,
            self._place,
            id,
            None if was is None else _content(id, was),
            None if now is None else _content(id, now),
            note,
            about=values.INVENTORY,
        )
        return finding, was is not None

    def _concluded(
        self,
        so_far: StorageVerified,
        look: Callable[[Collection[bytes]], dict[bytes, Content]],
        findings: Callable[[], Spool],
    ) -> StorageVerified:
        present = Present(self._at, Side(0, Lost()), look, values.INVENTORY)
        return Concluded(self._place, self._means, present).conclude(so_far, findings)

    def _alone(self, was: Inventory, what: str, reason: str) -> StorageVerified:
        """Tell, and keep, that the platform lacks the storage, and so all records of it."""
        present = Present(
            self._at, Side(0, Lost([b""])), lambda _: dict[bytes, Content](), values.INVENTORY
        )
        so_far = StorageVerified(
            self._storage.name, was.rows, found={what: 1}, was=Taken(was.read_at)
        )
        return told(so_far, self._place, reason, self._means, present)

    def _unknown(self, was: Inventory | None, reason: str) -> StorageVerified:
        rows = was.rows if was else 0
        so_far = StorageVerified(
            self._storage.name,
            was.rows if was else None,
            0,
            rows,
            {values.NOT_VERIFIED: 1},
            was=Taken(was.read_at) if was else None,
        )
        return told(so_far, self._place, reason, self._means, None, values.INVENTORY)


def _kept(reader: Reader, id: str, folder: Path) -> Path:
    """Write what the platform knows now as a part, for it is looked at twice."""
    with PartWriter(folder, INVENTORY) as writer:
        for batch in sorted_inventory(reader.inventory(id), folder):
            writer.write(batch)
        return writer.finish().path


def _look(part: Path, wanted: Collection[bytes]) -> dict[bytes, Content]:
    ids = pa.array(sorted(wanted), pa.binary())
    found = {}
    for batch in read.batches(part, INVENTORY):
        these = batch.filter(pc.is_in(batch["upload_id"], value_set=ids))
        keys = these["upload_id"].to_pylist()
        for key, row in zip(keys, convert.inventory_rows(these), strict=True):
            found[key] = _content(key, row)
    return found


def _content(id: bytes, row: InventoryRow) -> Content:
    detail = "\n".join(row[1:]).encode("utf-8", "surrogatepass")
    return Content(id, RECORD, detail=detail)
