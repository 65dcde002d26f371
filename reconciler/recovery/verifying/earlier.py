"""Every scan of a storage that a repository still has, and which bytes of a file came first.

What a snapshot has of a file may have been wrong already when it was made. Where no finding says
so any more, rows of earlier scans do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import SnapshotError
from reconciler.recovery.findings.first_bytes import FirstBytes, asked_first
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.recorded import Recorded, of_scan, of_snapshot

#: So many findings are held in memory, and looked up together.
TOGETHER = 20_000


def every(
    repository: Repository, snapshots: Sequence[Kept], place: str, lost: list[str]
) -> Iterator[tuple[Recorded, tuple[str, ...]]]:
    """Yield every scan of a place, the oldest first, with the `snapshots` that have it.

    Of each one that can't be read `lost` gets a sentence. Raises `RepositoryError`.
    """
    found: dict[str, Recorded] = {}
    ids: dict[str, list[str]] = {}
    for kept in snapshots:
        for storage in kept.snapshot.storages:
            side = of_snapshot(storage) if storage.place == place else None
            if side is not None:
                found[side.scan] = side
                ids.setdefault(side.scan, []).append(kept.snapshot.id)
    for scan in record.whole(repository, place, lost):
        found[scan.id] = of_scan(scan)
    for side in sorted(found.values(), key=_age):
        yield side, tuple(dict.fromkeys(ids.get(side.scan, ())))


class CameFirst:
    """Says of files with other bytes than they should have that theirs are those that came first.

    Asked are the scans of one place from before another one, and only where something differs.
    """

    def __init__(self, repository: Repository, was: Recorded) -> None:
        """Ask the scans in `repository` from before `was`, of the same place."""
        self._repository = repository
        self._was = was
        self._sides: list[Recorded] | None = None
        self._remembered: str | None = None
        #: Parts that are proved to be what was written.
        self._proved: set[str] = set()

    def those(self, findings: Iterable[FileFinding]) -> set[bytes]:
        """Return the paths, of a few findings, of files that have the bytes that came first.

        None of them is unless the scan of `was` remembers so, or an earlier one says it. What is
        lost might say otherwise: then no earlier one is asked. Raises `RepositoryError`.
        """
        may_be = ((finding.path, asked_first(finding)) for finding in findings)
        asked = {path: each for path, each in may_be if each is not None}
        if not asked:
            return set()
        try:
            self._ask_own(asked)
            if not _are_over(asked):
                self._ask_earlier(asked)
        except SnapshotError:
            return set()
        return {path for path, each in asked.items() if each.is_first}

    def _ask_own(self, asked: dict[bytes, FirstBytes]) -> None:
        """Ask what the scan of `was` remembered of files that it found otherwise.

        Of a file that somebody wrote since nothing else is asked. Most files that differ are such,
        and of each that is new all earlier scans would have to be read.
        """
        if self._remembered is None:
            scan = record.of(self._repository, self._was.place, self._was.scan)
            self._remembered = scan.remembered if scan else ""
        if self._remembered:
            self._tell(self._remembered, asked, is_remembered=True)
        for each in asked.values():
            each.is_over = each.is_over or each.is_first or each.is_written

    def _ask_earlier(self, asked: dict[bytes, FirstBytes]) -> None:
        for side in self._earlier():
            for part in filter(None, (side.remembered, side.contents)):
                self._tell(part, asked, is_remembered=part == side.remembered)
            if _are_over(asked):
                break

    def _earlier(self) -> list[Recorded]:
        """Return the scans to be asked, the oldest first; none if one of them is lost."""
        if self._sides is None:
            there, lost = listing.listed(self._repository), list[str]()
            sides = every(self._repository, there.kept, self._was.place, lost)
            before = [side for side, _ in sides if _age(side) < _age(self._was)]
            self._sides = [] if lost or there.damaged else before
        return self._sides

    def _tell(self, part: str, asked: dict[bytes, FirstBytes], *, is_remembered: bool) -> None:
        paths = pa.array(sorted(p for p, each in asked.items() if not each.is_over), pa.binary())
        sha256 = "" if part in self._proved else part
        with self._repository.local(layout.part(part)) as path:
            for batch in read.batches(path, CONTENTS, sha256=sha256):
                for row in convert.contents(batch.filter(pc.is_in(batch["path"], value_set=paths))):
                    asked[row.path].hear(row, is_remembered=is_remembered)
        self._proved.add(part)


def _are_over(asked: dict[bytes, FirstBytes]) -> bool:
    return all(each.is_over for each in asked.values())


def _age(side: Recorded) -> tuple[str, str]:
    return side.started_at, side.scan
