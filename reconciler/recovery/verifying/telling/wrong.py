"""Files that a scan has found otherwise than they should be, held against what is known of them."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.recovery.findings import episodes
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.findings.history import History, has_come_since, is_of_bytes, of_each
from reconciler.recovery.findings.states import is_among
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import TOLD
from reconciler.recovery.values import DAMAGED, DELETED, MISSING, FileFinding

_NOTHING = History()
#: As what is counted what was found before, and is hidden from the scan; and what may be elsewhere.
_UNSEEN, _AWAITED = "unseen", "awaited"


class Otherwise(NamedTuple):
    """A file that is not as it should be; and, of one that is gone, since when (RFC 3339)."""

    finding: FileFinding
    since: str = ""
    #: Whether it may lie at another path, where nobody has read it yet; whether it does lie there.
    is_awaited: bool = False
    is_moved: bool = False


class _First(Struct):
    """How many there are, and the first of them."""

    number: int = 0
    paths: list[bytes] = field(default_factory=list)

    def take(self, path: bytes) -> None:
        self.number += 1
        self.paths = heapq.nsmallest(TOLD, [*self.paths, path])


class Wrong(Struct):
    """Files that are not as they should be, held against what is known to be wrong."""

    lasting: dict[Key, FileFinding]
    #: What was gone by then was told.
    told_until: str
    #: All that was found of each.
    histories: dict[Key, History]
    #: What is known already, and of what is new as many as are kept.
    by_key: dict[Key, FileFinding] = field(default_factory=dict)
    #: Of each class those that nobody has accepted.
    first: dict[str, _First] = field(default_factory=dict)
    #: How many of what is new had no room.
    no_room: int = 0
    #: Which file of a path lies elsewhere.
    moved: dict[bytes, tuple[Content, ...]] = field(default_factory=dict)
    #: What was accepted of another file than that which is gone now.
    renewed: set[Key] = field(default_factory=set)

    @classmethod
    def of(cls, known: Collection[FileFinding], told_until: str) -> Wrong:
        """Hold what will be taken against what is known."""
        return cls(episodes.open_ones(known), told_until, of_each(known))

    def take(self, otherwise: Otherwise) -> None:
        """Take one, unless what is known says that it is as it should be."""
        finding = otherwise.finding
        known = self.lasting.get(episodes.key(finding))
        if otherwise.is_moved:
            self.moved[finding.path] = episodes.given_up(finding)
            return
        if otherwise.is_awaited:
            if known is None:
                self.first.setdefault(_AWAITED, _First()).take(finding.path)
            return
        # What is remembered as good may be the rotten bytes: where what should be was lost, or a
        # report has told only after they were read what they should be.
        if self.histories.get(episodes.key(finding), _NOTHING).has_good(finding):
            return
        # What had no room among the findings was told once: nobody could ever accept it.
        if known is None and finding.what != DAMAGED and otherwise.since <= self.told_until:
            return
        # What is known has its room already: what is new must not wait for it.
        if known is not None or len(self.by_key) < len(self.lasting) + episodes.MOST_OPEN:
            self.by_key[episodes.key(finding)] = finding
        else:
            self.no_room += 1
        if known and episodes.is_given_up(known, finding):
            return
        if known and episodes.is_accepted(known, finding.now):
            self.renewed.add(episodes.key(finding))
        self.first.setdefault(finding.what, _First()).take(finding.path)

    def add(self, lasting: Iterable[FileFinding], hidden: Hidden) -> None:
        """Add what lasts, though the scan no longer remembers what it should be.

        Or though it could not see it, as `hidden` says of its path.
        """
        for finding in lasting:
            if episodes.key(finding) in self.by_key or not is_of_bytes(finding):
                continue
            if not episodes.is_settled(finding):
                what = _UNSEEN if hidden(finding.path) else finding.what
                self.first.setdefault(what, _First()).take(finding.path)

    def is_moved(self, finding: FileFinding) -> bool:
        """Return whether all that is missed at a path lies elsewhere.

        What a snapshot has of the path from before may have been written over by what moved: that
        was read before anything was found.
        """
        moved = self.moved.get(finding.path, ())
        was_there = not (finding.missed or any(has_come_since(finding, each) for each in moved))
        is_it = was_there or all(is_among(e, moved) for e in episodes.given_up(finding))
        return bool(moved) and is_it

    def without_renewed(self, known: Iterable[FileFinding], moment: str) -> list[FileFinding]:
        """Return what was `known`; what was accepted of another file is over at a `moment`."""
        return [
            replace(e, resolved=moment) if not e.resolved and episodes.key(e) in self.renewed else e
            for e in known
        ]

    def without_moved(self, known: Iterable[FileFinding]) -> list[FileFinding]:
        """Return what was `known`, without what is missed at a path and lies elsewhere.

        Where others are missed there, too.
        """
        return [self._without_moved(e) if not e.resolved and e.missed else e for e in known]

    def _without_moved(self, episode: FileFinding) -> FileFinding:
        moved = self.moved.get(episode.path, ())
        every = episodes.given_up(episode)
        was, *missed = [e for e in every if not is_among(e, moved)] or every[:1]
        return replace(episode, was=was, missed=tuple(missed))

    @property
    def new(self) -> list[FileFinding]:
        """What was not known to be so, and nobody has accepted."""
        known = self.lasting.get
        return [
            finding
            for key, finding in self.by_key.items()
            if (was := known(key)) is None
            or key in self.renewed
            or (episodes.is_settled(was) and not episodes.is_accepted(was, finding.now))
        ]

    def tell(self, scanned: Scanned) -> None:
        """Count it; what the reading had counted as damaged is among it."""
        none = _First()
        damaged, missing, deleted, unseen, awaited = (
            self.first.get(what, none) for what in (DAMAGED, MISSING, DELETED, _UNSEEN, _AWAITED)
        )
        scanned.altered, scanned.altered_first = damaged.number, damaged.paths
        scanned.missing, scanned.missing_first = missing.number, missing.paths
        scanned.deleted, scanned.deleted_first = deleted.number, deleted.paths
        scanned.unseen, scanned.unseen_first = unseen.number, unseen.paths
        scanned.awaited, scanned.awaited_first = awaited.number, awaited.paths
