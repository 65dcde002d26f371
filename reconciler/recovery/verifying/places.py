"""Where a storage lies that somebody names: the key to its scans and findings."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from reconciler.errors import SnapshotError, UsageError
from reconciler.location import location
from reconciler.masking import masked
from reconciler.printable import listed, quoted, word
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import read_listed
from reconciler.recovery.scanning.known import record
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.values import Scan

_TYPES = ("local", "S3")


def place_of(repository: Repository, storage: str) -> str:
    """Return the location of a storage, by its name in the newest snapshot that has it.

    Or by an address at which one was scanned: so one is named that was moved. Or by the key under
    which its findings lie, where nobody knows more. Or, where no snapshot has it, by the name under
    which its last scan read it, unless that may have been another one. Raises `UsageError` if none
    is known, `RepositoryError`.
    """
    snapshots = listing.listed(repository).kept
    found = named(snapshots, storage) or _scanned_at(repository, storage)
    if found:
        return found
    scans, damaged = _last_scans(repository)
    same = [scan for scan in scans if scan.name == storage]
    if len(same) == 1 and not damaged:
        return same[0].place
    if same:
        _refuse(storage, same)
    names = sorted(
        {one.name for kept in snapshots for one in kept.snapshot.storages}
        | {scan.name for scan in scans}
    )
    near = get_close_matches(storage, names, n=1)
    hint = f" (did you mean {quoted(near[0])}?)" if near else ""
    raise UsageError(
        f"no snapshot or scan has a storage {quoted(storage)}{hint}"
        + (f": there are {listed(names)}" if names else ", for there is none")
    )


def named(snapshots: Sequence[Kept], storage: str) -> str:
    """Return where the newest snapshot has a storage of this name; empty if none has one."""
    for kept in reversed(snapshots):
        for known in kept.snapshot.storages:
            if known.name == storage and known.place:
                return known.place
    return ""


def _scanned_at(repository: Repository, address: str) -> str:
    for place in filter(
        None, [*(location(t, address).place for t in _TYPES), layout.place_by(address)]
    ):
        for where in (layout.scans(place), layout.findings(place), layout.found(place)):
            if any(True for _ in repository.names(where)):
                return place
    return ""


def _last_scans(repository: Repository) -> tuple[list[Scan], bool]:
    """Return the last scan of each place, and whether the record of one can't be read.

    Without those that read a copy elsewhere, which is no storage. Raises `RepositoryError`.
    """
    last: dict[str, str] = {}
    for name in sorted(repository.names(layout.SCANS)):
        if name.endswith(".json"):
            last[name.rpartition("/")[0]] = name
    scans, damaged = list[Scan](), False
    for name, data in read_listed(repository, last.values()):
        try:
            scan = record.decoded(name, data)
        except SnapshotError:
            damaged = True
        else:
            scans += [] if scan.copy_of else [scan]
    return scans, damaged


def _refuse(storage: str, scans: Sequence[Scan]) -> NoReturn:
    """Say by which address a storage can be named where its name does not tell which it is."""
    addresses = [scan.root.url for scan in scans]
    # A secret that is masked could not be typed.
    ways = [
        address if address == masked(address) else layout.storage_key(scan.place)
        for address, scan in zip(addresses, scans, strict=True)
    ]
    why = "scans have read one at more than one address"
    if len(scans) == 1:
        why = "the record of another storage's last scan can't be read, so it may be that one"
    raise UsageError(
        f"no snapshot has a storage {quoted(storage)}, and {why}: name it by its address, "
        + " or ".join(map(word, ways))
    )
