"""What stays of a repository and what goes: judged before anything is removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.environment.timestamps import timestamp
from reconciler.errors import SnapshotError
from reconciler.printable import listed, quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Entry, Repository
from reconciler.recovery.snapshots import needed, retention
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.snapshots.needed import Found
from reconciler.recovery.snapshots.pruned import Fate, Pruned
from reconciler.recovery.snapshots.retention import Item, Rules

#: Seconds after which what a killed run has left of a snapshot is cleared away.
_ABANDONED = 24 * 3600.0
_LEFT = re.compile(rf"{layout.SNAPSHOTS}([^/]+)/[^/]+")


class Plan:
    """What stays and what goes."""

    def __init__(self, found: Found, rules: Rules, now: float) -> None:
        self._found = found
        self._now = now
        stay = retention.kept(_snapshot_items(found), rules)
        self._fates = tuple(Fate(k, stay[k.snapshot.id]) for k in found.snapshots)
        staying = [fate.kept for fate in self._fates if fate.reasons]
        scans = retention.kept(_scan_items(found, staying), rules)
        self._scans_gone = [name for name, reasons in scans.items() if not reasons]
        left = [scan for name, scan in found.scans.items() if scans[name]]
        #: SHA-256 of all parts that are still needed.
        self.named = needed.parts_of(staying, left)
        self.remains: list[str] = []

    @classmethod
    def of(cls, repository: Repository, rules: Rules, now: datetime, *, there: float) -> Plan:
        """Judge what is there; raises `SnapshotError` if a clock or a file can't be trusted.

        `there` is the time by the repository's own clock, in seconds since 1970.
        """
        found = needed.look(repository)
        newest, name = found.newest()
        if newest > timestamp(now, "seconds"):
            raise SnapshotError(
                f"the newest snapshot or scan in {repository.address}, {quoted(name)}, is "
                f"of {newest}, and the clock of this machine says "
                f"{timestamp(now, 'seconds')}: set the clock. Nothing is pruned by a clock that is "
                "wrong. If it is that one whose clock was ahead, remove it by hand"
            )
        plan = cls(found, rules, there)
        plan.remains = list(plan.left_behind(repository))
        return plan

    def names(self, repository: Repository) -> Iterator[str]:
        """Yield the files to be removed, in an order in which nothing half is ever taken whole."""
        for fate in self._fates:
            if not fate.reasons:
                id = fate.kept.snapshot.id
                yield layout.snapshot(id)
                yield from list(repository.names(layout.snapshot(id, "")))
        for name in self._scans_gone:
            scan = self._found.scans[name]
            yield name
            yield layout.finished(scan.place, scan.id)
        yield from self.remains

    def require_staying(self, found: Found) -> None:
        """Raise `SnapshotError` unless what was to stay of snapshots is still there."""
        there = {kept.snapshot.id for kept in found.snapshots}
        staying = [fate.kept.snapshot.id for fate in self._fates if fate.reasons]
        if missing := [id for id in staying if id not in there]:
            raise SnapshotError(
                f"of the snapshots that stay {listed(missing[:3])} is not listed any more: look "
                "whether all of the repository is there. No part was removed"
            )

    def left_behind(self, repository: Repository) -> Iterator[str]:
        """Yield what killed runs have left: of snapshots, and of scans before the last one."""
        there = {kept.snapshot.id for kept in self._found.snapshots}
        for entry in repository.entries(layout.SNAPSHOTS):
            found = _LEFT.fullmatch(entry.name)
            old = entry.modified < self._now - _ABANDONED
            if found and found[1] not in there and old:
                yield entry.name
        last: dict[str, str] = {}
        for name, scan in self._found.scans.items():
            key = name.split("/")[1]
            last[key] = max(last.get(key, ""), scan.id)
        for name in repository.names(layout.UNFINISHED):
            _, key, scan_id, *_ = name.split("/")
            if scan_id <= last.get(key, ""):
                yield name

    def result(
        self,
        repository: Repository,
        removed: Sequence[Entry],
        waiting: Sequence[Entry],
        *,
        done: bool,
        again_after: str,
    ) -> Pruned:
        """Return what is told of it; `removed` and `waiting` are parts."""
        return Pruned(
            repository.address,
            done,
            self._fates,
            len(self._found.scans) - len(self._scans_gone),
            len(self._scans_gone),
            len(self.named),
            len(waiting),
            sum(entry.size for entry in waiting),
            len(removed),
            sum(entry.size for entry in removed),
            again_after,
            len(self.remains),
        )


def _snapshot_items(found: Found) -> list[Item]:
    verified = {
        kept.snapshot.lineage: id  # the last one stays
        for kept in found.snapshots
        if (id := kept.snapshot.id) in found.verified
    }
    return [
        Item(
            kept.snapshot.id,
            kept.snapshot.created_at,
            kept.snapshot.lineage,
            kept.snapshot.complete,
            "last verified" if verified.get(kept.snapshot.lineage) == kept.snapshot.id else "",
        )
        for kept in found.snapshots
    ]


def _scan_items(found: Found, staying: Sequence[Kept]) -> list[Item]:
    """Return scans by the names of their records; those of snapshots that stay are spared."""
    named = {
        (storage.place, storage.contents.scan)
        for kept in staying
        for storage in kept.snapshot.storages
        if storage.contents is not None
    }
    last: dict[str, str] = {}
    for name, scan in found.scans.items():
        last[scan.place] = max(last.get(scan.place, ""), name)
    # What they knew may be restored yet.
    lost = {(place, id) for place, name in last.items() for id in found.scans[name].lost}
    return [
        Item(name, scan.started_at, scan.place, scan.complete, reason)
        for name, scan in found.scans.items()
        for reason in (
            "of a snapshot"
            if (scan.place, scan.id) in named
            else "last"
            if last[scan.place] == name
            else "untold"
            if name in found.untold
            else "of which something is lost"
            if (scan.place, scan.id) in lost
            else "",
        )
    ]
