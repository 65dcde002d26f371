"""What a repository holds that `prune` judges: snapshots, scans, and the parts that they name.

Whatever can't be read might name a part: then nothing is known to be unneeded, and all this raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import GHOST, read_listed
from reconciler.recovery.scanning.known import apart, record, untold
from reconciler.recovery.snapshots import listing, marks
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.snapshots.marks import Verified
from reconciler.recovery.values import Scan

_PART = re.compile(rf"{layout.PARTS}[0-9a-f]{{2}}/([0-9a-f]{{64}})\.parquet")


class Found(Struct, frozen=True):
    """All that is there."""

    snapshots: tuple[Kept, ...]
    #: By snapshot id.
    verified: dict[str, Verified]
    #: By the name of the record.
    scans: dict[str, Scan]
    #: The names of those of which nobody was told yet what they had found.
    untold: frozenset[str] = frozenset()

    def newest(self) -> tuple[str, str]:
        """Return when the newest of all was made, and the name of its file; empty without any."""
        made = [(k.snapshot.created_at, layout.snapshot(k.snapshot.id)) for k in self.snapshots]
        return max([*made, *((s.started_at, n) for n, s in self.scans.items())], default=("", ""))


def look(repository: Repository) -> Found:
    """Read all snapshots and scans.

    Raises `SnapshotError` if one of them is damaged, or if there is no snapshot: then a repository
    of which half is there would be emptied.
    """
    found = listing.listed(repository)
    if found.damaged:
        told = "; ".join(each.reason for each in found.damaged)
        raise SnapshotError(f"nothing is pruned while it is not known what is needed: {told}")
    names = {layout.verified(kept.snapshot.id): kept for kept in found.kept}
    verified = {}
    there = [name for name in repository.names(layout.SNAPSHOTS) if name in names]
    for name, data in read_listed(repository, there):
        if data is None:
            raise _unknown(repository, name, GHOST)
        if mark := marks.understood(repository, names[name], data):
            verified[names[name].snapshot.id] = mark
    scans = dict(_scans(repository))
    if not found.kept and (scans or any(repository.names(layout.PARTS))):
        raise SnapshotError(
            f"there is nothing to keep by in {repository.address}: it has scans, or "
            "parts, and no snapshot. Look whether all of it is mounted, or restored; "
            "if it is, make a snapshot first (`reconciler snapshot create "
            f"{in_shell(repository.address)}`). Nothing is pruned"
        )
    return Found(found.kept, verified, scans, frozenset(_untold(repository, scans)))


def _untold(repository: Repository, scans: dict[str, Scan]) -> Iterator[str]:
    """Yield which scans nobody was told of: the next one tells what they have found."""
    names = {(scan.place, scan.id): name for name, scan in scans.items()}
    last = {scan.place: scan for scan in sorted(scans.values(), key=lambda scan: scan.id)}
    for place, scan in last.items():

        def of(id: str, place: str = place) -> Scan | None:
            return scans.get(names.get((place, id), ""))

        if scan.remembered or scan.findings:  # else nothing was ever found
            known = store.read(repository, place)
            every = sorted((s for s in scans.values() if s.place == place), key=lambda s: s.id)
            beside = apart.untold_among(every, scan, known)
            for one in (*beside, *untold.before(scan, known, of).scans):
                yield names[place, one.id]


def parts_of(snapshots: Iterable[Kept], scans: Iterable[Scan]) -> set[str]:
    """Return the SHA-256, in hex, of all parts that these name."""
    named = {part.sha256 for kept in snapshots for _, part in kept.snapshot.parts()}
    for scan in scans:
        named |= scan.parts()
    return named


def part_in(name: str) -> str | None:
    """Return the SHA-256 of the part with this name; None if it is none."""
    found = _PART.fullmatch(name)
    return found[1] if found else None


def _scans(repository: Repository) -> Iterator[tuple[str, Scan]]:
    for name, data in read_listed(repository, repository.names(layout.SCANS)):
        try:
            scan = record.decoded(name, data)
        except SnapshotError as error:
            raise _unknown(repository, name, str(error)) from error
        yield name, scan


def _unknown(repository: Repository, name: str, why: str) -> SnapshotError:
    return SnapshotError(
        f"nothing is pruned while it is not known what is needed: {quoted(name)} in "
        f"{repository.address} can't be used: {why}"
    )
