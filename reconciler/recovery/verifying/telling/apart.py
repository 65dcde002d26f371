"""What of all that is found needs nobody: files that are as they should be again, or accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice

from msgspec.structs import replace

from reconciler.recovery import values
from reconciler.recovery.findings import episodes
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.findings.history import History
from reconciler.recovery.findings.states import same_state
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.spool import Spool, Spooled
from reconciler.recovery.verifying.earlier import TOGETHER, CameFirst

_NOTHING = History()


class Apart:
    """Holds what is found against what was open before, and counts what it sets apart."""

    def __init__(
        self,
        known: Mapping[Key, History],
        came_first: CameFirst | None = None,
    ) -> None:
        """Take what was `known` before the run.

        Of what that does not tell, `came_first` knows which bytes of a file are the good ones.
        """
        self._known = known
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
                known = self._of(finding)
                if not (known.has_good(finding) or (listed and finding.path in first)):
                    truly = known.truly(finding)
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
        keys = (("", path, "") for path in first)
        self.mistaken |= {key for key in keys if self._known.get(key, _NOTHING).lasts}
        return first

    def _is_asked(self, finding: FileFinding) -> bool:
        """Return whether only earlier scans can say that a file is good."""
        known = self._of(finding)
        if finding.what not in (values.DAMAGED, values.CHANGED) or known.has_good(finding):
            return False
        # What was found by the same rows before is no other witness.
        return known.lasts is None or (
            same_state(known.lasts.was, finding.was) and not self.is_accepted(finding)
        )

    def _count(self, finding: FileFinding, truly: FileFinding) -> None:
        if self.is_accepted(finding):
            self.accepted[finding.what] += 1
        elif truly.what != finding.what:
            self.back[finding.what] += 1
            self.back[truly.what] -= 1

    def is_accepted(self, finding: FileFinding) -> bool:
        """Return whether a person has accepted the file as it is."""
        return self._of(finding).is_accepted(finding)

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

    def _of(self, finding: FileFinding) -> History:
        return self._known.get(episodes.key(finding), _NOTHING)
