"""What of all that is found needs nobody: files that are as they should be again, or accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.recovery import rows, values
from reconciler.recovery.findings import episodes
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.judging.classify import same_bytes
from reconciler.recovery.verifying.judging.spool import Spooled

#: What a file is called that has its good bytes again, where a snapshot has the wrong ones.
_CALLED = frozenset({values.DAMAGED, values.CHANGED, values.EXTRA})


class Apart:
    """Holds what is found against what was open before, and counts what it sets apart."""

    def __init__(self, before: Mapping[Key, FileFinding]) -> None:
        self._before = before
        #: By class.
        self.back: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()

    def without_back(
        self, findings: Callable[[], Iterable[Spooled]]
    ) -> Callable[[], Iterator[Spooled]]:
        """Return what yields all findings, but for files whose good bytes are back."""
        return lambda: (each for each in findings() if not self._is_back(each.finding))

    def count(self, findings: Iterable[Spooled]) -> None:
        """Count what is set apart."""
        for finding, listed in findings:
            if listed and self._is_back(finding):
                self.back[finding.what] += 1
            elif listed and self.is_accepted(finding):
                self.accepted[finding.what] += 1

    def is_accepted(self, finding: FileFinding) -> bool:
        """Return whether a person has accepted the file as it is."""
        known = self._before.get(episodes.key(finding))
        return known is not None and episodes.is_accepted(known, finding.now)

    def rest_of(self, found: Mapping[str, int]) -> dict[str, int]:
        """Return how many are left of each class."""
        rest = Counter(found)
        rest.subtract(self.back)
        rest.subtract(self.accepted)
        return dict(+rest)

    def _is_back(self, finding: FileFinding) -> bool:
        known = self._before.get(episodes.key(finding))
        return (
            known is not None
            and known.what in episodes.NEEDS_PROOF
            and finding.what in _CALLED
            and has_good_bytes(known, finding.now)
        )


def has_good_bytes(finding: FileFinding, now: Content | None) -> bool:
    """Return whether a file is what it was before it was wrong."""
    was = finding.was
    if was is None or now is None or now.proof == rows.STORED:
        return False
    if was.sha256 is None:
        return (was.kind, was.detail, was.size) == (now.kind, now.detail, now.size)
    return same_bytes(was, now) is True
