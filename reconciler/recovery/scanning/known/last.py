"""The last scan of a storage: its rows, and what it remembers of earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from reconciler.errors import SnapshotError
from reconciler.recovery.parts import read
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of, fetched
from reconciler.recovery.values import Scan


class Last(NamedTuple):
    """What is known of a scan; its files are there as long as what they were opened with."""

    scan: Scan
    #: With the columns of `SCANNED`.
    rows: Iterator[pa.RecordBatch]
    contents: Path
    stamps: Path
    remembered: Path | None

    @property
    def sound(self) -> set[str]:
        """The SHA-256 of the parts that were read, and are what was written."""
        parts = {self.scan.contents, self.scan.stamps}
        return parts | {self.scan.remembered} if self.remembered else parts

    def should_be(self) -> Earlier | None:
        """Return what files should be that this scan has otherwise; None where there are none."""
        return None if self.remembered is None else contents_of(self.remembered)


def usable(repository: Repository, last: Scan, opened: ExitStack, notes: list[str]) -> Last | None:
    """Return the scan `last`; if its parts are damaged, the newest one before it whose are not.

    None if there is none. `notes` gets a sentence on what is of no use. Raises `RepositoryError`.
    """
    for scan in _newest_first(repository, last):
        try:
            contents, stamps = (
                fetched(repository, s, opened) for s in (scan.contents, scan.stamps)
            )
        except SnapshotError as error:
            if scan is last:
                notes.append(f"Everything is read, as the last scan is of no use: {error}")
            continue
        remembered = _remembered(repository, scan, opened, notes)
        return Last(scan, read.scanned(contents, stamps), contents, stamps, remembered)
    return None


def _newest_first(repository: Repository, last: Scan) -> Iterator[Scan]:
    yield last
    try:
        earlier = [scan for scan in record.all_of(repository, last.place) if scan.id < last.id]
    except SnapshotError:  # what else is damaged is told when it is needed
        return
    yield from reversed(earlier)


def _remembered(
    repository: Repository, scan: Scan, opened: ExitStack, notes: list[str]
) -> Path | None:
    if not scan.remembered:
        return None
    try:
        return fetched(repository, scan.remembered, opened)
    except SnapshotError as error:
        notes.append(
            "What files should be that the last scan could not see so is not known any more: "
            f"{error}"
        )
        return None
