"""Storages with findings that last, of which nobody asks any more: moved, or declared no longer.

Where a storage lies is what its findings are kept by. Under a new address, or out of the manifest,
it would take what was found wrong with it along, and nobody would be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.masking import masked
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import NEEDS_PROOF, is_settled, open_ones
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.snapshots import listing
from reconciler.recovery.values import FileFinding, Scan
from reconciler.recovery.verifying.results import Elsewhere
from reconciler.recovery.verifying.telling import forgotten, found
from reconciler.recovery.verifying.telling.firsts import MOST_TOLD
from reconciler.recovery.verifying.telling.means import Means

_UNTOLD = (
    "its last scan, or one before it, found something damaged or gone, of which no finding is "
    "kept: restore findings/ from another copy of the repository, or scan it once more at that "
    "address"
)


class Asked(Struct, frozen=True):
    """Which storages a run tells of."""

    #: The names of its manifest, or snapshot, and the places that it tells of, or may not.
    names: Collection[str]
    places: Collection[str]
    #: Says of a name whether it is in scope.
    holds: Callable[[str], bool]


class _Storage(Struct):
    name: str
    place: str
    default_url: str


class _Snapshot(Struct):
    """As much of a `snapshot.json` as is needed."""

    lineage: str
    storages: tuple[_Storage, ...]


def elsewhere(repository: Repository, asked: Asked) -> tuple[Elsewhere, ...]:
    """Return what is known to be wrong at other places than those `asked` for, sorted by name.

    What `verify --deep --relocate` read is a copy, and no storage; and what lies on a platform that
    has none of the places or names is somebody else's. Raises `RepositoryError`.
    """
    keys = {layout.storage_key(place) for place in asked.places}
    wrong = dict(_wrong(repository, keys))
    found = _told(repository, wrong, asked, keys) if wrong else ()
    return tuple(sorted((o for o in found if asked.holds(o.storage)), key=lambda o: o.storage))


def told(means: Means, asked: Asked) -> tuple[Elsewhere, ...]:
    """Return the same as a run tells it: in its table, the first of each one by one, redacted."""

    def of(one: Elsewhere) -> Elsewhere:
        each, redaction = one.lasting, means.redaction
        if redaction is not None:
            each = tuple(map(redaction.finding, each))
        for finding in each if means.table is not None else ():
            if means.table is not None:
                means.table.add(finding)
        return replace(one, lasting=each[:MOST_TOLD])

    return tuple(map(of, elsewhere(means.repository, asked)))


def _wrong(repository: Repository, asked: Collection[str]) -> Iterator[tuple[str, Elsewhere]]:
    """Yield the keys of places with findings that last, or that can't be read, and these."""
    folders = (layout.FINDINGS, layout.FOUND, layout.SCANS)
    keys = {name.split("/")[1] for folder in folders for name in repository.names(folder)}
    for key in sorted(keys.difference(asked)):
        known = store.read_below(repository, key)
        lasting = tuple(filter(_counts, open_ones(known.episodes).values()))
        problem = next(iter(known.problems), "") or gone(repository, key, known)
        if lasting or problem:
            lasts = dict(sorted(Counter(finding.what for finding in lasting).items()))
            name = max(((e.last_seen, e.storage) for e in known.episodes), default=("", ""))[1]
            yield key, Elsewhere(name, "", lasts, lasting, problem)


def gone(repository: Repository, key: str, known: store.Known) -> str:
    """Say that findings are gone of which the last scan of a place tells; empty: none are.

    Beside those of which what is `known` says so itself. Raises `RepositoryError`.
    """
    scan = last_scan(repository, key)
    if scan is None or scan.copy_of:
        return ""
    try:
        is_untold = found.is_untold(repository, scan, known)
    except SnapshotError as error:
        return str(error)
    return _UNTOLD if is_untold else forgotten.findings(repository, scan, known)


def _counts(finding: FileFinding) -> bool:
    return finding.what in NEEDS_PROOF and not finding.about and not is_settled(finding)


def _told(
    repository: Repository, wrong: dict[str, Elsewhere], asked: Asked, keys: Collection[str]
) -> Iterator[Elsewhere]:
    in_snapshots = _in_snapshots(repository, wrong, asked, keys)
    for key, one in wrong.items():
        scan = last_scan(repository, key)
        is_ours, address = in_snapshots.get(key, (True, scan.root.url if scan else ""))
        if is_ours and not (scan and scan.copy_of):
            name = one.storage or (scan.name if scan else "")
            # A secret that is masked could not be typed.
            named = address if address == masked(address) else ""
            yield replace(one, storage=name, address=masked(address), named=named or key)


def last_scan(repository: Repository, key: str) -> Scan | None:
    """Return the last scan of a place whose record can be read; None if there is none."""
    for name in sorted(repository.names(f"{layout.SCANS}{key}/"), reverse=True):
        try:
            return record.decoded(name, repository.read(name))
        except SnapshotError:
            continue
    return None


def _in_snapshots(
    repository: Repository, wanted: Iterable[str], asked: Asked, keys: Collection[str]
) -> dict[str, tuple[bool, str]]:
    """Return, of each key, whether it is of a platform with storages that are asked for.

    And the address that the newest snapshot has that has it. What none has is left out.
    """
    left, found = set(wanted), dict[str, tuple[bool, str]]()
    is_ours: dict[str, bool] = {}
    for snapshot in _newest_first(repository):
        there = {layout.storage_key(s.place): s.default_url for s in snapshot.storages if s.place}
        names = {storage.name for storage in snapshot.storages}
        ours = not (there.keys().isdisjoint(keys) and names.isdisjoint(asked.names))
        is_ours.setdefault(snapshot.lineage, ours or not asked.names)
        for key in left & there.keys():
            found[key] = is_ours[snapshot.lineage], there[key]
        left -= found.keys()
        if not left:
            break
    return found


def _newest_first(repository: Repository) -> Iterator[_Snapshot]:
    for id in reversed(listing.ids(repository)):
        try:
            yield msgspec.json.decode(repository.read(layout.snapshot(id)) or b"", type=_Snapshot)
        except msgspec.MsgspecError:  # whoever checks it says so
            continue
