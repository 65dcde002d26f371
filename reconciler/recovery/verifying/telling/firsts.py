"""As many findings as are kept, and told one by one: there may be millions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Self

from reconciler.recovery.findings import episodes as over_time
from reconciler.recovery.findings.episodes import Key, key
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.spool import Spooled

#: So many findings of one class and storage are told one by one; a table has all of them.
MOST_TOLD = 1_000


class First:
    """The first findings of each class: as many as are kept, of which the first are told."""

    def __init__(self) -> None:
        self.listed: dict[str, list[FileFinding]] = {}
        self.counted: list[FileFinding] = []
        #: How many of those that need proof there was no room for.
        self.no_room = 0

    def take(self, spooled: Spooled) -> None:
        """Take a finding, if there is room for it."""
        finding, listed = spooled
        among = self.listed.setdefault(finding.what, []) if listed else self.counted
        if len(among) < (over_time.MOST_OPEN if listed else MOST_TOLD):
            among.append(finding)
        elif finding.what in over_time.NEEDS_PROOF:
            self.no_room += listed

    @classmethod
    def of(cls, findings: Iterable[Spooled]) -> Self:
        """Take all findings, as far as there is room."""
        first = cls()
        for spooled in findings:
            first.take(spooled)
        return first

    def told(self, wanted: Callable[[FileFinding], bool]) -> Iterator[FileFinding]:
        """Yield those that are told of the ones that are `wanted`, the worst class first."""
        for what in over_time.SEVERITY:
            yield from islice(filter(wanted, self.listed.get(what, ())), MOST_TOLD)

    @property
    def by_key(self) -> dict[Key, FileFinding]:
        """What is kept."""
        return {key(finding): finding for some in self.listed.values() for finding in some}
