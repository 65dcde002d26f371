"""What a storage held at one time, wherever that was kept: of a scan, or in a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from reconciler.environment.timestamps import timestamp
from reconciler.errors import SnapshotError
from reconciler.recovery import rows
from reconciler.recovery.findings.states import is_among
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing.away import away
from reconciler.recovery.scanning.finishing.displaced import path_beside, path_of
from reconciler.recovery.scanning.known import record
from reconciler.recovery.snapshots.document import SnapshotStorage
from reconciler.recovery.values import CloudReport, Counts, Scan
from reconciler.recovery.verifying.comparing.sides import Lost, Side
from reconciler.recovery.verifying.results import Proofs, Taken
from reconciler.recovery.walking.exclusions import Exclusions


class Recorded(Struct, frozen=True):
    """The contents of a storage, as one side of a comparison."""

    #: The location by which its scans and findings are kept.
    place: str
    #: SHA-256 of the part, in hex.
    contents: str
    scan: str
    #: RFC 3339, UTC.
    started_at: str
    ended_at: str
    excluded: tuple[str, ...]
    counts: Counts
    #: Whether all was listed and read that was to be.
    complete: bool = True
    #: SHA-256 of the part with what should be otherwise; empty if nothing is, or nobody knows.
    remembered: str = ""
    #: When the list was begun by which it was listed: RFC 3339, UTC; empty: the server was asked.
    listed_at: str = ""
    #: The reports of the cloud that attest hashes of it, where that is known.
    reports: tuple[CloudReport, ...] = ()

    @property
    def files(self) -> int:
        """How many files, or whatever else has a name there, are known."""
        return self.counts.rows - self.counts.kinds.get(rows.DELETED, 0)

    def side(self) -> Side:
        """Return what can be said of it; folders that could not be listed are in its rows."""
        began = datetime.fromisoformat(self.listed_at or self.started_at)
        told = self.counts.left_out
        partial = any(each.files or each.folders for each in told) if told else bool(self.excluded)
        covers = Exclusions(self.excluded).covers
        return Side(int(began.timestamp() * 10**9), Lost(), covers, partial)

    def taken(self) -> Taken:
        """Return on what it rests."""
        oldest, number = self.counts.oldest_proof, self.counts.proofs.get
        since = "" if oldest is None else timestamp(datetime.fromtimestamp(oldest, UTC), "seconds")
        read, kept, stored = (number(one, 0) for one in (rows.READ, rows.KEPT, rows.STORED))
        proofs = Proofs(read, kept, stored, since, number(rows.ATTESTED, 0))
        return Taken(self.started_at, self.scan, proofs, self.counts.left_out, self.listed_at)


def of_scan(scan: Scan) -> Recorded:
    """Return what a scan recorded."""
    return Recorded(
        scan.place,
        scan.contents,
        scan.id,
        scan.started_at,
        scan.ended_at,
        scan.excluded,
        scan.counts,
        scan.complete,
        scan.remembered,
        scan.listed_at,
        scan.reports,
    )


def of_snapshot(storage: SnapshotStorage) -> Recorded | None:
    """Return what a snapshot has of a storage's contents; None if it was never scanned."""
    contents = storage.contents
    if contents is None:
        return None
    return Recorded(
        storage.place,
        contents.sha256,
        contents.scan,
        contents.started_at,
        contents.ended_at,
        contents.excluded,
        contents.counts,
        contents.complete,
        listed_at=contents.listed_at,
        reports=contents.reports,
    )


def moved_on(repository: Repository, now: Recorded, gone: Sequence[Content]) -> set[bytes]:
    """Return the paths of files, of those that are `gone`, that the scan of `now` knows as moved.

    None where what it remembers is lost. Raises `RepositoryError`.
    """
    scan = record.of(repository, now.place, now.scan)
    if scan is None or not scan.remembered:
        return set()
    files = {file.path: file for file in gone}
    asked = pa.array([*files, *map(path_beside, gone)], pa.binary())
    found, still_gone = set[bytes](), set[bytes]()
    try:
        with repository.local(layout.part(scan.remembered)) as path:
            for batch in read.batches(path, CONTENTS, sha256=scan.remembered):
                for row in convert.contents(batch.filter(pc.is_in(batch["path"], value_set=asked))):
                    where = path_of(row.path)
                    if is_among(files[where], [row]):
                        # It may have been back there since it was missed, and have gone again.
                        (found if away(row.detail).is_moved else still_gone).add(where)
    except SnapshotError:
        return set()
    return found - still_gone


def look(repository: Repository, side: Recorded, wanted: Collection[bytes]) -> dict[bytes, Content]:
    """Return the rows of a few paths; raises `RepositoryError`, `SnapshotError`."""
    with repository.local(layout.part(side.contents)) as path:
        return rows_of(path, wanted)


def rows_of(part: Path, wanted: Collection[bytes]) -> dict[bytes, Content]:
    """Return the rows of a few paths in a part; raises `SnapshotError`."""
    names = pa.array(sorted(wanted), pa.binary())
    found: dict[bytes, Content] = {}
    for batch in read.batches(part, CONTENTS):
        these = batch.filter(pc.is_in(batch["path"], value_set=names))
        found.update((content.path, content) for content in convert.contents(these))
    return found
