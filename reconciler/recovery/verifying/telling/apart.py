"""What of all that is found needs nobody: files that are as they should be again, or accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.findings import episodes
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.classify import same_bytes
from reconciler.recovery.verifying.comparing.spool import Spool, Spooled
from reconciler.recovery.verifying.earlier import TOGETHER, CameFirst

#: What a file is called that has its good bytes again, where a snapshot has the wrong ones.
_CALLED = frozenset({values.DAMAGED, values.CHANGED, values.EXTRA})


class Apart:
    """Holds what is found against what was open before, and counts what it sets apart."""

    def __init__(
        self,
        before: Mapping[Key, FileFinding],
        over: Mapping[Key, FileFinding] | None = None,
        came_first: CameFirst | None = None,
    ) -> None:
        """Take what was open `before` the run; and what was known to be `over` last of each.

        Of what they don't tell, `came_first` knows which bytes of a file are the good ones.
        """
        self._before = before
        self._over = over or {}
        self._came_first = came_first
        #: By class: how many are fewer than was counted, and how many were accepted.
        self.back: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        #: Files that are good again, and that the snapshot has otherwise, or not at all.
        self.restored = 0
        #: What was open before, though it was about good bytes.
        self.mistaken: set[Key] = set()

    def part(self, findings: Iterable[Spooled], rest: Spool) -> None:
        """Put into `rest` all findings as they are told, but for files that are good again.

        These are counted, as is what was accepted and what is called by another class. Raises
        `RepositoryError`.
        """
        each = iter(findings)
        while some := list(islice(each, TOGETHER)):
            first = self._first(some)
            for finding, listed in some:
                if not (self._is_back(finding) or (listed and finding.path in first)):
                    truly = self._truly(finding)
                    rest.add(truly, listed=listed)
                    if listed:
                        self._count(finding, truly)
                elif listed:
                    self.back[finding.what] += 1
                    self.restored += 1

    def also(self, findings: Iterable[FileFinding], rest: Spool) -> None:
        """Put into `rest` what is found beside what the comparison found; raises as `part`."""
        more = list(findings)
        self.back.subtract(finding.what for finding in more)
        self.part((Spooled(finding, listed=True) for finding in more), rest)

    def _first(self, findings: Iterable[Spooled]) -> set[bytes]:
        """Return the paths of files that have the bytes that came first, as earlier scans say."""
        if self._came_first is None:
            return set()
        asked = (finding for finding, listed in findings if listed and self._is_asked(finding))
        first = self._came_first.those(asked)
        self.mistaken |= self._before.keys() & {("", path, "") for path in first}
        return first

    def _is_asked(self, finding: FileFinding) -> bool:
        """Return whether only earlier scans can say that a file is good."""
        if finding.what not in (values.DAMAGED, values.CHANGED) or self._is_back(finding):
            return False
        known = self._before.get(episodes.key(finding))
        # What was found by the same rows before is no other witness.
        return known is None or (
            episodes.same_state(known.was, finding.was) and not self.is_accepted(finding)
        )

    def _count(self, finding: FileFinding, truly: FileFinding) -> None:
        if self.is_accepted(finding):
            self.accepted[finding.what] += 1
        elif truly.what != finding.what:
            self.back[finding.what] += 1
            self.back[truly.what] -= 1

    def is_accepted(self, finding: FileFinding) -> bool:
        """Return whether a person has accepted the file as it is."""
        known = self._before.get(episodes.key(finding))
        return known is not None and episodes.is_accepted(known, finding.now)

    def turned(self, finding: FileFinding) -> FileFinding:
        """Return what is over; where it took good bytes for damaged ones, with these as good."""
        if episodes.key(finding) not in self.mistaken:
            return finding
        return replace(finding, was=finding.now, now=finding.was)

    def rest_of(self, found: Mapping[str, int]) -> dict[str, int]:
        """Return how many are left of each class."""
        rest = Counter(found)
        rest.subtract(self.back)
        rest.subtract(self.accepted)
        return dict(sorted((+rest).items()))

    def _truly(self, finding: FileFinding) -> FileFinding:
        """Return a finding as what it is: damaged or gone since the snapshot was made."""
        known = self._before.get(episodes.key(finding))
        if known is not None and is_instead(known, finding):
            return replace(finding, what=values.MISSING, was=known.was)
        if (
            known is None
            or (known.what, finding.what) != (values.DAMAGED, values.CHANGED)
            or episodes.is_written(known, finding.now)
        ):
            return finding
        return replace(finding, what=values.DAMAGED, was=known.was)

    def _is_back(self, finding: FileFinding) -> bool:
        known = self._before.get(episodes.key(finding))
        if known is None:
            known = self._over.get(episodes.key(finding))
            # The snapshot has what was wrong then: it tells of nothing new.
            if known is None or not was_wrong(known, finding.was):
                return False
        return (
            known.what in episodes.NEEDS_PROOF
            and finding.what in _CALLED
            and has_good_bytes(known, finding.now)
        )


def was_wrong(known: FileFinding, was: Content | None) -> bool:
    """Return whether a file was found so while it was `known` to be wrong.

    That is what was found last or, as it may have rotted and gone in turn, any other bytes of the
    time that the good ones have.
    """
    good = known.was
    if episodes.same_state(known.now, was):
        return True
    if good is None or was is None:
        return False
    alike = (good.mtime_ns, good.version) == (was.mtime_ns, was.version)
    return alike and good.mtime_ns is not None and same_bytes(good, was) is False


def is_instead(known: FileFinding, finding: FileFinding) -> bool:
    """Return whether a file is `known` to be missing, in whose place something else was found."""
    now = finding.now
    is_changed = (known.what, finding.what) == (values.MISSING, values.CHANGED)
    return is_changed and now is not None and now.kind in rows.INSTEAD


def is_over(finding: FileFinding, now: Content | None) -> bool:
    """Return whether what was wrong is what it was before, or what somebody wrote or accepted."""
    if has_good_bytes(finding, now) or episodes.is_written(finding, now):
        return True
    return episodes.is_accepted(finding, now) and not episodes.is_settled(finding)


def has_good_bytes(finding: FileFinding, now: Content | None) -> bool:
    """Return whether a file is what it was before it was wrong, and was read since."""
    was = finding.was
    if was is None or now is None or now.proof == rows.STORED or _is_older(now, finding):
        return False
    if was.sha256 is None:
        return (was.kind, was.detail, was.size) == (now.kind, now.detail, now.size)
    return same_bytes(was, now) is True


def _is_older(now: Content, finding: FileFinding) -> bool:
    """Return whether a hash is from before the file was found to be wrong."""
    if (
        now.proof not in (rows.KEPT, rows.ATTESTED)
        or now.proved_at is None
        or not finding.last_seen
    ):
        return False
    return now.proved_at < int(datetime.fromisoformat(finding.last_seen).timestamp())
