"""The last scan of a storage: its rows, and what it remembers of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from reconciler.errors import SnapshotError
from reconciler.recovery.parts import read
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.earlier import (
    Earlier,
    contents_of,
    fetched,
    rows_without_stamps,
)
from reconciler.recovery.values import Scan


class Last(NamedTuple):
    """What is known of a scan; its files are there as long as what they were opened with."""

    scan: Scan
    #: With the columns of `SCANNED`.
    rows: Iterator[pa.RecordBatch]
    contents: Path
    #: None if they are lost: then everything is read.
    stamps: Path | None
    #: What files should be that it has otherwise; not its own part where that is lost, or where
    #: what another one knew was found again.
    remembered: Path | None
    #: SHA-256 of the parts that were read, and are what was written.
    sound: frozenset[str] = frozenset()
    #: The ids of scans of which not all is known that they knew, this one among them.
    lost: tuple[str, ...] = ()

    def rows_again(self) -> Iterator[pa.RecordBatch]:
        """Return its rows from the first one on."""
        return _rows(self.contents, self.stamps)

    def should_be(self) -> Earlier | None:
        """Return what files should be that this scan has otherwise; None where there are none."""
        return None if self.remembered is None else contents_of(self.remembered)


def usable(repository: Repository, last: Scan, opened: ExitStack, notes: list[str]) -> Last | None:
    """Return the scan `last`; if its contents are damaged, the newest one before it whose are not.

    None if there is none. `notes` gets a sentence on what is of no use. Raises `RepositoryError`.
    """
    lost: tuple[str, ...] = ()
    for scan in _newest_first(repository, last):
        try:
            found = opened_of(repository, scan, opened)
        except SnapshotError as error:
            if scan is last:
                notes.append(f"Everything is read, as the last scan is of no use: {error}")
            lost = (*lost, scan.id)
            continue
        if scan is last and found.stamps is None:
            notes.append(
                "Everything is read, as the last scan is of no use for what shows no change: the "
                f"part {scan.stamps} is corrupt, or lost"
            )
        return found._replace(lost=tuple(sorted({*found.lost, *lost})))
    return None


def opened_of(repository: Repository, scan: Scan, opened: ExitStack) -> Last:
    """Return what is known of a scan, as far as its parts are what was written.

    Raises `RepositoryError`; `SnapshotError` if its contents are not.
    """
    contents = fetched(repository, scan.contents, opened)
    stamps = _fetched(repository, scan.stamps, opened)
    remembered = _fetched(repository, scan.remembered, opened) if scan.remembered else None
    forgets = scan.remembered and remembered is None
    parts = {scan.contents: contents, scan.stamps: stamps, scan.remembered: remembered}
    return Last(
        scan,
        _rows(contents, stamps),
        contents,
        stamps,
        remembered,
        frozenset(sha256 for sha256, path in parts.items() if path),
        (*scan.lost, scan.id) if forgets else scan.lost,
    )


def _rows(contents: Path, stamps: Path | None) -> Iterator[pa.RecordBatch]:
    return read.scanned(contents, stamps) if stamps else rows_without_stamps(contents)


def _newest_first(repository: Repository, last: Scan) -> Iterator[Scan]:
    yield last
    yield from before(record.whole(repository, last.place), last)


def before(scans: Iterable[Scan], last: Scan) -> Iterator[Scan]:
    """Return the scans before one, the newest first."""
    return reversed([scan for scan in scans if scan.id < last.id])


def _fetched(repository: Repository, sha256: str, opened: ExitStack) -> Path | None:
    try:
        return fetched(repository, sha256, opened)
    except SnapshotError:
        return None
