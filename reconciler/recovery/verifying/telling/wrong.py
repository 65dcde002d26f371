"""Files that a scan has found otherwise than they should be, held against what is known of them."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.recovery.findings import episodes, giving_up
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.findings.history import History, has_come_since, is_of_bytes, of_each
from reconciler.recovery.findings.states import OLDER, is_among
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
    #: Whether another has come where it lay.
    is_displaced: bool = False


class _First(Struct):
    """How many there are, and the first of them."""

    number: int = 0
    paths: list[bytes] = field(default_factory=list)

    def take(self, path: bytes) -> None:
        self.number += 1
        self.paths = heapq.nsmallest(TOLD, [*self.paths, path])


def _is_missed(finding: FileFinding, known: FileFinding | None) -> bool:
    """Return whether the file of a finding is among those that are known to be missed there."""
    if known is None or finding.was is None or known.what not in episodes.NEEDS_PROOF:
        return False
    return is_among(finding.was, giving_up.truly_missed(known))


def _is_missed_by(otherwise: Otherwise, known: FileFinding) -> bool:
    """Return whether what is known of a path tells of that file; of what is damaged, beside it."""
    finding = otherwise.finding
    if known.what == DAMAGED and otherwise.is_displaced:
        return finding.was is not None and is_among(finding.was, known.missed)
    return _is_missed(finding, known)


def _tells_of(otherwise: Otherwise, known: FileFinding) -> bool:
    """Return whether what is known, and nobody has accepted, is that a file is gone."""
    return not episodes.is_settled(known) and _is_missed_by(otherwise, known)


def _is_given_up(otherwise: Otherwise, known: FileFinding) -> bool:
    """Return whether a person has accepted it as it is, and it was not there once more since."""
    if otherwise.finding.what == DAMAGED:
        return episodes.is_given_up(known, otherwise.finding)
    if not giving_up.was_gone(known, otherwise.since):
        return False
    if otherwise.is_displaced:
        return giving_up.has_given_up(known, giving_up.given_up(otherwise.finding))
    return episodes.is_given_up(known, otherwise.finding)


def _lasts_at(episode: FileFinding, moment: str) -> bool:
    """Return whether a finding has begun at a `moment`, and is not over."""
    return not episode.resolved and episode.first_seen <= moment


class Wrong(Struct):
    """Files that are not as they should be, held against what is known to be wrong."""

    lasting: dict[Key, FileFinding]
    #: What was gone by then was told, whether or not there was room for it.
    no_room_until: str
    #: All that was found of each.
    histories: dict[Key, History]
    #: So many of what is new are kept.
    most: int
    #: What is known already, and of what is new as many as are kept.
    by_key: dict[Key, FileFinding] = field(default_factory=dict)
    #: Of each class those that nobody has accepted.
    first: dict[str, _First] = field(default_factory=dict)
    #: How many of what is new had no room.
    no_room: int = 0
    #: Which file of a path lies elsewhere; and which do that lay there before another came.
    moved: dict[bytes, tuple[Content, ...]] = field(default_factory=dict)
    moved_before: dict[bytes, tuple[Content, ...]] = field(default_factory=dict)
    #: What was accepted of another file than that which is gone now; and of that file alone.
    renewed: set[Key] = field(default_factory=set)
    #: What is told already.
    told: set[Key] = field(default_factory=set)
    given_up: set[Key] = field(default_factory=set)

    @classmethod
    def of(
        cls, known: Collection[FileFinding], no_room_until: str, most: int | None = None
    ) -> Wrong:
        """Hold what will be taken against what is known; keep so `most`, or what has room."""
        most = episodes.MOST_OPEN if most is None else most
        return cls(episodes.open_ones(known), no_room_until, of_each(known), most)

    def take(self, otherwise: Otherwise) -> None:
        """Take one, unless what is known says that it is as it should be."""
        finding, key = otherwise.finding, episodes.key(otherwise.finding)
        known = self.lasting.get(key)
        if otherwise.is_moved:
            into = self.moved_before if otherwise.is_displaced else self.moved
            into[finding.path] = (*into.get(finding.path, ()), *giving_up.given_up(finding))
            return
        if otherwise.is_awaited:
            if not _is_missed(finding, known):
                self.first.setdefault(_AWAITED, _First()).take(finding.path)
            return
        # What is remembered as good may be the rotten bytes: where what should be was lost, or a
        # report has told only after they were read what they should be.
        if self.histories.get(key, _NOTHING).has_good(finding):
            return
        if finding.what != DAMAGED and self._is_over(otherwise, known):
            return
        if known is not None and _is_given_up(otherwise, known):
            self._give_up(key, otherwise)
        elif known is not None and otherwise.is_displaced and _tells_of(otherwise, known):
            # It has more to say, such as the version that is still there.
            self._tell(key, finding if known.what == DAMAGED else known)
        elif key in self.by_key and (key not in self.given_up or self.by_key[key].what == DAMAGED):
            # The path is told already, or what lies there was accepted without what went before.
            first = self.by_key[key]
            of_both = giving_up.missed(first.was, (*first.missed, *giving_up.given_up(finding)))
            self.by_key[key] = replace(first, missed=of_both)
            self.given_up.discard(key)
            self._tell(key, finding)
        else:
            self._keep(key, finding)
            self.given_up.discard(key)
            if known and episodes.is_accepted(known, finding.now):
                self.renewed.add(key)
            self._tell(key, finding)

    def _is_over(self, otherwise: Otherwise, known: FileFinding | None) -> bool:
        """Return whether a file that is gone was told, and matters no more.

        A finding may have ended with others of its path, or a run have been killed before it told
        them: so each file is over on its own.
        """
        if known is not None and _is_missed_by(otherwise, known):
            return False
        over = self.histories.get(episodes.key(otherwise.finding), _NOTHING).over
        gone, since = giving_up.given_up(otherwise.finding), otherwise.since
        if any(giving_up.was_gone(e, since) and giving_up.has_given_up(e, gone) for e in over):
            return True
        # What had no room among the findings was told once: nobody could ever accept it.
        is_told = known is not None and not otherwise.is_displaced
        return not is_told and since <= self.no_room_until

    def _tell(self, key: Key, finding: FileFinding) -> None:
        if key not in self.told:
            self.told.add(key)
            self.first.setdefault(finding.what, _First()).take(finding.path)

    def _give_up(self, key: Key, otherwise: Otherwise) -> None:
        """Take what was accepted, unless more is missed at its path, or another lies there."""
        if key not in self.by_key and not otherwise.is_displaced:
            self._keep(key, otherwise.finding)
            self.given_up.add(key)

    def _keep(self, key: Key, finding: FileFinding) -> None:
        # What is known has its room already: what is new must not wait for it.
        if key in self.lasting or len(self.by_key) < len(self.lasting) + self.most:
            self.by_key[key] = finding
        else:
            self.no_room += 1

    def add(self, lasting: Iterable[FileFinding], hidden: Hidden) -> None:
        """Add what lasts, though the scan no longer remembers what it should be.

        Or though it could not see it, as `hidden` says of its path.
        """
        for finding in lasting:
            key = episodes.key(finding)
            if key in self.by_key or key in self.told or not is_of_bytes(finding):
                continue
            if not episodes.is_settled(finding):
                what = _UNSEEN if hidden(finding.path) else finding.what
                self.first.setdefault(what, _First()).take(finding.path)

    def is_missed(self, finding: FileFinding) -> bool:
        """Return whether a finding is told as it is known: what is missed is remembered so."""
        key = episodes.key(finding)
        return finding.what != DAMAGED and key in self.told and key not in self.by_key

    def is_moved(self, finding: FileFinding) -> bool:
        """Return whether all that is missed at a path lies elsewhere.

        What a snapshot has of the path from before may have been written over by what moved: that
        was read before anything was found.
        """
        moved = self.moved.get(finding.path, ())
        every = giving_up.truly_missed(finding)
        was_there = len(every) < 2 and not any(has_come_since(finding, each) for each in moved)
        if moved and (was_there or all(is_among(each, moved) for each in every)):
            return True
        # What lay there before says nothing of what lies there, or of what came since and went.
        elsewhere = (*moved, *self.moved_before.get(finding.path, ()))
        is_gone = finding.what != DAMAGED and bool(elsewhere)
        return is_gone and all(is_among(each, elsewhere) for each in every)

    def without_renewed(self, known: Iterable[FileFinding], moment: str) -> list[FileFinding]:
        """Return what was `known`; what was accepted of another file is over at a `moment`."""
        return [
            replace(e, resolved=moment)
            if _lasts_at(e, moment) and episodes.key(e) in self.renewed
            else e
            for e in known
        ]

    def without_moved(self, known: Iterable[FileFinding], moment: str) -> list[FileFinding]:
        """Return what was `known`, without what is missed at a path and lies elsewhere by then.

        Where others are missed there, too. What is over with all that it told stays as it was: for
        whoever has told of more in a copy of the repository.
        """
        return [self._without_moved(e) if _lasts_at(e, moment) and e.missed else e for e in known]

    def left(self, episode: FileFinding) -> list[Content]:
        """Return what is missed beside the first file of a path, and does not lie elsewhere."""
        moved = self._elsewhere(episode)
        return [each for each in episode.missed if not is_among(each, moved)]

    def _elsewhere(self, episode: FileFinding) -> tuple[Content, ...]:
        path = episode.path
        return (*self.moved.get(path, ()), *self.moved_before.get(path, ()))

    def _without_moved(self, episode: FileFinding) -> FileFinding:
        left = self.left(episode)
        is_left = episode.was is None or not is_among(episode.was, self._elsewhere(episode))
        if is_left or episode.what == DAMAGED:
            return replace(episode, missed=tuple(left))
        if not left:
            return episode
        was = next((each for each in left if each.detail != OLDER), episode.was)
        return replace(episode, was=was, missed=tuple(each for each in left if each is not was))

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
